import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import { Replications } from '../../libs/pg-registry/src/node/replications';
import { RunningScopes } from '../../libs/pg-registry/src/node/running-scopes';
import { Processes, type LocalProcess } from '../../libs/pg-registry/src/lifetime';
import { type Effect, protocolOptions, type ProtocolOptions } from '../../libs/pg-registry/src/cluster';
import type { PeerProtocol } from '../../libs/pg-registry/src/protocol';
import type { Replication, Scope, ScopeHost } from '../../libs/pg-registry/src/scope';
import type { Diff, Table } from '../../libs/pg-registry/src/table';
import { PidInterner, type ValueLimits } from '../../libs/pg-registry/src/term';
import type { EventQueue } from '../support/virtual-network/event-queue';
import type { Server } from '../support/virtual-network/link';
import type { VirtualBroker } from '../support/virtual-network/virtual-broker';
import type { VirtualClient } from '../support/virtual-network/virtual-client';
import { VirtualProcess } from '../support/virtual-network/virtual-process';
import type { SeededRandom } from '../support/seeded-random';
import type { EventLoop } from '../support/virtual-network/event-loop';

/** Scopes that may run on a node, with their kind of keys. */
export const SCOPES = { s: 'duplicate', u: 'unique' } as const;
export type ScopeName = keyof typeof SCOPES;
export const SCOPE_NAMES = Object.keys(SCOPES) as ScopeName[];

/** All nodes are of one namespace. */
export const NAMESPACE = 'sim';

/** Small enough for the smallest operations of any config. */
const LIMITS: ValueLimits = { maxKeyBytes: 512, maxValueBytes: 4096, maxDepth: 32 };

/** How long one turn of an event loop takes, in milliseconds. */
const TURN_MS = 0.2;

/** Processes of a node beside its root. */
export const PROCESSES = 3;

/** What a node is started with. */
export interface NodeConfig {
  readonly name: string;
  readonly incarnation: string;
  /** What its clock says at virtual time 0. */
  readonly wallMs: number;
  readonly options: Partial<ProtocolOptions>;
  readonly maxPayload: number;
  /** It has been taken over: nothing that it says of itself need be true. */
  readonly isHostile: boolean;
}

/** Who watches a node: the invariants. */
export interface NodeObserver {
  /** The node has written an operation in one of its scopes. */
  onWrite(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void;
  /** The node is told something. Rows of a diff have changed already. */
  onEffect(node: SimulatedNode, effect: NodeEffect): void;
  /** The node takes a message in; `take` does it. */
  onMessage(node: SimulatedNode, subject: string, bytes: Uint8Array, receive: () => void): void;
  /** A turn of its event loop is over. */
  onTurnEnd(node: SimulatedNode): void;
}

/**
 * One process with one node in it: everything of production that decides anything — protocol, driver, scopes with tables
 * and feeds, processes — on a virtual clock and a virtual network.
 */
export class SimulatedNode {
  readonly name: string;
  readonly incarnation: string;
  readonly loop: EventLoop;
  readonly client: VirtualClient;
  readonly protocol: PeerProtocol;
  readonly scopes: RunningScopes;
  readonly processes: Processes;
  readonly options: ProtocolOptions;
  /** Its operating system process is there, running or standing still. */
  running = true;
  /** It said goodbye. */
  left = false;
  /** When its process ended; Infinity while it has not. */
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

    const { name, incarnation, wallMs, options, maxPayload } = config;
    this.name = name;
    this.incarnation = incarnation;
    this.options = protocolOptions(options);
    const identity = { node: name, incarnation };
    const pids = this.#pids;
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
      onEffect: (effect) => this.#onEffect(effect),
      onMessage: (subject, bytes, receive) => observer.onMessage(this, subject, bytes, receive),
      onTurnEnd: () => observer.onTurnEnd(this),
      onSettled: () => undefined,
    });
    this.loop = this.#process.loop;
    this.client = this.#process.client;
    this.protocol = this.#process.protocol;
    this.processes = new Processes({ ...identity, pids });
    this.scopes = this.#createScopes();
    this.#run(this.protocol.start(this.loop.now()));
  }

  /** Whether it takes part: running, not gone and not superseded. */
  get takesPart(): boolean {
    const { state } = this.protocol;
    return this.running && (state === 'ready' || state === 'draining');
  }

  get isHostile(): boolean {
    return this.config.isHostile;
  }

  get isFenced(): boolean {
    return this.protocol.state === 'fenced';
  }

  /** Whether its code may run now. */
  get isAwake(): boolean {
    return this.running && !this.loop.isPaused;
  }

  tableOf(scope: ScopeName): Table | undefined {
    return this.scopes.running(scope)?.table;
  }

  /** A process of the node; one that has exited is replaced by a new one. */
  process(index: number): LocalProcess {
    const known = this.#spawned[index];
    if (known?.alive) return known;
    return (this.#spawned[index] = this.processes.spawn());
  }

  connect(server: Server, lag: number): void {
    this.#process.connect(server, lag);
  }

  /** The client notices that its connection is gone. */
  disconnect(): void {
    this.#process.disconnect();
  }

  /** The process ends, whatever it was doing. */
  end(): void {
    this.running = false;
    this.endedAt = this.loop.now();
    this.loop.end();
  }

  drain(): void {
    this.#run(this.protocol.drain(this.loop.now()));
  }

  /** Ends in good order: every entry leaves, then the node. */
  leave(): void {
    this.scopes.leaveAll();
    this.left = true;
    this.#run(this.protocol.goodbye(this.loop.now()));
  }

  /** @returns The number under which the `replicated` effect will come. */
  replicated(scope: ScopeName, timeoutMs: number, announce: (id: number) => void): void {
    const { id, effects } = this.protocol.replicated(scope, timeoutMs, this.loop.now());
    announce(id);
    this.#run(effects);
  }

  #run(effects: readonly Effect[]): void {
    this.#process.run(effects);
  }

  #onEffect(effect: NodeEffect): void {
    this.#observer.onEffect(this, effect);
    if (effect.type === 'diff') this.scopes.deliver(effect.scope, effect.diff, effect.cause);
    else if (effect.type === 'fenced') this.scopes.stopAll();
  }

  #createScopes(): RunningScopes {
    let lastNumber = 0;
    const host: ScopeHost = {
      processes: this.processes,
      pids: this.#pids,
      limits: LIMITS,
      numbers: { next: () => (lastNumber += 1) },
      logger: { error: (_scope, _kind, message, error) => raise(message, error) },
      resolveListener: () => undefined,
      send: () => undefined,
    };
    const { protocol, loop } = this;
    const streams = {
      start: ({ name, options: { keys }, table }: Scope) =>
        this.#run(protocol.startScope({ scope: name, keys, table }, loop.now())),
      stop: (name: string) => this.#run(protocol.stopScope(name, loop.now())),
    };
    const replications = new ObservedReplications(this, this.#observer, (effects) => this.#run(effects));
    return new RunningScopes(host, streams, replications);
  }
}

/** Shows every own operation to the observer, before any observer hears of it. */
class ObservedReplications extends Replications {
  readonly #node: SimulatedNode;
  readonly #observer: NodeObserver;

  constructor(node: SimulatedNode, observer: NodeObserver, run: (effects: readonly Effect[]) => void) {
    super(node.protocol, node.loop, run);
    this.#node = node;
    this.#observer = observer;
  }

  override of(scope: string): Replication {
    const replication = super.of(scope);
    const node = this.#node;
    const observer = this.#observer;
    return {
      get last() {
        return replication.last;
      },
      fits: (pids) => replication.fits(pids),
      write(diff) {
        observer.onWrite(node, scope as ScopeName, diff, replication.last + 1);
        replication.write(diff);
      },
      replicated: (options) => replication.replicated(options),
    };
  }
}

function raise(message: string, error?: unknown): void {
  throw error instanceof Error ? error : new Error(message);
}
