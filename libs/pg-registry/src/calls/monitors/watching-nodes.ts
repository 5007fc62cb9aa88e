import type { PidInterner, Value } from '../../term';
import type { LocalProcess, Processes } from '../../lifetime';
import type { NodeIdentity } from '../call-channel';
import type { CallPort } from '../call-port';
import type { Retransmissions } from './retransmissions';
import type { DownBody, Target, WatchBody } from './watch-frames';

/** What {@link WatchingNodes} needs. */
export interface WatchingNodesDeps {
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
  /** Incarnations of lost nodes whose watches were forgotten. */
  readonly #forgotten = new Set<string>();
  readonly #deps: WatchingNodesDeps;

  constructor(deps: WatchingNodesDeps) {
    this.#deps = deps;
  }

  /** Takes a `watch` frame of a watching node. */
  receive(from: NodeIdentity, body: WatchBody): void {
    if (body.type === 'asserted') return void this.#deps.retransmissions.stop(askName(from));
    if (body.type === 'assert') return this.#assert(from, body);
    this.#acknowledged(downName(from, body));
    const watchers = this.#byId.get(body.id);
    if (body.incarnation !== this.#deps.incarnation || watchers === undefined) return;
    watchers.delete(from.incarnation);
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
      retransmissions.start(name, () => this.#deps.port.down(watcher.node, down));
    }
  }

  /** Asks a node whose watches were forgotten to assert them again. */
  peerUp(peer: NodeIdentity): void {
    if (!this.#forgotten.delete(peer.incarnation)) return;
    this.#deps.retransmissions.start(askName(peer), () => this.#deps.port.down(peer.node, { type: 'again' }));
  }

  /** Forgets the watches of a lost node, and remembers that. */
  nodeLost(peer: NodeIdentity): void {
    let lost = this.#deps.retransmissions.stop(askName(peer));
    for (const [id, watchers] of this.#byId) {
      if (watchers.delete(peer.incarnation)) lost = true;
      if (watchers.size === 0) this.#byId.delete(id);
    }
    for (const [name, incarnation] of this.#unacknowledged) {
      if (incarnation !== peer.incarnation) continue;
      this.#acknowledged(name);
      lost = true;
    }
    if (lost) this.#remember(peer.incarnation);
  }

  #assert(from: NodeIdentity, target: Target): void {
    const { node, incarnation, processes, pids } = this.#deps;
    if (target.incarnation !== incarnation)
      return this.#deps.port.down(from.node, { ...target, type: 'down', reason: 'noconnection' });
    // The reason is on its way already, and sent again until it arrives.
    if (this.#unacknowledged.has(downName(from, target))) return;
    if (processes.get(pids.intern(node, incarnation, target.id)) === undefined) {
      return this.#deps.port.down(from.node, { ...target, type: 'down', reason: 'noproc' });
    }
    let watchers = this.#byId.get(target.id);
    if (watchers === undefined) this.#byId.set(target.id, (watchers = new Map()));
    watchers.set(from.incarnation, from);
    this.#deps.port.down(from.node, { ...target, type: 'watching' });
  }

  #acknowledged(name: string): void {
    this.#unacknowledged.delete(name);
    this.#deps.retransmissions.stop(name);
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
