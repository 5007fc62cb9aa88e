import { Exits } from '../../libs/pg-registry/src/calls/exits';
import { CallsFromPeers } from '../../libs/pg-registry/src/calls/calls-from-peers';
import { CallsToPeers } from '../../libs/pg-registry/src/calls/calls-to-peers';
import {
  type AttemptOutcome,
  CallAttempt,
  type CallAttemptDeps,
} from '../../libs/pg-registry/src/calls/call-attempt';
import { NO_HEADERS } from '../../libs/pg-registry/src/calls/call-context';
import { CallDeadline } from '../../libs/pg-registry/src/calls/call-deadline';
import type { CallsDeps } from '../../libs/pg-registry/src/calls/calls-deps';
import { CallPort } from '../../libs/pg-registry/src/calls/frames/call-port';
import { Mailboxes } from '../../libs/pg-registry/src/calls/mailboxes';
import type { Message } from '../../libs/pg-registry/src/calls/message';
import { Retransmissions } from '../../libs/pg-registry/src/calls/monitors/retransmissions';
import { WatchedProcesses } from '../../libs/pg-registry/src/calls/monitors/watched-processes';
import { WatchingNodes } from '../../libs/pg-registry/src/calls/monitors/watching-nodes';
import type { PeerLoad } from '../../libs/pg-registry/src/calls/peer-load';
import type { CallLimits, NodeIdentity } from '../../libs/pg-registry/src/calls';
import { type LocalProcess, type Processes, TimeLimits } from '../../libs/pg-registry/src/lifetime';
import { ConnectionChannel } from '../../libs/pg-registry/src/node/connection-channel';
import { SizeLimits } from '../../libs/pg-registry/src/node/size-limits';
import type { Pid, PidInterner, Value, ValueLimits } from '../../libs/pg-registry/src/term';
import type { ProtocolOptions } from '../../libs/pg-registry/src/cluster';
import type { VirtualProcess } from '../support/virtual-network/virtual-process';

/** So little that a hostile peer reaches it, and more than honest nodes ask for. */
export const CALL_LIMITS: CallLimits = {
  maxCallsPerPeer: 100,
  maxCallBytesPerPeer: 16 * 1024,
  maxWatchesPerPeer: 30,
};

/** What {@link SimulatedCalls} needs of its node. */
export interface SimulatedCallsDeps extends NodeIdentity {
  readonly process: VirtualProcess;
  readonly processes: Processes;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly options: ProtocolOptions;
  readonly random: () => number;
  /** A process that the node watches has ended, or cannot be seen any more. */
  readonly onDown: (pid: Pid, reason: Value) => void;
  readonly onWarning: CallsDeps['onWarning'];
}

/**
 * The calls and monitors of one simulated node: the production parts and their wiring, without the promises around them, because virtual
 * time is synchronous. A call waits in the mailbox of its process for as long as its payload says; then it is answered with its payload.
 */
export class SimulatedCalls {
  /** Where frames enter and leave. */
  readonly port: CallPort;
  readonly #mailboxes: Mailboxes;
  readonly #toPeers: CallsToPeers;
  readonly #fromPeers: CallsFromPeers;
  readonly #retransmissions: Retransmissions;
  readonly #watched: WatchedProcesses;
  readonly #watching: WatchingNodes;
  readonly #loads = new Set<PeerLoad>();
  readonly #callsDeps: CallAttemptDeps;

  constructor(deps: SimulatedCallsDeps) {
    const { process, processes, node, incarnation, pids, limits, random, onWarning, onDown } = deps;
    const { loop, client, protocol } = process;
    const sizes = new SizeLimits(limits, deps.options);
    sizes.limit(client.maxPayload);
    const channel = new ConnectionChannel(protocol, sizes, {
      onFrame: (...message) => process.run(protocol.receive(...message, loop.now())),
      onExit: (...message) => process.run(protocol.receive(...message, loop.now())),
      onNoResponders: (peer) => process.run(protocol.hint(peer, loop.now())),
    });
    channel.attach(client);
    const identity = { node, incarnation };
    const resolver = { members: () => [], membersLocal: () => [] };
    const callsDeps = { ...identity, processes, pids, limits, random, onWarning, channel, resolver };
    const all = {
      ...callsDeps,
      timers: loop,
      peers: protocol,
      callLimits: CALL_LIMITS,
      timeLimits: new TimeLimits(loop),
    };
    this.#callsDeps = all;
    const port = (this.port = new CallPort(all));
    const mailboxes = (this.#mailboxes = new Mailboxes(all));
    this.#answerLater(mailboxes, (ms, run) => loop.setTimer(ms, run));
    const retransmissions = (this.#retransmissions = new Retransmissions(loop));
    this.#toPeers = new CallsToPeers(port, all);
    this.#fromPeers = new CallsFromPeers(all, port, mailboxes, new Exits(processes));
    this.#watched = new WatchedProcesses({
      port,
      peers: protocol,
      timers: loop,
      retransmissions,
      onDown,
      onWarning,
    });
    this.#watching = new WatchingNodes({ ...all, port, retransmissions });
    port.connect({
      requests: this.#fromPeers,
      replies: this.#toPeers,
      watches: this.#watching,
      downs: this.#watched,
    });
    processes.afterExit((ended) => this.#watching.ended(ended, 'done'));
  }

  /** What each of the other nodes has waiting here. */
  get loads(): Iterable<PeerLoad> {
    return this.#loads;
  }

  /** Watches of other nodes. */
  get watches(): number {
    return this.#watching.size;
  }

  /** Gives a process a mailbox. */
  serve(process: LocalProcess): void {
    this.#mailboxes.mount(process);
  }

  /** Calls a process of another node. @param payload `[number of the call, milliseconds until the answer]` */
  call(pid: Pid, payload: Value, timeoutMs: number, onEnd: (outcome: AttemptOutcome) => void): void {
    const { processes, timers } = this.#callsDeps;
    const deadline = new CallDeadline(timeoutMs, timers);
    const caller = processes.root.pid;
    const message: Message = {
      kind: 'call',
      name: 'wait',
      payload,
      caller,
      headers: NO_HEADERS,
      trace: undefined,
      deadline,
      chain: undefined,
      entity: undefined,
    };
    const options = { timeoutMs, signal: undefined, headers: NO_HEADERS, trace: undefined };
    const attempt = new CallAttempt(pid, message, options, this.#callsDeps, { attemptEnded: onEnd });
    attempt.asked = this.#toPeers.ask(attempt);
  }

  /** Watches a process of another node. */
  watch(pid: Pid): void {
    this.#watched.watch(pid);
  }

  /** There was a handshake with a node. */
  peerUp(peer: NodeIdentity): void {
    this.#watched.peerUp(peer);
    this.#watching.peerUp(peer);
  }

  /** A node is no peer any more. */
  peerRemoved(peer: NodeIdentity): void {
    this.#toPeers.nodeLost(peer);
    this.#fromPeers.nodeLost(peer);
    this.#watched.nodeLost(peer);
    this.#watching.nodeLost(peer);
    this.#retransmissions.nodeLost(peer);
    this.port.nodeLost(peer);
  }

  /** Replaces the handlers, which run in microtasks of the real time. */
  #answerLater(mailboxes: Mailboxes, after: (ms: number, run: () => void) => void): void {
    const deliver = mailboxes.deliver.bind(mailboxes);
    mailboxes.deliver = (pid, message, receiver, load, bytes) => {
      const queued = deliver(pid, message, receiver, load, bytes);
      if (load !== undefined) this.#loads.add(load);
      after(holdMs(message.payload), () => {
        queued.settle({ type: 'result', value: message.payload });
        queued.cancel(new Error('The call is answered.')); // takes it out of the mailbox
      });
      return queued;
    };
  }
}

/** How long a call of this payload is held. Hostile ones hold on for long. */
function holdMs(payload: Value): number {
  const ms = Array.isArray(payload) ? (payload as readonly Value[])[1] : undefined;
  return typeof ms === 'number' && ms >= 0 && ms < 10_000 ? ms : 10_000;
}
