import type { Pid, Value } from '../../term';
import type { NodeIdentity } from '../frames/call-channel';
import type { CallsDeps } from '../calls-deps';
import type { CallPort } from '../frames/call-port';
import { SharedTurns, type Timers } from '../../lifetime';
import type { Peers } from '../resolver';
import type { Retransmissions } from './retransmissions';
import type { DownBody } from './watch-frames';

/** What {@link WatchedProcesses} needs. */
export interface WatchedProcessesDeps {
  readonly port: CallPort;
  readonly peers: Peers;
  readonly timers: Timers;
  readonly retransmissions: Retransmissions;
  /** Called once for each watched process that has ended or cannot be seen any more. */
  readonly onDown: (pid: Pid, reason: Value) => void;
  readonly onWarning: CallsDeps['onWarning'];
}

/** The watched processes of one node. */
interface WatchedNode {
  readonly pids: Map<number, Pid>;
  /** When all of them were asserted again last. */
  assertedAt: number;
}

/** So many processes are dealt with in a turn of the event loop at most: each takes up to three microseconds, and a node may watch 100,000 of another one. */
const PROCESSES_PER_TURN = 2000;

/** A node that asks for its watches more often is not answered, so it asks again. */
const ASSERT_INTERVAL_MS = 1000;

/**
 * Processes of other nodes that this node watches, for its {@link ProcessMonitors}. No single lost frame loses a notification: a watch is
 * asserted until the process's node acknowledges it, and again when that node says that it has forgotten its watches.
 *
 * Only a process's own node can say that it has ended, in the incarnation of the process. A later incarnation can say that it is gone.
 */
export class WatchedProcesses {
  /** By incarnation. */
  readonly #watched = new Map<string, WatchedNode>();
  /** The last node that asked for its watches and has none, and when it was answered. */
  #unwatched = { incarnation: '', assertedAt: -Infinity };
  readonly #deps: WatchedProcessesDeps;
  readonly #turns: SharedTurns;

  constructor(deps: WatchedProcessesDeps) {
    this.#deps = deps;
    const { timers, onWarning } = deps;
    const onError = (error: unknown): void =>
      onWarning('handler-failed', 'Telling of a process of another node failed', error);
    this.#turns = new SharedTurns({ timers, onError, mostPerTurn: PROCESSES_PER_TURN });
  }

  /** Watches a process. `onDown` may be called before this returns. */
  watch(pid: Pid): void {
    const { peers, onDown, retransmissions } = this.#deps;
    if (peers.availability(pid) === 'unknown') return onDown(pid, 'noconnection');
    let node = this.#watched.get(pid.incarnation);
    if (node === undefined) {
      node = { pids: new Map(), assertedAt: -Infinity };
      this.#watched.set(pid.incarnation, node);
    }
    node.pids.set(pid.id, pid);
    retransmissions.start(pid, nameOf(pid), () => this.#assert(pid));
  }

  /** Stops watching a process. */
  release(pid: Pid): void {
    // If this frame is lost, the process's node tells of the end some day, and gets another release then.
    const { incarnation, id } = pid;
    if (this.#forget(incarnation, id)) this.#deps.port.watch(pid, { type: 'release', incarnation, id });
  }

  /** Takes what a process's node says. */
  receive(from: NodeIdentity, body: DownBody): void {
    if (body.type === 'again') return this.#assertAll(from);
    const { port, retransmissions, onDown } = this.#deps;
    const { incarnation, id } = body;
    const pid = this.#watched.get(incarnation)?.pids.get(id);
    const isOwner = from.incarnation === incarnation && pid?.node === from.node;
    if (body.type === 'watching') return void (isOwner && retransmissions.stop(from, nameOf(body)));
    port.watch(from, { type: 'release', incarnation, id });
    const isSuccessor = body.reason === 'noconnection' && pid?.node === from.node;
    if (pid === undefined || !(isOwner || isSuccessor)) return;
    this.#forget(incarnation, id);
    onDown(pid, body.reason);
  }

  /** Sends what a node has not acknowledged soon again: it is back. */
  peerUp(peer: NodeIdentity): void {
    this.#deps.retransmissions.hasten(peer);
  }

  /** Tells of the processes of a lost node, in several turns of the event loop if they are many. Its frames must not be sent again any more. */
  nodeLost({ node: name, incarnation }: NodeIdentity): void {
    const node = this.#watched.get(incarnation);
    if (node === undefined) return;
    this.#watched.delete(incarnation);
    this.#turns.each(name, node.pids.values(), (pid) => {
      // The node may be back, and somebody watch the process anew.
      if (this.#watched.get(incarnation)?.pids.has(pid.id) !== true) this.#deps.onDown(pid, 'noconnection');
    });
  }

  /** Asserts all watches of a node's processes again, a few at a time: it has forgotten them. */
  #assertAll(from: NodeIdentity): void {
    const { timers, retransmissions, port } = this.#deps;
    const { incarnation } = from;
    if (this.#unwatched.incarnation !== incarnation) this.#unwatched = { incarnation, assertedAt: -Infinity };
    const node = this.#watched.get(incarnation);
    const last = node ?? this.#unwatched;
    const now = timers.now();
    if (now < last.assertedAt + ASSERT_INTERVAL_MS) return;
    last.assertedAt = now;
    if (node !== undefined) {
      this.#turns.each(from.node, node.pids.values(), (pid) => {
        // The node may be lost meanwhile.
        if (this.#watched.get(incarnation) === node)
          retransmissions.startLater(pid, nameOf(pid), () => this.#assert(pid));
      });
      retransmissions.sendSome(from);
    }
    port.watch(from, { type: 'asserted' });
  }

  #assert(pid: Pid): void {
    const { incarnation, id } = pid;
    this.#deps.port.watch(pid, { type: 'assert', incarnation, id });
  }

  /** @returns Whether it was watched */
  #forget(incarnation: string, id: number): boolean {
    const node = this.#watched.get(incarnation);
    if (node?.pids.delete(id) !== true) return false;
    if (node.pids.size === 0) this.#watched.delete(incarnation);
    this.#deps.retransmissions.stop({ incarnation }, nameOf({ incarnation, id }));
    return true;
  }
}

function nameOf({ incarnation, id }: { readonly incarnation: string; readonly id: number }): string {
  return `watch ${incarnation}.${id}`;
}
