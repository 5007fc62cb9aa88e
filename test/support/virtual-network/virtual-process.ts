import type { ReceivedFrame } from '../../../libs/pg-registry/src/calls';
import type { Effect, ProtocolOptions } from '../../../libs/pg-registry/src/cluster';
import {
  type DrivenCalls,
  type NodeEffect,
  ProtocolDriver,
} from '../../../libs/pg-registry/src/node/protocol-driver';
import type { BacklogStats } from '../../../libs/pg-registry/src/node/inbound-backlog';
import { PeerProtocol } from '../../../libs/pg-registry/src/protocol';
import type { PidInterner, ValueLimits } from '../../../libs/pg-registry/src/term';
import type { VersionRange } from '../../../libs/pg-registry/src/wire';
import { EventLoop } from './event-loop';
import type { EventQueue } from './event-queue';
import type { Server } from './link';
import type { VirtualBroker } from './virtual-broker';
import { VirtualClient } from './virtual-client';

/** What a {@link VirtualProcess} needs. */
export interface ProcessDeps {
  readonly queue: EventQueue;
  readonly broker: VirtualBroker;
  /** A number in [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly node: string;
  readonly incarnation: string;
  readonly namespace: string;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly options?: Partial<ProtocolOptions>;
  readonly versions?: VersionRange;
  /** The epoch of the node. Default: what the machine's clock shows. */
  readonly epoch?: number;
  /** What the machine's clock shows at virtual time 0, in milliseconds since 1970. */
  readonly wallMs: number;
  /** How long one turn of the event loop takes, in milliseconds. */
  readonly turnMs: number;
  readonly maxPayload: number;
  /** Called with every frame for a process that came in. */
  readonly onDelivery?: (frame: ReceivedFrame) => void;
  /** Connects the calls of the node, which then get these frames instead. Called while the process is made. */
  readonly connectCalls?: (process: VirtualProcess) => DrivenCalls;
  /** Called with every effect that concerns more than the connection. */
  readonly onEffect: (effect: NodeEffect) => void;
  /** Called with every message that arrives; `receive` hands it to the protocol. */
  readonly onMessage: (subject: string, bytes: Uint8Array, receive: () => void) => void;
  /** Called after every callback of the event loop. */
  readonly onTurnEnd: () => void;
  /** How many entries of peers it removes in one turn at most. */
  readonly rowsPerTurn?: number | undefined;
  /** Called after every batch of effects. */
  readonly onSettled: () => void;
}

/** One operating system process with one node in it: event loop, client, and the production protocol with its driver. */
export class VirtualProcess {
  readonly loop: EventLoop;
  readonly client: VirtualClient;
  readonly protocol: PeerProtocol;
  readonly #driver: ProtocolDriver;

  constructor(deps: ProcessDeps) {
    const { queue, broker, random, node, incarnation, namespace, pids, limits, options, versions } = deps;
    const { wallMs, turnMs, maxPayload, onTurnEnd } = deps;
    this.loop = new EventLoop({ queue, wallMs, turnMs, onTurnEnd });
    this.protocol = new PeerProtocol({
      node,
      incarnation,
      epoch: deps.epoch ?? this.loop.wall(),
      namespace,
      pids,
      limits,
      random,
      ...(options && { options }),
      ...(versions && { versions }),
      rowsPerTurn: deps.rowsPerTurn,
    });
    const replies = this.protocol.subjects.replies();
    this.client = new VirtualClient({
      broker,
      loop: this.loop,
      replies,
      maxPayload,
      onMessage: deps.onMessage,
    });
    const fail = (error: unknown): never => {
      throw error;
    };
    const { onEffect, onSettled, onDelivery = () => undefined } = deps;
    this.#driver = new ProtocolDriver({
      protocol: this.protocol,
      clock: this.loop,
      waits: { open: { size: 1 }, check: onSettled },
      onDropped: () => undefined,
      onEffect,
      onError: fail,
    });
    const noCalls = { receive: onDelivery, flush: () => undefined, waiting: new Set() };
    this.#driver.attach(this.client, deps.connectCalls?.(this) ?? noCalls);
  }

  /** The messages that wait for a later turn of its event loop, and how many it has dropped instead. */
  get backlog(): BacklogStats {
    return this.#driver.backlog;
  }

  /** Runs what a command or input of the protocol returned. */
  run(effects: readonly Effect[]): void {
    this.#driver.run(effects);
  }

  /** Connects to a server, for the first time or again. */
  connect(server: Server, lag: number): void {
    const { client, loop, protocol } = this;
    client.attach(server, lag);
    loop.message(() => this.run(protocol.connected(client.serverId, loop.now(), client.maxPayload)));
  }

  /** The server takes messages of another size from now on. */
  limit(maxPayload: number): void {
    this.client.maxPayload = maxPayload;
    this.loop.message(() => this.run(this.protocol.limited(maxPayload, this.loop.now())));
  }

  /** Notices that the connection is gone. */
  disconnect(): void {
    this.client.detach();
    this.loop.message(() => this.run(this.protocol.disconnected(this.loop.now())));
  }
}
