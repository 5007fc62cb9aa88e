import { ProtocolDriver, type NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import { Replications } from '../../libs/pg-registry/src/node/replications';
import { RunningScopes } from '../../libs/pg-registry/src/node/running-scopes';
import { Processes, type LocalProcess } from '../../libs/pg-registry/src/lifetime';
import { type Effect, protocolOptions, type ProtocolOptions } from '../../libs/pg-registry/src/cluster';
import { PeerProtocol } from '../../libs/pg-registry/src/protocol';
import type { Replication, Scope, ScopeHost } from '../../libs/pg-registry/src/scope';
import type { Diff, Table } from '../../libs/pg-registry/src/table';
import { PidInterner, type ValueLimits } from '../../libs/pg-registry/src/term';
import type { Agenda } from './agenda';
import type { Broker, Server } from './broker';
import { Client } from './client';
import type { Dice } from './dice';
import { Turn } from './turn';

/** Scopes that may run on a node, with their kind of keys. */
export const SCOPES = { s: 'duplicate', u: 'unique' } as const;
export type ScopeName = keyof typeof SCOPES;
export const SCOPE_NAMES = Object.keys(SCOPES) as ScopeName[];

/** All nodes are of one namespace. */
export const NAMESPACE = 'sim';

/** Small enough for the smallest operations of any setting. */
const LIMITS: ValueLimits = { maxKeyBytes: 512, maxValueBytes: 4096, maxDepth: 32 };

/** Processes of a node beside its root. */
export const PROCESSES = 3;

/** What a node is started with. */
export interface Birth {
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
export interface Witness {
  /** The node has written an operation in one of its scopes. */
  wrote(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void;
  /** The node is told something. Rows of a diff have changed already. */
  told(node: SimulatedNode, effect: NodeEffect): void;
  /** The node takes a message in; `take` does it. */
  hearing(node: SimulatedNode, subject: string, bytes: Uint8Array, take: () => void): void;
  /** A turn of its event loop is over. */
  settled(node: SimulatedNode): void;
}

/**
 * One process with one node in it: everything of production that decides anything — protocol, driver, scopes with tables
 * and feeds, processes — on a virtual clock and a virtual network.
 */
export class SimulatedNode {
  readonly name: string;
  readonly incarnation: string;
  readonly turn: Turn;
  readonly client: Client;
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
  readonly #driver: ProtocolDriver;
  readonly #pids = new PidInterner();
  readonly #spawned: (LocalProcess | undefined)[] = [];

  readonly #witness: Witness;

  constructor(
    readonly birth: Birth,
    agenda: Agenda,
    broker: Broker,
    dice: Dice,
    witness: Witness,
  ) {
    this.#witness = witness;

    const { name, incarnation, wallMs, options, maxPayload } = birth;
    this.name = name;
    this.incarnation = incarnation;
    this.turn = new Turn(agenda, wallMs, () => witness.settled(this));
    const identity = { node: name, incarnation };
    const pids = this.#pids;
    this.protocol = new PeerProtocol({
      ...identity,
      epoch: this.turn.wall(),
      namespace: NAMESPACE,
      pids,
      limits: LIMITS,
      random: dice.roll,
      options,
    });
    this.options = protocolOptions(options);
    const hearing = (subject: string, bytes: Uint8Array, take: () => void): void =>
      witness.hearing(this, subject, bytes, take);
    this.client = new Client(broker, this.turn, this.protocol.subjects.replies(), maxPayload, hearing);
    this.#driver = new ProtocolDriver(
      this.protocol,
      this.turn,
      (effect) => this.#told(effect),
      () => undefined,
    );
    this.#driver.attach(this.client);
    this.processes = new Processes({ ...identity, pids });
    this.scopes = this.#assembleScopes();
    this.#run(this.protocol.start(this.turn.now()));
  }

  /** Whether it takes part: running, not gone and not superseded. */
  get takesPart(): boolean {
    const { state } = this.protocol;
    return this.running && (state === 'ready' || state === 'draining');
  }

  get isHostile(): boolean {
    return this.birth.isHostile;
  }

  get isFenced(): boolean {
    return this.protocol.state === 'fenced';
  }

  /** Whether its code may run now. */
  get isAwake(): boolean {
    return this.running && !this.turn.standsStill;
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
    this.client.attach(server, lag);
    this.turn.message(() =>
      this.#run(this.protocol.connected(this.client.serverId, this.turn.now(), this.client.maxPayload)),
    );
  }

  /** The client notices that its connection is gone. */
  disconnect(): void {
    this.client.detach();
    this.turn.message(() => this.#run(this.protocol.disconnected(this.turn.now())));
  }

  /** The process ends, whatever it was doing. */
  end(): void {
    this.running = false;
    this.endedAt = this.turn.now();
    this.turn.end();
  }

  drain(): void {
    this.#run(this.protocol.drain(this.turn.now()));
  }

  /** Ends in good order: every entry leaves, then the node. */
  leave(): void {
    this.scopes.leaveAll();
    this.left = true;
    this.#run(this.protocol.goodbye(this.turn.now()));
  }

  /** @returns The number under which the `replicated` effect will come. */
  replicated(scope: ScopeName, timeoutMs: number, announce: (id: number) => void): void {
    const { id, effects } = this.protocol.replicated(scope, timeoutMs, this.turn.now());
    announce(id);
    this.#run(effects);
  }

  #run(effects: readonly Effect[]): void {
    this.#driver.run(effects);
  }

  #told(effect: NodeEffect): void {
    this.#witness.told(this, effect);
    if (effect.type === 'diff') this.scopes.deliver(effect.scope, effect.diff, effect.cause);
    else if (effect.type === 'fenced') this.scopes.stopAll();
  }

  #assembleScopes(): RunningScopes {
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
    const { protocol, turn } = this;
    const streams = {
      start: ({ name, options: { keys }, table }: Scope) =>
        this.#run(protocol.startScope({ scope: name, keys, table }, turn.now())),
      stop: (name: string) => this.#run(protocol.stopScope(name, turn.now())),
    };
    const replications = new WitnessedReplications(this, this.#witness, (effects) => this.#run(effects));
    return new RunningScopes(host, streams, replications);
  }
}

/** Shows every own operation to the witness, before any observer hears of it. */
class WitnessedReplications extends Replications {
  readonly #node: SimulatedNode;
  readonly #witness: Witness;

  constructor(node: SimulatedNode, witness: Witness, run: (effects: readonly Effect[]) => void) {
    super(node.protocol, node.turn, run);
    this.#node = node;
    this.#witness = witness;
  }

  override of(scope: string): Replication {
    const replication = super.of(scope);
    const node = this.#node;
    const witness = this.#witness;
    return {
      get last() {
        return replication.last;
      },
      fits: (pids) => replication.fits(pids),
      write(diff) {
        witness.wrote(node, scope as ScopeName, diff, replication.last + 1);
        replication.write(diff);
      },
      replicated: (options) => replication.replicated(options),
    };
  }
}

function raise(message: string, error?: unknown): void {
  throw error instanceof Error ? error : new Error(message);
}
