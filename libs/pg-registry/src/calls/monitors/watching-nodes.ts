import { type PidInterner, quoteText, type Value } from '../../term';
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

/** How many nodes that were lost with watches, and may come back, are remembered. */
const MAX_FORGOTTEN = 1000;

/**
 * Other nodes that watch processes of this node. They are told of an end until they acknowledge it or are lost; a node that comes
 * back after that is asked to assert its watches again.
 */
export class WatchingNodes {
  readonly #byId = new Map<number, Map<string, NodeIdentity>>();
  /** The watcher's incarnation for each `down` that is not acknowledged yet, by the name under which it is sent again. */
  readonly #unacknowledged = new Map<string, string>();
  /** How many watches of each incarnation are in the two above. */
  readonly #counts = new Map<string, number>();
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
    for (const count of this.#counts.values()) size += count;
    return size;
  }

  /** Takes what a watching node says. */
  receive(from: NodeIdentity, body: WatchBody): void {
    if (body.type === 'asserted') return void this.#deps.retransmissions.stop(from, askName(from));
    if (body.type === 'assert') return this.#assert(from, body);
    this.#acknowledged(from.incarnation, downName(from, body));
    const watchers = this.#byId.get(body.id);
    if (body.incarnation !== this.#deps.incarnation || watchers === undefined) return;
    if (watchers.delete(from.incarnation)) this.#count(from.incarnation, -1);
    if (watchers.size === 0) this.#byId.delete(body.id);
  }

  /** Tells the nodes that watch a process that it has ended. */
  ended({ pid: { id } }: LocalProcess, reason: Value): void {
    const watchers = this.#byId.get(id);
    this.#byId.delete(id);
    const { incarnation, retransmissions } = this.#deps;
    for (const watcher of watchers?.values() ?? []) {
      const down: DownBody = { type: 'down', incarnation, id, reason };
      const name = downName(watcher, down);
      this.#unacknowledged.set(name, watcher.incarnation);
      retransmissions.start(watcher, name, () => this.#deps.port.down(watcher, down));
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
    let lost = this.#deps.retransmissions.stop(peer, askName(peer));
    if (this.#counts.delete(peer.incarnation)) lost = true;
    if (!lost) return;
    for (const [id, watchers] of this.#byId) {
      if (watchers.delete(peer.incarnation) && watchers.size === 0) this.#byId.delete(id);
    }
    for (const [name, incarnation] of this.#unacknowledged) {
      if (incarnation === peer.incarnation) this.#unacknowledged.delete(name);
    }
    this.#remember(peer.incarnation);
  }

  #assert(from: NodeIdentity, target: Target): void {
    const { node, incarnation, processes, pids, port } = this.#deps;
    if (target.incarnation !== incarnation)
      return port.down(from, { ...target, type: 'down', reason: 'noconnection' });
    // The reason is on its way already, and sent again until it arrives.
    if (this.#unacknowledged.has(downName(from, target))) return;
    if (processes.get(pids.intern(node, incarnation, target.id)) === undefined) {
      return port.down(from, { ...target, type: 'down', reason: 'noproc' });
    }
    let watchers = this.#byId.get(target.id);
    if (watchers?.has(from.incarnation) !== true) {
      if ((this.#counts.get(from.incarnation) ?? 0) >= this.#most) return this.#refuse(from, target);
      if (watchers === undefined) this.#byId.set(target.id, (watchers = new Map()));
      watchers.set(from.incarnation, from);
      this.#count(from.incarnation, 1);
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

  #acknowledged(watcher: string, name: string): void {
    if (!this.#unacknowledged.delete(name)) return;
    this.#count(watcher, -1);
    this.#deps.retransmissions.stop({ incarnation: watcher }, name);
  }

  #count(watcher: string, change: 1 | -1): void {
    const count = (this.#counts.get(watcher) ?? 0) + change;
    if (count === 0) this.#counts.delete(watcher);
    else this.#counts.set(watcher, count);
  }

  #remember(incarnation: string): void {
    this.#forgotten.add(incarnation);
    const [oldest] = this.#forgotten;
    if (this.#forgotten.size > MAX_FORGOTTEN && oldest !== undefined) this.#forgotten.delete(oldest);
  }
}

function downName(watcher: NodeIdentity, { incarnation, id }: Target): string {
  return `down ${watcher.incarnation} ${incarnation}.${id}`;
}

function askName(watcher: NodeIdentity): string {
  return `again ${watcher.incarnation}`;
}
