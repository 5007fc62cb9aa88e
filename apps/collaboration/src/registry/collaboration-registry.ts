import { Injectable } from '@nestjs/common';
import {
  $,
  _,
  type Entry,
  type Expression,
  InjectRegistry,
  type Key,
  type PgRegistryNode,
  PgRegistryService,
  type Pid,
  type ScopeOptions,
  type Spec,
  type Value,
} from 'nestjs-pg-registry';

/** The scope of the application's own registry. */
export const COLLABORATION = 'collaboration';

/**
 * The processes of one document and its parts, by the first part of their keys: a pid, or a list where there are several of one kind.
 * Absent kinds have no field.
 */
export interface DocumentGroup {
  readonly sessions?: readonly Pid[];
  readonly [kind: string]: Pid | readonly Pid[] | undefined;
}

/**
 * Who works on which document: a scope with unique keys `[kind, document]` and `['session', 'document:id', user]`. Mirrors
 * `Lightning.Collaboration.Registry`.
 */
@Injectable()
export class CollaborationRegistry {
  readonly #registry: PgRegistryService;

  constructor(@InjectRegistry(COLLABORATION) registry: PgRegistryService) {
    this.#registry = registry;
  }

  /** The options of the scope, for the module that runs it. Mirrors `child_spec/1`. */
  static scope(name: string = COLLABORATION): ScopeOptions {
    return { name, keys: 'unique' };
  }

  /** Starts the registry on a node, or finds it there. Two registries with different names never see each other. */
  static start(node: PgRegistryNode, name: string = COLLABORATION): CollaborationRegistry {
    return new CollaborationRegistry(node.ensureScope(CollaborationRegistry.scope(name)));
  }

  /**
   * Registers the running process, with the value null unless another is given.
   *
   * @returns Its pid.
   * @throws AlreadyRegisteredError with the holder, also if that is the running process itself.
   */
  register(key: Key, value: Value = null): Pid {
    return this.#registry.register(key, value).pid;
  }

  /** Returns the holder of a key on this node and its value: one pair or none. */
  lookup(key: Key): (readonly [pid: Pid, value: unknown])[] {
    return this.#registry.lookupLocal(key).map(({ pid, value }) => [pid, value]);
  }

  /** Returns the holder of a key on this node. */
  whereis(key: Key): Pid | undefined {
    return this.#registry.whereis(key);
  }

  /**
   * Returns `[kind, pid]` of everything that belongs to a document or to a part of it, `document:part`; of everything for `''`. Names are
   * compared as a whole: `workflow:1` does not select `workflow:12`.
   */
  select(document: string): (readonly [kind: string, pid: Pid])[] {
    return this.#registry.select(belongingTo(document)) as [string, Pid][];
  }

  /** Returns how many entries {@link select} finds; without a document, the number of entries of any shape. */
  count(document?: string): number {
    return document === undefined ? this.#registry.count() : this.select(document).length;
  }

  /** Returns the processes of a document by their kind, all of its sessions among them. */
  getGroup(document: string): DocumentGroup {
    const byKind = new Map<string, Pid[]>();
    for (const [kind, pid] of this.select(document)) byKind.set(kind, [...(byKind.get(kind) ?? []), pid]);
    const group: Record<string, Pid | readonly Pid[]> = {};
    for (const [kind, pids] of byKind) {
      if (kind === 'session') group['sessions'] = pids;
      else group[kind] = pids.length === 1 ? pids[0] : pids;
    }
    return group;
  }

  /** Returns the names of the documents that have a supervisor. */
  docSupervisorNames(): string[] {
    return this.#registry.select({ head: { key: ['doc_supervisor', $(1)] }, body: $(1) }) as string[];
  }

  /** Replaces the value of what a process of this node has registered. */
  update(pid: Pid, value: Value): void {
    for (const key of this.#registry.keys(pid)) this.#registry.updateValue(key, value, pid);
  }

  /** Returns every entry of a kind in the whole cluster. Costs its answer. */
  entriesOf(kind: string): readonly Entry[] {
    return this.#registry.selectPrefix([kind]);
  }
}

/** Keys of two or three parts whose second is the document or begins with it and a colon. Other keys fail the guard. */
function belongingTo(document: string): Spec {
  const [kind, name, pid] = [$(1), $(2), $(3)];
  const within: Expression =
    document === ''
      ? ['isString', name]
      : ['orelse', ['==', name, document], ['startsWith', name, `${document}:`]];
  const clause = { guards: [within], body: ['array', kind, pid] } as const;
  return [
    { head: { key: [kind, name], pid }, ...clause },
    { head: { key: [kind, name, _], pid }, ...clause },
  ];
}
