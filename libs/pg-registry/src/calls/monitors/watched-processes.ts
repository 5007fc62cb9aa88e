import type { Pid, Value } from '../../term';
import type { NodeIdentity } from '../call-channel';
import type { CallPort } from '../call-port';
import type { Peers } from '../resolver';
import type { Retransmissions } from './retransmissions';
import type { DownBody } from './watch-frames';

/** What {@link WatchedProcesses} needs. */
export interface WatchedProcessesDeps {
  readonly port: CallPort;
  readonly peers: Peers;
  readonly retransmissions: Retransmissions;
  /** Called once for each watched process that has ended or cannot be seen any more. */
  readonly onDown: (pid: Pid, reason: Value) => void;
}

/**
 * Processes of other nodes that this node watches, for its {@link ProcessMonitors}. No single lost frame loses a notification: a watch is
 * asserted until the process's node acknowledges it, again after each handshake with that node, and again when the node says that
 * it has forgotten its watches.
 */
export class WatchedProcesses {
  /** By incarnation and number. */
  readonly #watched = new Map<string, Map<number, Pid>>();
  readonly #deps: WatchedProcessesDeps;

  constructor(deps: WatchedProcessesDeps) {
    this.#deps = deps;
  }

  /** Watches a process. `onDown` may be called before this returns. */
  watch(pid: Pid): void {
    const { peers, onDown } = this.#deps;
    if (peers.availability(pid) === 'unknown') return onDown(pid, 'noconnection');
    let watched = this.#watched.get(pid.incarnation);
    if (watched === undefined) this.#watched.set(pid.incarnation, (watched = new Map()));
    watched.set(pid.id, pid);
    this.#assert(pid);
  }

  /** Stops watching a process. */
  release(pid: Pid): void {
    // If this frame is lost, the process's node tells of the end some day, and gets another release then.
    const { node, incarnation, id } = pid;
    if (this.#forget(incarnation, id) !== undefined)
      this.#deps.port.watch(node, { type: 'release', incarnation, id });
  }

  /** Takes a `down` frame of a process's node. */
  receive(from: NodeIdentity, body: DownBody): void {
    if (body.type === 'again') {
      this.peerUp(from);
      return this.#deps.port.watch(from.node, { type: 'asserted' });
    }
    const { incarnation, id } = body;
    const pid = this.#watched.get(incarnation)?.get(id);
    if (body.type === 'watching')
      return void (pid?.node === from.node && this.#deps.retransmissions.stop(nameOf(body)));
    this.#deps.port.watch(from.node, { type: 'release', incarnation, id });
    if (pid?.node !== from.node) return;
    this.#forget(incarnation, id);
    this.#deps.onDown(pid, body.reason);
  }

  /** Asserts the watches of a node's processes again after a handshake: it may have forgotten them. */
  peerUp({ incarnation }: NodeIdentity): void {
    for (const pid of this.#watched.get(incarnation)?.values() ?? []) this.#assert(pid);
  }

  /** Tells of the processes of a lost node. */
  nodeLost({ incarnation }: NodeIdentity): void {
    for (const pid of this.#watched.get(incarnation)?.values() ?? []) {
      this.#forget(incarnation, pid.id);
      this.#deps.onDown(pid, 'noconnection');
    }
  }

  #assert(pid: Pid): void {
    const { incarnation, id } = pid;
    this.#deps.retransmissions.start(nameOf(pid), () =>
      this.#deps.port.watch(pid.node, { type: 'assert', incarnation, id }),
    );
  }

  #forget(incarnation: string, id: number): Pid | undefined {
    const watched = this.#watched.get(incarnation);
    const pid = watched?.get(id);
    watched?.delete(id);
    if (watched?.size === 0) this.#watched.delete(incarnation);
    this.#deps.retransmissions.stop(nameOf({ incarnation, id }));
    return pid;
  }
}

function nameOf({ incarnation, id }: { readonly incarnation: string; readonly id: number }): string {
  return `watch ${incarnation}.${id}`;
}
