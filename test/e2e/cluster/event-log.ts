import { inspect } from 'node:util';
import type { Cause, Entry, Key, PeerEvent, PgRegistryNode, Pid } from 'nestjs-pg-registry';

/** One event of a scope, in a form that travels between processes. `at` is the wall clock: one machine has one. */
export interface RecordedEvent {
  readonly scope: string;
  readonly type: 'join' | 'leave' | 'update';
  readonly key: Key;
  readonly cause: Cause;
  /** The names of the nodes whose entries these are. */
  readonly nodes: readonly string[];
  readonly values: readonly unknown[];
  /** What an update replaced. */
  readonly old?: readonly unknown[];
  readonly at: number;
}

/** One event of a peer. */
export type RecordedPeerEvent = PeerEvent & { readonly at: number };

/** Every entry that a node sees, as text that is the same on all nodes; `own` are its own. */
export interface View {
  readonly all: readonly string[];
  readonly own: readonly string[];
}

/** Records every event of a node since its start, and checks that the events add up to what its reads return. */
export class EventLog {
  readonly events: RecordedEvent[] = [];
  readonly peerEvents: RecordedPeerEvent[] = [];
  /** By scope: the snapshot with all events applied, by entry id. */
  readonly #folds = new Map<string, Map<string, Pick<Entry, 'key' | 'pid' | 'value'>>>();

  readonly #node: PgRegistryNode;

  constructor(node: PgRegistryNode, scopes: readonly string[]) {
    this.#node = node;

    node.peerEvents$.subscribe((event) => this.peerEvents.push({ ...event, at: Date.now() }));
    for (const scope of scopes) this.#follow(scope);
  }

  /**
   * The node's view of a scope, sorted.
   *
   * @throws Error if the snapshot with all events applied differs from what the reads return.
   */
  view(scope = 'pg'): View {
    const registry = this.#node.scope(scope);
    const entries = registry.groups().flatMap((key) => registry.lookup(key));
    const all = entries.map(textOf).toSorted();
    const folded = [...this.#folds.get(scope)!].map(([id, entry]) => textOf({ id, ...entry })).toSorted();
    if (all.length !== folded.length || all.some((text, i) => text !== folded[i])) {
      throw new Error(`Node ${this.#node.name} reads ${inspect(all)} and was told ${inspect(folded)}.`);
    }
    const own = entries.filter(({ pid }) => pid.incarnation === this.#node.incarnation);
    return { all, own: own.map(textOf).toSorted() };
  }

  #follow(scope: string): void {
    const fold = new Map<string, Pick<Entry, 'key' | 'pid' | 'value'>>();
    this.#folds.set(scope, fold);
    this.#node
      .scope(scope)
      .monitorScope()
      .subscribe((event) => {
        if (event.type === 'snapshot') {
          for (const [key, entries] of event.groups)
            for (const { id, pid, value } of entries) fold.set(id, { key, pid, value });
          return;
        }
        const { type, key, cause } = event;
        for (const { id, pid, value } of event.entries) {
          if (type === 'leave') fold.delete(id);
          else fold.set(id, { key, pid, value });
        }
        const nodes = event.entries.map(({ pid }: { pid: Pid }) => pid.node);
        const values = event.entries.map(({ value }: { value: unknown }) => value);
        const recorded = { scope, type, key, cause, nodes, values, at: Date.now() };
        this.events.push(
          event.type === 'update' ? { ...recorded, old: event.entries.map(({ old }) => old) } : recorded,
        );
      });
  }
}

function textOf({ id, key, pid, value }: Entry): string {
  return `${inspect(key, { depth: null })} ${id} ${String(pid)} ${inspect(value, { depth: null, breakLength: Infinity })}`;
}
