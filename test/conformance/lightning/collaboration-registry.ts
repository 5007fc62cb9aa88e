import {
  $,
  _,
  type Expression,
  type Key,
  type PgRegistryService,
  type Pid,
  type Spec,
} from 'nestjs-pg-registry';

/**
 * The processes of one document and its parts, by the first part of their keys: a pid, or a list where there are several of one kind.
 * Absent kinds have no field.
 */
export interface DocumentGroup {
  readonly sessions?: readonly Pid[];
  readonly [kind: string]: Pid | readonly Pid[] | undefined;
}

/**
 * Who works on which document: a unique scope whose keys are `[kind, document]` and `['session', document, user]`. Mirrors
 * `Lightning.Collaboration.Registry`.
 */
export class CollaborationRegistry {
  readonly #registry: PgRegistryService;

  constructor(registry: PgRegistryService) {
    this.#registry = registry;
  }

  /** Registers the running process. @throws AlreadyRegisteredError with the holder. */
  register(key: Key): Pid {
    return this.#registry.register(key).pid;
  }

  lookup(key: Key): (readonly [Pid, unknown])[] {
    return this.#registry.lookupLocal(key).map(({ pid, value }) => [pid, value]);
  }

  whereis(key: Key): Pid | undefined {
    return this.#registry.whereis(key);
  }

  /** `[kind, pid]` of everything that belongs to a document or to a part of it, `document:part`; of everything for `''`. */
  select(document: string): (readonly [kind: string, pid: Pid])[] {
    return this.#registry.select(belongingTo(document)) as [string, Pid][];
  }

  /** How many entries {@link select} finds; without a document, entries of any shape. */
  count(document?: string): number {
    return document === undefined ? this.#registry.count() : this.select(document).length;
  }

  /** The documents that have a supervisor. */
  documents(): string[] {
    return this.#registry.select({ head: { key: ['doc_supervisor', $(1)] }, body: $(1) }) as string[];
  }

  group(document: string): DocumentGroup {
    const byKind = new Map<string, Pid[]>();
    for (const [kind, pid] of this.select(document)) byKind.set(kind, [...(byKind.get(kind) ?? []), pid]);
    const group: Record<string, Pid | readonly Pid[]> = {};
    for (const [kind, pids] of byKind) {
      if (kind === 'session') group['sessions'] = pids;
      else group[kind] = pids.length === 1 ? pids[0] : pids;
    }
    return group;
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
