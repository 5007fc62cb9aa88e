import type {
  ChangeFact,
  EntityFact,
  EntityPage,
  EntryFact,
  EntryPage,
  EventBatch,
  HandlerFact,
  KeyFact,
  NameFact,
  NodeFact,
  PeerFact,
  ProcessFact,
  ProcessPage,
  ScopeFact,
  StreamFact,
} from './facts';
import { isJson, isProperties, type Json } from './json-form';

/** What does not have the shape that it must have. */
export const MISFIT: unique symbol = Symbol('misfit');

/**
 * Returns JSON that another node sent in the shape of a fact, as a copy without anything else, or {@link MISFIT}. Costs the size of the JSON.
 */
export type Shape<T> = (json: unknown) => T | typeof MISFIT;

/** A text. */
export const text: Shape<string> = (json) => (typeof json === 'string' ? json : MISFIT);
/** A number. */
export const number: Shape<number> = (json) => (typeof json === 'number' ? json : MISFIT);
/** True or false. */
export const yesNo: Shape<boolean> = (json) => (typeof json === 'boolean' ? json : MISFIT);
/** Any JSON at all. */
export const anyJson: Shape<Json> = (json) => (isJson(json) ? json : MISFIT);

/** Returns the shape of what may be missing. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (json) => (json === undefined ? undefined : shape(json));
}

/** Returns the shape of one of these values. */
export function oneOf<const T extends readonly unknown[]>(...values: T): Shape<T[number]> {
  return (json) => {
    const at = values.findIndex((value) => value === json);
    return at === -1 ? MISFIT : values[at];
  };
}

/** Returns the shape of a list of these. @param most What is beyond so many is not read. */
export function list<T>(shape: Shape<T>, most = Infinity): Shape<readonly T[]> {
  return (json) => {
    if (!Array.isArray(json)) return MISFIT;
    const members: T[] = [];
    for (const member of json as readonly unknown[]) {
      if (members.length >= most) break;
      const fact = shape(member);
      if (fact === MISFIT) return MISFIT;
      members.push(fact);
    }
    return members;
  };
}

/** Returns the shape of an object that has all of these. */
export function object<T extends object>(shapes: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const all: readonly (readonly [string, Shape<unknown>])[] = Object.entries(shapes);
  return (json) => {
    if (!isProperties(json)) return MISFIT;
    const members: Record<string, unknown> = {};
    for (const [name, shape] of all) {
      const fact = shape(Object.hasOwn(json, name) ? json[name] : undefined);
      if (fact === MISFIT) return MISFIT;
      members[name] = fact;
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each member has its shape
    return members as T;
  };
}

/** An object whose names a peer chooses: it has no prototype, because a name may be `__proto__`. */
export function named<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (json) => {
    if (!isProperties(json)) return MISFIT;
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- it is empty
    const members: Record<string, T> = Object.create(null);
    for (const [name, member] of Object.entries(json)) {
      const fact = shape(member);
      if (fact === MISFIT) return MISFIT;
      members[name] = fact;
    }
    return members;
  };
}

const peer = object<PeerFact>({
  node: text,
  incarnation: text,
  state: oneOf('ready', 'draining'),
  suspect: oneOf(false, 'crash', 'silence', 'disconnected'),
});
const stream = object<StreamFact>({
  node: text,
  incarnation: text,
  phase: oneOf('queued', 'walking', 'live', 'overfull'),
  applied: number,
  heard: number,
});
/** The shape of an entry. */
export const entry: Shape<EntryFact> = object<EntryFact>({
  id: text,
  key: anyJson,
  keyText: text,
  pid: text,
  node: text,
  value: anyJson,
  revision: number,
});
/** The shapes of what a change has. */
export const changeParts = {
  number,
  at: number,
  type: text,
  scope: text,
  key: optional(anyJson),
  keyText: text,
  pid: text,
  node: text,
  entries: number,
  revision: number,
  cause: text,
};
const change = object<ChangeFact>(changeParts);
const versions: Shape<readonly [number, number]> = (json) => {
  const pair = list(number)(json);
  return pair === MISFIT || pair.length !== 2 ? MISFIT : [pair[0], pair[1]];
};

/** The shape of a scope as one node has it. */
export const scopeFact: Shape<ScopeFact> = object<ScopeFact>({
  scope: text,
  keys: oneOf('duplicate', 'unique'),
  entries: number,
  local: number,
  last: number,
  followers: number,
  syncedAt: optional(number),
  streams: list(stream),
});

/** A node says so many entries of a key. More are not read: one node could claim thousands, and each is compared with what every other one has. */
export const MOST_ENTRIES_OF_KEY = 100;

/** The shapes of what a node says about a key. */
export const keyParts = {
  runs: yesNo,
  entries: list(entry, MOST_ENTRIES_OF_KEY),
  count: number,
  last: number,
  streams: list(stream),
  peers: list(peer),
  changes: list(change),
  journal: number,
};

/** The shape of what a node answers to each question. */
export const SHAPES = {
  node: object<NodeFact>({
    node: text,
    incarnation: text,
    state: text,
    version: text,
    nodeVersion: text,
    protocol: versions,
    server: text,
    connected: yesNo,
    problem: text,
    crashDetection: text,
    startedAt: number,
    clock: number,
    cpu: number,
    loop: optional(number),
    heapBytes: number,
    rssBytes: number,
    processes: number,
    entities: number,
    names: number,
    inFlight: number,
    watches: list(text),
    peers: list(peer),
    scopes: number,
  }),
  scopes: list(scopeFact),
  entries: object<EntryPage>({ node: text, entries: list(entry), cursor: optional(text), looked: number }),
  key: object<KeyFact>(keyParts),
  processes: object<ProcessPage>({
    node: text,
    cursor: optional(text),
    processes: list(
      object<ProcessFact>({
        pid: text,
        node: text,
        label: text,
        waiting: number,
        running: number,
        handled: number,
        serial: yesNo,
        longestMs: optional(number),
      }),
    ),
  }),
  handlers: list(
    object<HandlerFact>({
      node: text,
      handler: text,
      runs: number,
      rate: number,
      p50Ms: number,
      p99Ms: number,
      errors: named(number),
    }),
  ),
  names: list(
    object<NameFact>({
      key: anyJson,
      keyText: text,
      pid: text,
      node: text,
      token: number,
      value: anyJson,
      expiresInMs: optional(number),
    }),
  ),
  entities: object<EntityPage>({
    node: text,
    types: named(number),
    cursor: optional(text),
    entities: list(
      object<EntityFact>({
        type: text,
        key: anyJson,
        keyText: text,
        pid: text,
        node: text,
        state: oneOf('starting', 'living', 'closing'),
        messages: number,
        idleMs: number,
      }),
    ),
  }),
  changes: list(change),
  events: object<EventBatch>({ node: text, events: list(change), skipped: number }),
};
