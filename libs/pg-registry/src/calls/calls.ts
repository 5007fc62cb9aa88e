import { normalValue, type Pid, type Value } from '../term';
import { type LocalProcess, TimeLimits } from '../lifetime';
import type { NodeIdentity } from './frames/call-channel';
import { CallPort } from './frames/call-port';
import type { CallsDeps } from './calls-deps';
import { CallsFromPeers } from './calls-from-peers';
import { CallsToPeers } from './calls-to-peers';
import { reasonValue } from './error-form';
import { Exits } from './exits';
import { Mailboxes } from './mailboxes';
import { ProcessMonitors } from './monitors/process-monitors';
import { Retransmissions } from './monitors/retransmissions';
import { WatchedProcesses } from './monitors/watched-processes';
import { WatchingNodes } from './monitors/watching-nodes';
import { OutgoingCalls } from './outgoing-calls';

/** Counts of a node's calls and monitors: what is going on at this moment, and what went wrong so far. */
export interface CallsStats {
  /** Messages from any node that wait in mailboxes of this node or are being handled. */
  readonly inFlight: number;
  /** Calls of this node's processes that are not answered yet. */
  readonly pending: number;
  /** Calls of this node's processes to other nodes that are not answered yet; part of `pending`. */
  readonly pendingRemote: number;
  /** Calls of other nodes that this node has not answered yet. */
  readonly serving: number;
  /** Subscriptions of monitors whose process has not ended. */
  readonly monitors: number;
  /** Processes of this node that other nodes watch. */
  readonly watched: number;
  /** What was said about monitors and other nodes have not acknowledged yet. */
  readonly unacknowledged: number;
  /** Answers that were dropped because their call had ended. */
  readonly lateAnswers: number;
  /** Calls of this node's processes that have ended, by outcome: `ok`, the code of the error, or `ABORTED` by their own signal. */
  readonly finished: Readonly<Record<string, number>>;
  /** Warnings so far, by reason: undelivered casts, failed handlers, malformed frames and the like. */
  readonly warnings: Readonly<Record<string, number>>;
}

/**
 * Calls and monitors of one node. The node hands what comes in to {@link port}, and says when peers come and go. Processes use
 * {@link outgoing}, {@link mailboxes} and {@link monitors}.
 *
 *     outgoing ─► mailboxes (this node)                    port ─► fromPeers ─► mailboxes
 *        └──────► toPeers ─► port (other nodes)
 */
export class Calls {
  /** Calls, casts and messages of this node's processes. */
  readonly outgoing: OutgoingCalls;
  /** Messages to this node's processes. */
  readonly mailboxes: Mailboxes;
  /** Requests to end processes of this node, and orders to those that cannot be ended. */
  readonly exits: Exits;
  /** Tells processes of this node when processes end, here and on other nodes. */
  readonly monitors: ProcessMonitors;
  /** Where frames leave the node and enter it. */
  readonly port: CallPort;
  readonly #toPeers: CallsToPeers;
  readonly #fromPeers: CallsFromPeers;
  readonly #retransmissions: Retransmissions;
  readonly #timeLimits: TimeLimits;
  readonly #watchedProcesses: WatchedProcesses;
  readonly #watchingNodes: WatchingNodes;
  readonly #deps: CallsDeps;
  readonly #warnings: Record<string, number> = {};

  constructor(given: CallsDeps) {
    const onWarning: CallsDeps['onWarning'] = (reason, message, error) => {
      this.#warnings[reason] = (this.#warnings[reason] ?? 0) + 1;
      given.onWarning(reason, message, error);
    };
    const deps = { ...given, onWarning };
    const { processes, timers } = deps;
    this.#deps = deps;
    const port = new CallPort(deps);
    const mailboxes = new Mailboxes(deps);
    const toPeers = new CallsToPeers(port, deps);
    const exits = new Exits(processes);
    const retransmissions = new Retransmissions(timers);
    this.port = port;
    this.mailboxes = mailboxes;
    this.exits = exits;
    this.#timeLimits = new TimeLimits(timers);
    this.outgoing = new OutgoingCalls({
      ...deps,
      timeLimits: this.#timeLimits,
      mailboxes,
      toPeers,
      exits,
      port,
    });
    this.#toPeers = toPeers;
    this.#fromPeers = new CallsFromPeers(deps, port, mailboxes, exits);
    this.#retransmissions = retransmissions;
    const onDown = (pid: Pid, reason: Value): void => this.monitors.down(pid, reason);
    this.#watchedProcesses = new WatchedProcesses({ ...deps, port, retransmissions, onDown });
    this.#watchingNodes = new WatchingNodes({ ...deps, port, retransmissions });
    this.monitors = new ProcessMonitors(processes, this.#watchedProcesses);
    port.connect({
      requests: this.#fromPeers,
      replies: toPeers,
      watches: this.#watchingNodes,
      downs: this.#watchedProcesses,
    });
    processes.afterExit((process, reason) => this.#ended(process, reason));
  }

  /** From now on refuses calls of other nodes, so that they may ask another member. */
  refuse(): void {
    this.#fromPeers.refusing = true;
  }

  /** Ends what waits for others: pending calls with `TransportError`, monitors by completing. Nothing is sent any more. */
  close(): void {
    this.port.close();
    this.#toPeers.close();
    this.outgoing.close();
    this.#fromPeers.close();
    this.monitors.close();
    this.#retransmissions.stopAll();
    this.#timeLimits.close();
  }

  /** There was a handshake with a node, for the first time or again. */
  peerUp(peer: NodeIdentity): void {
    this.#toPeers.askAgain(peer);
    this.#watchedProcesses.peerUp(peer);
    this.#watchingNodes.peerUp(peer);
  }

  /** The broker does not permit this node to end processes of a node. */
  exitRefused(node: string): void {
    this.#toPeers.exitRefused(node);
  }

  /** A node left, was lost or was replaced, and is no peer any more. Suspicion alone is no reason. */
  peerRemoved(peer: NodeIdentity): void {
    this.#toPeers.nodeLost(peer);
    this.#fromPeers.nodeLost(peer);
    this.#watchedProcesses.nodeLost(peer);
    this.#watchingNodes.nodeLost(peer);
    this.#retransmissions.nodeLost(peer);
    this.port.nodeLost(peer);
  }

  /** Returns what is going on now, and what went wrong so far. */
  stats(): CallsStats {
    return {
      inFlight: this.mailboxes.inFlight,
      pending: this.outgoing.pending,
      pendingRemote: this.#toPeers.size,
      serving: this.#fromPeers.size,
      monitors: this.monitors.size,
      watched: this.#watchingNodes.size,
      unacknowledged: this.#retransmissions.size,
      lateAnswers: this.#toPeers.lateReplies,
      finished: { ...this.outgoing.finished },
      warnings: { ...this.#warnings },
    };
  }

  #ended(process: LocalProcess, reason: unknown): void {
    const { limits, pids } = this.#deps;
    const normal = reasonValue(reason, (value) => normalValue(value, limits, pids));
    this.monitors.down(process.pid, normal);
    this.#watchingNodes.ended(process, normal);
    this.monitors.completeFor(process);
  }
}
