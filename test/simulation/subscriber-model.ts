import type { ScopeEvent } from '../../libs/pg-registry/src/scope';
import { KeyMap, formatKey, sameValue, type Key, type Value } from '../../libs/pg-registry/src/term';
import { Violation } from './invariants';
import type { ScopeName, SimulatedNode } from './simulated-node';

/** One subscriber of a whole scope. It applies the events to the snapshot, so it knows what reads must return. */
export class SubscriberModel {
  readonly #entries = new KeyMap<Map<string, Value>>();
  #touched = new KeyMap<true>();
  #wasTold = false;
  /** The first event that did not fit. `check` throws it, because the library catches errors thrown by a subscriber. */
  #fault: string | undefined;
  readonly #unsubscribe: () => void;

  readonly #node: SimulatedNode;
  readonly #scope: ScopeName;

  constructor(node: SimulatedNode, scope: ScopeName) {
    this.#node = node;
    this.#scope = scope;

    const subscription = node.scopes
      .service(scope)
      .monitorScope()
      .subscribe((event: ScopeEvent) => this.#take(event));
    this.#unsubscribe = () => subscription.unsubscribe();
  }

  /** Compares the keys that events touched since the last check with the table. @throws Violation */
  check(): void {
    if (this.#fault !== undefined) this.#fail(this.#fault);
    const table = this.#node.tableOf(this.#scope);
    if (this.#touched.size === 0 || table === undefined || this.#node.isDelivering(this.#scope)) return;
    for (const key of this.#touched.keys()) {
      const entries = table.lookup(key);
      const known = this.#entries.get(key);
      if (entries.length !== (known?.size ?? 0) || !entries.every((entry) => isKnown(known!, entry)))
        this.#fail(`lookup(${formatKey(key)}) differs from the events`);
    }
    this.#touched = new KeyMap();
  }

  /** Compares every key with the table. @throws Violation */
  checkAll(): void {
    const table = this.#node.tableOf(this.#scope);
    if (table === undefined) return;
    for (const key of table.groups()) this.#touched.set(key, true);
    for (const key of this.#entries.keys()) this.#touched.set(key, true);
    this.check();
  }

  end(): void {
    this.#unsubscribe();
  }

  #take(event: ScopeEvent): void {
    if (event.type === 'snapshot') {
      if (this.#wasTold) this.#fault ??= 'a second snapshot';
      this.#wasTold = true;
      for (const [key, entries] of event.groups) {
        this.#entries.set(key, new Map(entries.map(({ id, value }) => [id, value as Value])));
        this.#touched.set(key, true);
      }
      return;
    }
    this.#touched.set(event.key, true);
    const entries = this.#of(event.key);
    if (event.type === 'update') {
      for (const { id, old, value } of event.entries) {
        if (!entries.has(id)) this.#fault ??= `an update of ${id}, which was not there`;
        else if (!sameValue(entries.get(id), old as Value))
          this.#fault ??= `an update of ${id} from a value it had not`;
        entries.set(id, value as Value);
      }
      return;
    }
    for (const { id, value } of event.entries) {
      const isThere = entries.has(id);
      if (event.type === 'join') {
        if (isThere) this.#fault ??= `a join of ${id}, which was there`;
        entries.set(id, value as Value);
      } else {
        if (!isThere) this.#fault ??= `a leave of ${id}, which was not there`;
        entries.delete(id);
      }
    }
  }

  #of(key: Key): Map<string, Value> {
    let entries = this.#entries.get(key);
    if (entries === undefined) this.#entries.set(key, (entries = new Map()));
    return entries;
  }

  #fail(what: string): never {
    throw new Violation(4, `a subscriber of scope ${this.#scope} on ${this.#node.name}: ${what}.`);
  }
}

/** Tells whether an entry is known with its value. Most values are the same object: a key of thousands of entries is compared at each change. */
function isKnown(
  known: ReadonlyMap<string, Value>,
  { id, value }: { readonly id: string; readonly value: unknown },
): boolean {
  const expected = known.get(id);
  if (expected === value) return expected !== undefined || known.has(id);
  return known.has(id) && sameValue(expected, value as Value);
}
