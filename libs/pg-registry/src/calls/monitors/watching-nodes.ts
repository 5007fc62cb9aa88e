import { heapBytesOf, type PidInterner, quoteText, type Value } from '../../term';
import type { LocalProcess, Processes } from '../../lifetime';
import type { NodeIdentity } from '../frames/call-channel';
import type { CallPort } from '../frames/call-port';
import type { CallsDeps } from '../calls-deps';
import { DEFAULT_CALL_LIMITS } from '../peer-load';
import type { Retransmissions } from './retransmissions';
import type { DownBody, Target, WatchBody } from './watch-frames';

/** What {@link WatchingNodes} needs. */
export interface WatchingNodesDeps extends Pick<CallsDeps, 'callLimits' | 'onWarning'> {
  readonly node: string;
  readonly incarnation: string;
  readonly processes: Processes;
  readonly pids: PidInterner;
  readonly port: CallPort;
  readonly retransmissions: Retransmissions;
}

/** What one node watches here. */
interface Watcher {
  /** Numbers of the processes that live. */
  readonly living: Set<number>;
  /** The names under which it is told again of those that have ended, until it acknowledges it, and what each takes of {@link MOST_REASON_BYTES}. */
  readonly ended: Map<string, number>;
  /** What all of them take. */
  reasonBytes: number;
}

/** How many nodes that were lost with watches, and may come back, are remembered. */
const MAX_FORGOTTEN = 1000;
/** So many bytes, as they take in memory, of reasons that a node has not acknowledged are kept and told again. */
const MOST_REASON_BYTES = 65_536;
/** A reason of so many bytes is kept in any case. */
const SHORT_REASON_BYTES = 256;

/**
 * Other nodes that watch processes of this node. They are told of an end until they acknowledge it or are lost; a node that comes
 * back after that is asked to assert its watches again.
 */
export class WatchingNodes {
  readonly #byId = new Map<number, Map<string, NodeIdentity>>();
  /** By the watcher's incarnation: what a node that comes and goes costs does not depend on what others watch. */
  readonly #watchers = new Map<string, Watcher>();
  /** Incarnations of lost nodes whose watches were forgotten. */
  readonly #forgotten = new Set<string>();
  readonly #deps: WatchingNodesDeps;
  readonly #most: number;

  constructor(deps: WatchingNodesDeps) {
    this.#deps = deps;
    this.#most = (deps.callLimits ?? DEFAULT_CALL_LIMITS).maxWatchesPerPeer;
  }

  /** Watches of other nodes, those included whose node has not acknowledged yet that the process ended. */
  get size(): number {
    let size = 0;
    for (const watcher of this.#watchers.values()) size += sizeOf(watcher);
    return size;
  }

  /** Takes what a watching node says. */
  receive(from: NodeIdentity, body: WatchBody): void {
    if (body.type === 'asserted') return void this.#deps.retransmissions.stop(from, askName(from));
    if (body.type === 'assert') return this.#assert(from, body);
    this.#acknowledged(from.incarnation, downName(from, body));
    const watchers = this.#byId.get(body.id);
    if (body.incarnation !== this.#deps.incarnation || watchers === undefined) return;
    this.#forget(from.incarnation, (watcher) => watcher.living.delete(body.id));
    watchers.delete(from.incarnation);
    if (watchers.size === 0) this.#byId.delete(body.id);
  }

  /**
   * Tells the nodes that watch a process that it has ended. Each gets the reason in full once. It may be large, because a node that may end
   * processes chooses it, and a node that acknowledges nothing is told again for ever: if its reasons take too much, it is told `'killed'` then.
   */
  ended({ pid: { id } }: LocalProcess, reason: Value): void {
    const watchers = this.#byId.get(id);
    this.#byId.delete(id);
    if (watchers === undefined) return;
    const { incarnation, retransmissions, port } = this.#deps;
    const bytes = heapBytesOf(reason);
    const counted = bytes > SHORT_REASON_BYTES ? bytes : 0;
    for (const node of watchers.values()) {
      const down: DownBody = { type: 'down', incarnation, id, reason };
      const name = downName(node, down);
      const watcher = this.#watcher(node.incarnation);
      const isKept = watcher.reasonBytes + counted <= MOST_REASON_BYTES;
      watcher.living.delete(id);
      watcher.ended.set(name, isKept ? counted : 0);
      if (isKept) watcher.reasonBytes += counted;
      const again: DownBody = isKept ? down : { ...down, reason: 'killed' };
      retransmissions.startLater(node, name, () => port.down(node, again));
      port.down(node, down);
    }
  }

  /** Asks a node whose watches were forgotten to assert them again. */
  peerUp(peer: NodeIdentity): void {
    const { retransmissions, port } = this.#deps;
    if (!this.#forgotten.delete(peer.incarnation)) return;
    retransmissions.start(peer, askName(peer), () => port.down(peer, { type: 'again' }));
  }

  /** Forgets the watches of a lost node, and remembers that. */
  nodeLost(peer: NodeIdentity): void {
    const { incarnation } = peer;
    const wasAsked = this.#deps.retransmissions.stop(peer, askName(peer));
    const watcher = this.#watchers.get(incarnation);
    if (!wasAsked && watcher === undefined) return;
    this.#watchers.delete(incarnation);
    for (const id of watcher?.living ?? []) {
      const watchers = this.#byId.get(id);
      if (watchers?.delete(incarnation) === true && watchers.size === 0) this.#byId.delete(id);
    }
    this.#remember(incarnation);
  }

  #assert(from: NodeIdentity, target: Target): void {
    const { node, incarnation, processes, pids, port } = this.#deps;
    if (target.incarnation !== incarnation)
      return port.down(from, { ...target, type: 'down', reason: 'noconnection' });
    // The reason is on its way already, and sent again until it arrives.
    if (this.#watchers.get(from.incarnation)?.ended.has(downName(from, target)) === true) return;
    if (processes.get(pids.intern(node, incarnation, target.id)) === undefined) {
      return port.down(from, { ...target, type: 'down', reason: 'noproc' });
    }
    let watchers = this.#byId.get(target.id);
    if (watchers?.has(from.incarnation) !== true) {
      const watcher = this.#watcher(from.incarnation);
      if (sizeOf(watcher) >= this.#most) return this.#refuse(from, target);
      if (watchers === undefined) this.#byId.set(target.id, (watchers = new Map()));
      watchers.set(from.incarnation, from);
      watcher.living.add(target.id);
    }
    port.down(from, { ...target, type: 'watching' });
  }

  /** Erlang's word for a limit that was reached. */
  #refuse(from: NodeIdentity, target: Target): void {
    const { onWarning, port } = this.#deps;
    onWarning(
      'too-many-watches',
      `Node ${quoteText(from.node)} watches ${this.#most} processes; further watches were refused (option maxWatchesPerPeer).`,
    );
    port.down(from, { ...target, type: 'down', reason: 'system_limit' });
  }

  #acknowledged(incarnation: string, name: string): void {
    const isForgotten = this.#forget(incarnation, (watcher) => {
      watcher.reasonBytes -= watcher.ended.get(name) ?? 0;
      return watcher.ended.delete(name);
    });
    if (!isForgotten) return;
    this.#deps.retransmissions.stop({ incarnation }, name);
  }

  #watcher(incarnation: string): Watcher {
    let watcher = this.#watchers.get(incarnation);
    if (watcher === undefined) {
      watcher = { living: new Set(), ended: new Map(), reasonBytes: 0 };
      this.#watchers.set(incarnation, watcher);
    }
    return watcher;
  }

  /** Removes one of the watches of a node, and the node with the last. @returns Whether it was there */
  #forget(incarnation: string, remove: (watcher: Watcher) => boolean): boolean {
    const watcher = this.#watchers.get(incarnation);
    if (watcher === undefined || !remove(watcher)) return false;
    if (sizeOf(watcher) === 0) this.#watchers.delete(incarnation);
    return true;
  }

  #remember(incarnation: string): void {
    this.#forgotten.add(incarnation);
    const [oldest] = this.#forgotten;
    if (this.#forgotten.size > MAX_FORGOTTEN && oldest !== undefined) this.#forgotten.delete(oldest);
  }
}

function sizeOf({ living, ended }: Watcher): number {
  return living.size + ended.size;
}

function downName(watcher: NodeIdentity, { incarnation, id }: Target): string {
  return `down ${watcher.incarnation} ${incarnation}.${id}`;
}

function askName(watcher: NodeIdentity): string {
  return `again ${watcher.incarnation}`;
}
