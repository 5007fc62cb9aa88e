import type { PidInterner, Value } from '../../term';
import type { CallChannel, NodeIdentity } from '../call-channel';
import type { LocalProcess, Processes } from '../../lifetime';
import type { Repeater } from './repeater';
import { type DownBody, encodeDown, type Target, type WatchBody } from './watch-frames';

/** What {@link Watchers} needs. */
export interface WatchersSurroundings {
  readonly node: string;
  readonly incarnation: string;
  readonly processes: Processes;
  readonly pids: PidInterner;
  readonly channel: CallChannel;
  readonly repeater: Repeater;
}

/** Nodes that went away with watches and may come back; more than so many are a cluster's whole history. */
const MAX_FORGOTTEN = 1000;

/**
 * The watched side: which nodes are to be told when a process of this node ends. They are told until they have answered or
 * are lost; a node that comes back after that is asked to assert its watches again.
 */
export class Watchers {
  readonly #byId = new Map<number, Map<string, NodeIdentity>>();
  /** Downs that are not answered yet, by the name under which they are repeated. */
  readonly #untold = new Map<string, string>();
  readonly #forgotten = new Set<string>();

  readonly #surroundings: WatchersSurroundings;

  constructor(surroundings: WatchersSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Takes a watching node's word. */
  receive(from: NodeIdentity, body: WatchBody): void {
    if (body.type === 'asserted') return void this.#surroundings.repeater.stop(askName(from));
    if (body.type === 'assert') return this.#assert(from, body);
    this.#told(downName(from, body));
    const watchers = this.#byId.get(body.id);
    if (body.incarnation !== this.#surroundings.incarnation || watchers === undefined) return;
    watchers.delete(from.incarnation);
    if (watchers.size === 0) this.#byId.delete(body.id);
  }

  /** Tells everybody who watches a process that it has ended. */
  ended({ pid: { id } }: LocalProcess, reason: Value): void {
    const watchers = this.#byId.get(id);
    this.#byId.delete(id);
    const { incarnation, repeater } = this.#surroundings;
    for (const watcher of watchers?.values() ?? []) {
      const down: DownBody = { type: 'down', incarnation, id, reason };
      const name = downName(watcher, down);
      this.#untold.set(name, watcher.incarnation);
      repeater.repeat(name, () => this.#say(watcher, down));
    }
  }

  peerUp(peer: NodeIdentity): void {
    if (!this.#forgotten.delete(peer.incarnation)) return;
    this.#surroundings.repeater.repeat(askName(peer), () => this.#say(peer, { type: 'again' }));
  }

  nodeLost(peer: NodeIdentity): void {
    let lost = this.#surroundings.repeater.stop(askName(peer));
    for (const [id, watchers] of this.#byId) {
      if (watchers.delete(peer.incarnation)) lost = true;
      if (watchers.size === 0) this.#byId.delete(id);
    }
    for (const [name, incarnation] of this.#untold) {
      if (incarnation !== peer.incarnation) continue;
      this.#told(name);
      lost = true;
    }
    if (lost) this.#remember(peer.incarnation);
  }

  #assert(from: NodeIdentity, target: Target): void {
    const { node, incarnation, processes, pids } = this.#surroundings;
    if (target.incarnation !== incarnation)
      return this.#say(from, { ...target, type: 'down', reason: 'noconnection' });
    // What it ended with is on its way already, and said again until it arrives.
    if (this.#untold.has(downName(from, target))) return;
    if (processes.get(pids.intern(node, incarnation, target.id)) === undefined) {
      return this.#say(from, { ...target, type: 'down', reason: 'noproc' });
    }
    let watchers = this.#byId.get(target.id);
    if (watchers === undefined) this.#byId.set(target.id, (watchers = new Map()));
    watchers.set(from.incarnation, from);
    this.#say(from, { ...target, type: 'watching' });
  }

  #told(name: string): void {
    this.#untold.delete(name);
    this.#surroundings.repeater.stop(name);
  }

  #remember(incarnation: string): void {
    this.#forgotten.add(incarnation);
    const [oldest] = this.#forgotten;
    if (this.#forgotten.size > MAX_FORGOTTEN && oldest !== undefined) this.#forgotten.delete(oldest);
  }

  #say({ node }: NodeIdentity, body: DownBody): void {
    this.#surroundings.channel.send('down', node, encodeDown(body));
  }
}

function downName(watcher: NodeIdentity, { incarnation, id }: Target): string {
  return `down ${watcher.incarnation} ${incarnation}.${id}`;
}

function askName(watcher: NodeIdentity): string {
  return `again ${watcher.incarnation}`;
}
