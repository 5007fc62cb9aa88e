import type { Json } from './json-form';

/** Where the entries of a peer's stream are: waiting for a sync, in it, in sync, or too many to be shown. */
export type StreamPhase = 'queued' | 'walking' | 'live' | 'overfull';

/** What a node thinks of another one. */
export interface PeerFact {
  /** Its name. */
  readonly node: string;
  /** Which life of it. */
  readonly incarnation: string;
  /** Whether it has said that it is about to leave. */
  readonly state: 'ready' | 'draining';
  /** Why it is suspected of being gone, or false. */
  readonly suspect: 'crash' | 'silence' | 'disconnected' | false;
}

/** What a node says about itself. */
export interface NodeFact {
  /** Its name. */
  readonly node: string;
  /** Which life of it: 16 hexadecimal digits. */
  readonly incarnation: string;
  /** Where it is in its life: `ready`, `draining` and so on. */
  readonly state: string;
  /** The version of the application: option `observer: { version }`, else the environment's `npm_package_version`. */
  readonly version: string;
  /** The version of Node.js. */
  readonly nodeVersion: string;
  /** The oldest and the newest version of the protocol that it speaks. */
  readonly protocol: readonly [number, number];
  /** The broker's server that it is attached to, for people. */
  readonly server: string;
  /** Whether it is connected. It can answer only if it was a moment ago. */
  readonly connected: boolean;
  /** What is wrong with its connection or its cluster names, as part of a sentence; empty if nothing is known to be. */
  readonly problem: string;
  /** Whether it sees crashes at once, or only as silence: `no-responders`, `silence`, `unknown`. */
  readonly crashDetection: string;
  /** When it started, in milliseconds since 1970 by its own clock. */
  readonly startedAt: number;
  /** Its clock, in milliseconds since 1970, when it answered. */
  readonly clock: number;
  /** Processor time that its Node.js process has used since it was asked last, as part of one core. */
  readonly cpu: number;
  /**
   * How much of that time its event loop was not idle: near 1 it hardly ever waits, however little of a core it gets. Undefined from nodes
   * that do not say.
   */
  readonly loop: number | undefined;
  /** Bytes of the heap that are used. */
  readonly heapBytes: number;
  /** Bytes of memory that the Node.js process takes. */
  readonly rssBytes: number;
  /** Living processes, the root process included. */
  readonly processes: number;
  /** Entities that live there. */
  readonly entities: number;
  /** Cluster names that it holds. */
  readonly names: number;
  /** Messages that wait in its mailboxes or are being handled. */
  readonly inFlight: number;
  /** The nodes that it probes: the next ones on the ring, the nearest first. */
  readonly watches: readonly string[];
  /** The nodes that it knows, at most 1000. */
  readonly peers: readonly PeerFact[];
  /** Scopes that run there. */
  readonly scopes: number;
}

/** A node, as seen by whoever asks. */
export interface ObservedNode {
  /** Its name. */
  readonly node: string;
  /** Which life of it; empty if nobody knows. */
  readonly incarnation: string;
  /** What came of asking it: it answered, there is no such node, it did not answer in time, it is asked too much, or its answer is wrong. */
  readonly answer: 'ok' | 'nobody' | 'silent' | 'busy' | 'malformed';
  /** How long its answer took, in milliseconds; undefined without one. */
  readonly roundTripMs: number | undefined;
  /** By how much its clock is ahead of the asker's, in milliseconds; undefined without an answer. Exact to half a round trip. */
  readonly clockSkewMs: number | undefined;
  /** The nodes that suspect it, by name. */
  readonly suspectedBy: readonly string[];
  /** The nodes that answered and do not know it, by name. */
  readonly unknownTo: readonly string[];
  /** What it says about itself; undefined without an answer. */
  readonly fact: NodeFact | undefined;
}

/** How far the stream of one owner has come at a node. */
export interface StreamFact {
  /** The owner's name. */
  readonly node: string;
  /** Which life of it. */
  readonly incarnation: string;
  /** Where the stream is. */
  readonly phase: StreamPhase;
  /** The owner's last operation that the node has applied. */
  readonly applied: number;
  /** The owner's last operation that the node has heard of. */
  readonly heard: number;
}

/** A scope as one node has it. */
export interface ScopeFact {
  /** Its name. */
  readonly scope: string;
  /** How many entries of one node a key may have. */
  readonly keys: 'duplicate' | 'unique';
  /** Entries of the whole cluster, as this node has them. */
  readonly entries: number;
  /** Those of this node's own processes. */
  readonly local: number;
  /** The number of the node's own last operation. */
  readonly last: number;
  /** Nodes that follow the node's own operations. */
  readonly followers: number;
  /** When a sync with a peer ended last, in milliseconds since 1970 by the node's clock; undefined: none has since the start. */
  readonly syncedAt: number | undefined;
  /** How far the streams of the other nodes have come. */
  readonly streams: readonly StreamFact[];
}

/** A scope, as all nodes have it. */
export interface ObservedScope {
  /** Its name. */
  readonly scope: string;
  /** How many entries of one node a key may have. `mixed`: nodes disagree. */
  readonly keys: 'duplicate' | 'unique' | 'mixed';
  /** The nodes that run it, by name. */
  readonly nodes: readonly string[];
  /** Entries that the nodes own, all together. */
  readonly entries: number;
  /** The most operations by which a node is behind an owner. */
  readonly lag: number;
  /** Streams that are not in sync. */
  readonly unsynced: number;
  /** What each node says, by its name. */
  readonly by: Readonly<Record<string, ScopeFact>>;
}

/** One entry. */
export interface EntryFact {
  /** Its id, in the whole cluster and for ever. */
  readonly id: string;
  /** Its key as JSON. */
  readonly key: Json;
  /** Its key as short text. */
  readonly keyText: string;
  /** The registered process: `node/incarnation/id`. */
  readonly pid: string;
  /** The node of the process. */
  readonly node: string;
  /** Its value as JSON; `{"$cut": "…"}` if that is long. */
  readonly value: Json;
  /** The number of the owner's last operation that touched it. */
  readonly revision: number;
}

/** Some entries of a scope, in the order of owners and of their registrations. */
export interface EntryPage {
  /** The node that was asked. */
  readonly node: string;
  /** The entries. */
  readonly entries: readonly EntryFact[];
  /** Where to go on: undefined at the end. There may be more although this page is empty. */
  readonly cursor: string | undefined;
  /** How many entries were looked at for this page. */
  readonly looked: number;
}

/** A change that a node has seen. */
export interface ChangeFact {
  /** Rises by one with each thing that the node has seen. */
  readonly number: number;
  /** When, in milliseconds since 1970 by the node's clock. */
  readonly at: number;
  /**
   * What happened: `join`, `leave`, `update`, or what happened to a peer: `peer-up`, `peer-suspect` and so on. `omitted` stands for changes of
   * which the node remembers only how many there were: it had seen more than 100,000 within a second.
   */
  readonly type: string;
  /** The scope; empty if it is about a peer. */
  readonly scope: string;
  /** The key as JSON; undefined if it is about a peer, or of any key. */
  readonly key: Json | undefined;
  /** The key as short text; empty without one. */
  readonly keyText: string;
  /** The process: `node/incarnation/id`; the first of them if several entries of the key changed at once. */
  readonly pid: string;
  /** The node of the process, or the peer. */
  readonly node: string;
  /** How many entries of the key changed at once; of `omitted`, how many changes there were. */
  readonly entries: number;
  /** The revision of the first of them. */
  readonly revision: number;
  /** Why: the cause of the change, or the reason why a peer is suspected or was removed. Of `omitted`, what was left out in words. */
  readonly cause: string;
}

/** What a node believes about one key. */
export interface KeyFact {
  /** Whether the scope runs there. Otherwise the rest is empty. */
  readonly runs: boolean;
  /** The entries, with their values. At most 100. */
  readonly entries: readonly EntryFact[];
  /** How many entries there are. */
  readonly count: number;
  /** The number of the node's own last operation in the scope. */
  readonly last: number;
  /** How far the streams of the other nodes have come. */
  readonly streams: readonly StreamFact[];
  /** What the node thinks of the others. */
  readonly peers: readonly PeerFact[];
  /** The last changes of the key that the node remembers, the latest first. At most 20. */
  readonly changes: readonly ChangeFact[];
  /** How many changes of any key the node remembers at most; 0: its journal is off. */
  readonly journal: number;
}

/** What one node believes about one key, and which node that is. */
export interface NodeKeyFact extends KeyFact {
  /** The node that was asked. */
  readonly node: string;
}

/** A process of a node. */
export interface ProcessFact {
  /** Its address: `node/incarnation/id`. */
  readonly pid: string;
  /** Its node. */
  readonly node: string;
  /** Its class or label; empty if it has none. */
  readonly label: string;
  /** Messages that wait for it. */
  readonly waiting: number;
  /** Messages that it is handling. */
  readonly running: number;
  /** Messages that it has begun to handle since it started. */
  readonly handled: number;
  /** Whether it handles one message at a time. */
  readonly serial: boolean;
  /** Its longest handler since somebody looks at the node's calls, in milliseconds; undefined: none has ended since. */
  readonly longestMs: number | undefined;
}

/** Some processes of a node. */
export interface ProcessPage {
  /** The node that was asked. */
  readonly node: string;
  /** The processes, by rising id. */
  readonly processes: readonly ProcessFact[];
  /** Where to go on; undefined at the end. */
  readonly cursor: string | undefined;
}

/** A handler of a node. It is measured as long as somebody looks, and for a minute after. */
export interface HandlerFact {
  /** Its node. */
  readonly node: string;
  /** The class or label of the process, and the handler's name: `Counter.add`. */
  readonly handler: string;
  /** Runs that have ended since the node measures. */
  readonly runs: number;
  /** Runs in a second, since the node measures. */
  readonly rate: number;
  /** Half of the runs took no longer, in milliseconds; exact to a fifth. */
  readonly p50Ms: number;
  /** All but one run in a hundred took no longer, in milliseconds; exact to a fifth. */
  readonly p99Ms: number;
  /** Runs that failed, by the code or name of their error. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A cluster name and its holder, as a node has heard. */
export interface NameFact {
  /** The name as JSON. */
  readonly key: Json;
  /** The name as short text. */
  readonly keyText: string;
  /** The process that holds it. */
  readonly pid: string;
  /** Its node. */
  readonly node: string;
  /** The fencing token of its claim. */
  readonly token: number;
  /** What the holder published, as JSON. */
  readonly value: Json;
  /** After this time without a renewal its session can be ended, in milliseconds; undefined: the store was not asked. */
  readonly expiresInMs: number | undefined;
}

/** An entity that lives on a node. */
export interface EntityFact {
  /** Its type. */
  readonly type: string;
  /** Its key as JSON. */
  readonly key: Json;
  /** Its key as short text. */
  readonly keyText: string;
  /** Its process. */
  readonly pid: string;
  /** Its node. */
  readonly node: string;
  /** Whether it starts, lives or ends. */
  readonly state: 'starting' | 'living' | 'closing';
  /** Messages that wait or are being handled. */
  readonly messages: number;
  /** For how long it has been seen idle, in milliseconds; exact to a quarter of its type's `idleMs`. */
  readonly idleMs: number;
}

/** Some entities of a node, and how many there are. */
export interface EntityPage {
  /** The node that was asked. */
  readonly node: string;
  /** How many entities of each type live there. */
  readonly types: Readonly<Record<string, number>>;
  /** The entities, by type and by rising process. */
  readonly entities: readonly EntityFact[];
  /** Where to go on; undefined at the end. */
  readonly cursor: string | undefined;
}

/** What happened at a node since it was asked last. */
export interface EventBatch {
  /** The node. */
  readonly node: string;
  /** What happened, in order. */
  readonly events: readonly ChangeFact[];
  /** How many further events there were that are not in the list. The list is a sample if this is not 0. */
  readonly skipped: number;
}
