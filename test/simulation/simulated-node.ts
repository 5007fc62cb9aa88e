import type { BacklogStats } from '../../libs/pg-registry/src/node/inbound-backlog';
import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import { ReplicationWaits } from '../../libs/pg-registry/src/node/replication-waits';
import { NodeScopes } from '../../libs/pg-registry/src/node/node-scopes';
import { replicateScope } from '../../libs/pg-registry/src/node/scope-replication';
import { Processes, type LocalProcess } from '../../libs/pg-registry/src/lifetime';
import {
  type DiffReceiver,
  type Effect,
  protocolOptions,
  type ProtocolOptions,
} from '../../libs/pg-registry/src/cluster';
import type { PeerProtocol } from '../../libs/pg-registry/src/protocol';
import type { ReplicationPort, Scope, ScopeDeps } from '../../libs/pg-registry/src/scope';
import type { Diff, Table } from '../../libs/pg-registry/src/table';
import {
  FIXED_SEED,
  type Pid,
  PidInterner,
  type Value,
  type ValueLimits,
} from '../../libs/pg-registry/src/term';
import type { VersionRange } from '../../libs/pg-registry/src/wire';
import { SimulatedCalls } from './simulated-calls';
import type { EventQueue } from '../support/virtual-network/event-queue';
import type { Server } from '../support/virtual-network/link';
import type { VirtualBroker } from '../support/virtual-network/virtual-broker';
import type { VirtualClient } from '../support/virtual-network/virtual-client';
import { VirtualProcess } from '../support/virtual-network/virtual-process';
import type { SeededRandom } from '../support/seeded-random';
import type { EventLoop } from '../support/virtual-network/event-loop';

/** Scopes that may run on a node, with their key mode. */
export const SCOPES = { s: 'duplicate', u: 'unique' } as const;
export type ScopeName = keyof typeof SCOPES;
export const SCOPE_NAMES = Object.keys(SCOPES) as ScopeName[];

/** All nodes are of one namespace. */
export const NAMESPACE = 'sim';

/** Small enough for the smallest `maxOpBytes` of any cluster. */
const LIMITS: ValueLimits = { maxKeyBytes: 512, maxValueBytes: 4096, maxDepth: 32 };

/** How long one turn of an event loop takes, in milliseconds. */
const TURN_MS = 0.2;

/** How many processes a node has, besides its root process. */
export const PROCESSES = 3;

/** How many more processes it has that do nothing: more than other nodes may watch. */
const IDLE_PROCESSES = 200;

/** What a node is started with. */
export interface NodeConfig {
  readonly name: string;
  readonly incarnation: string;
  /** What its clock shows at virtual time 0, in milliseconds since 1970. */
  readonly wallMs: number;
  readonly options: Partial<ProtocolOptions>;
  readonly maxPayload: number;
  /** How many entries of lost peers it removes in one turn. */
  readonly rowsPerTurn: number;
  /** How many deliveries of events it makes in one turn. */
  readonly deliveriesPerTurn: number;
  /** Whether it is hostile: nothing that it says of itself need be true. */
  readonly isHostile: boolean;
  /** Which versions of the protocol it speaks. */
  readonly versions: VersionRange;
}

/** Diffs that peers made in a scope, as its protocol emitted them. */
export type RemoteDiff = Extract<Effect, { type: 'diff' }>;

/** Is told everything that a node does, to check the invariants. */
export interface NodeObserver {
  /** The node wrote an operation in one of its scopes. */
  onWrite(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void;
  /** The protocol emitted an effect. Rows of a diff have changed already. */
  onEffect(node: SimulatedNode, effect: NodeEffect | RemoteDiff): void;
  /** A message arrived; `receive` hands it to the node. */
  onMessage(node: SimulatedNode, subject: string, bytes: Uint8Array, receive: () => void): void;
  /** The node published a message. */
  onPublish(node: SimulatedNode, subject: string, bytes: Uint8Array): void;
  /** A process that the node watches has ended, as its calls say. */
  onDown(node: SimulatedNode, pid: Pid, reason: Value): void;
  /** The node's calls warn. */
  onCallWarning(node: SimulatedNode, reason: string, message: string): void;
  /** A turn of the node's event loop ended. */
  onTurnEnd(node: SimulatedNode): void;
}

/**
 * One process with one node: the production protocol, driver, scopes (tables and feeds) and processes, on a virtual clock
 * and a virtual network.
 */
export class SimulatedNode {
  readonly name: string;
  readonly incarnation: string;
  readonly loop: EventLoop;
  readonly client: VirtualClient;
  readonly protocol: PeerProtocol;
  readonly scopes: NodeScopes;
  readonly processes: Processes;
  /** What its processes say to those of other nodes. */
  calls!: SimulatedCalls;
  readonly options: ProtocolOptions;
  /** Whether its operating system process exists, paused or not. */
  running = true;
  /** Whether it said goodbye. */
  left = false;
  /** When its process ended; Infinity while it runs. */
  endedAt = Infinity;
  readonly #process: VirtualProcess;
  readonly #pids = new PidInterner();
  readonly #spawned: (LocalProcess | undefined)[] = [];

  readonly #observer: NodeObserver;

  constructor(
    readonly config: NodeConfig,
    queue: EventQueue,
    broker: VirtualBroker,
    random: SeededRandom,
    observer: NodeObserver,
  ) {
    this.#observer = observer;

    const { name, incarnation, wallMs, options, maxPayload, rowsPerTurn } = config;
    this.name = name;
    this.incarnation = incarnation;
    this.options = protocolOptions(options);
    const identity = { node: name, incarnation };
    const pids = this.#pids;
    this.processes = new Processes({ ...identity, pids });
    this.#process = new VirtualProcess({
      ...identity,
      queue,
      broker,
      random: random.next,
      namespace: NAMESPACE,
      pids,
      limits: LIMITS,
      options,
      wallMs,
      turnMs: TURN_MS,
      maxPayload,
      rowsPerTurn,
      versions: config.versions,
      connectCalls: (process) => (this.calls = this.#createCalls(process, random)).port,
      onEffect: (effect) => this.#onEffect(effect),
      onMessage: (subject, bytes, receive) => observer.onMessage(this, subject, bytes, receive),
      onTurnEnd: () => observer.onTurnEnd(this),
      onSettled: () => undefined,
    });
    this.loop = this.#process.loop;
    this.client = this.#process.client;
    this.client.onPublish = (subject, bytes) => observer.onPublish(this, subject, bytes);
    this.protocol = this.#process.protocol;
    for (let index = 0; index < PROCESSES; index += 1) this.process(index);
    for (let count = 0; count < IDLE_PROCESSES; count += 1) this.processes.spawn();
    this.scopes = this.#createScopes();
    this.#run(this.protocol.start(this.loop.now()));
  }

  /** Whether it belongs to the cluster: running, not left and not fenced. */
  get isMember(): boolean {
    const { state } = this.protocol;
    return this.running && (state === 'ready' || state === 'draining');
  }

  /** The messages that wait for a later turn of its event loop, and how many it has dropped instead. */
  get backlog(): BacklogStats {
    return this.#process.backlog;
  }

  get isHostile(): boolean {
    return this.config.isHostile;
  }

  get isFenced(): boolean {
    return this.protocol.state === 'fenced';
  }

  /** Whether its code can run now. */
  get isAwake(): boolean {
    return this.running && !this.loop.isPaused;
  }

  tableOf(scope: ScopeName): Table | undefined {
    return this.scopes.running(scope)?.table;
  }

  /** Whether observers of a scope have still to be told of changes that reads show. */
  isDelivering(scope: ScopeName): boolean {
    return this.scopes.running(scope)?.feed.isDelivering === true;
  }

  /** Returns a process of the node; a process that has exited is replaced by a new one. */
  process(index: number): LocalProcess {
    const known = this.#spawned[index];
    if (known?.alive) return known;
    const spawned = (this.#spawned[index] = this.processes.spawn());
    this.calls.serve(spawned);
    return spawned;
  }

  /** Returns how this node names a process of another one. */
  pidOf({ node, incarnation, id }: Pid): Pid {
    return this.#pids.intern(node, incarnation, id);
  }

  connect(server: Server, lag: number): void {
    this.#process.connect(server, lag);
  }

  /** The client notices that its connection is gone. */
  disconnect(): void {
    this.#process.disconnect();
  }

  /** Ends the process, whatever it was doing. */
  end(): void {
    this.running = false;
    this.endedAt = this.loop.now();
    this.loop.end();
  }

  drain(): void {
    this.#run(this.protocol.drain(this.loop.now()));
  }

  /** Removes every entry, then says goodbye. */
  leave(): void {
    this.scopes.leaveAll();
    this.left = true;
    this.#run(this.protocol.goodbye(this.loop.now()));
  }

  /** Calls `replicated()`. @param announce Gets the id of the `replicated` effect that will end it */
  replicated(scope: ScopeName, timeoutMs: number, announce: (id: number) => void): void {
    const { id, effects } = this.protocol.stream(scope).replicated(timeoutMs, this.loop.now());
    announce(id);
    this.#run(effects);
  }

  #run(effects: readonly Effect[]): void {
    this.#process.run(effects);
  }

  #onEffect(effect: NodeEffect): void {
    this.#observer.onEffect(this, effect);
    if (effect.type === 'fenced') this.scopes.stopAll();
    if (effect.type !== 'peer') return;
    const { event } = effect;
    if (event.type === 'peer-up' || event.type === 'peer-recovered') this.calls.peerUp(event);
    if (event.type === 'peer-removed') this.calls.peerRemoved(event);
  }

  #createCalls(process: VirtualProcess, random: SeededRandom): SimulatedCalls {
    const observer = this.#observer;
    return new SimulatedCalls({
      node: this.name,
      incarnation: this.incarnation,
      process,
      processes: this.processes,
      pids: this.#pids,
      limits: LIMITS,
      options: this.options,
      random: random.next,
      onDown: (pid, reason) => observer.onDown(this, pid, reason),
      onWarning: (reason, message) => observer.onCallWarning(this, reason, message),
    });
  }

  #createScopes(): NodeScopes {
    const host: ScopeDeps = {
      processes: this.processes,
      pids: this.#pids,
      seed: FIXED_SEED,
      limits: LIMITS,
      numbers: { last: 0 },
      logger: { error: (_scope, _kind, message, error) => raise(message, error) },
      resolveListener: () => undefined,
      deliveriesPerTurn: this.config.deliveriesPerTurn,
      afterTurn: (run) => this.loop.afterTurn(run),
      runningScopes: () => [],
      send: () => undefined,
    };
    return new NodeScopes(host, (scope) => this.#replicate(scope), this.options.maxScopes);
  }

  /** Starts a scope's stream. The observer is told of every write and every diff of a peer before subscribers of the scope are. */
  #replicate(scope: Scope): ReplicationPort {
    const { loop, protocol } = this;
    const [observer, name] = [this.#observer, scope.name as ScopeName];
    const applyDiff: DiffReceiver['applyDiff'] = (diff, cause) => {
      observer.onEffect(this, { type: 'diff', scope: name, receiver: scope, diff, cause });
      scope.applyDiff(diff, cause);
    };
    const { table, options } = scope;
    const replication = replicateScope(
      { name, table, options, applyDiff },
      { protocol, clock: loop, driver: this.#process, waits: new ReplicationWaits(loop) },
    );
    return {
      operations: replication.operations,
      fits: (pids) => replication.fits(pids),
      write: (diff) => {
        observer.onWrite(this, name, diff, replication.operations.last + 1);
        replication.write(diff);
      },
      replicated: (given) => replication.replicated(given),
      stop: () => replication.stop(),
    };
  }
}

function raise(message: string, error?: unknown): void {
  throw error instanceof Error ? error : new Error(message);
}
