import type { Pid, Value } from '../../term';
import type { CallChannel, NodeIdentity } from '../call-channel';
import type { Repeater } from './repeater';
import type { Resolver } from '../resolver';
import { type DownBody, encodeWatch, type WatchBody } from './watch-frames';

/** What {@link RemoteWatches} needs. */
export interface WatchSurroundings {
  readonly channel: CallChannel;
  readonly resolver: Resolver;
  readonly repeater: Repeater;
  /** Told once for each watched process that has ended or cannot be seen any more. */
  readonly onDown: (pid: Pid, reason: Value) => void;
}

/**
 * The watching side of monitors of processes of other nodes. No single lost frame loses a notification: a watch is asserted
 * until the owner answers, again after each handshake with its node, and again when the owner says that it has forgotten.
 */
export class RemoteWatches {
  /** What is watched, by incarnation and number. */
  readonly #watched = new Map<string, Map<number, Pid>>();

  readonly #surroundings: WatchSurroundings;

  constructor(surroundings: WatchSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Watches a process. `onDown` may be called before this returns. */
  watch(pid: Pid): void {
    const { resolver, onDown } = this.#surroundings;
    if (resolver.standing(pid) === 'unknown') return onDown(pid, 'noconnection');
    let watched = this.#watched.get(pid.incarnation);
    if (watched === undefined) this.#watched.set(pid.incarnation, (watched = new Map()));
    watched.set(pid.id, pid);
    this.#assert(pid);
  }

  /** Nobody here cares about the process any more. */
  release(pid: Pid): void {
    // If this word is lost the owner tells of the end some day, and is then told again that nobody cares.
    const { node, incarnation, id } = pid;
    if (this.#forget(incarnation, id) !== undefined) this.#say(node, { type: 'release', incarnation, id });
  }

  /** Takes the owner's word. */
  receive(from: NodeIdentity, body: DownBody): void {
    if (body.type === 'again') {
      this.peerUp(from);
      return this.#say(from.node, { type: 'asserted' });
    }
    const { incarnation, id } = body;
    const pid = this.#watched.get(incarnation)?.get(id);
    if (body.type === 'watching')
      return void (pid?.node === from.node && this.#surroundings.repeater.stop(nameOf(body)));
    this.#say(from.node, { type: 'release', incarnation, id });
    if (pid?.node !== from.node) return;
    this.#forget(incarnation, id);
    this.#surroundings.onDown(pid, body.reason);
  }

  /** There was a handshake with this node: it may have forgotten what it was told before. */
  peerUp({ incarnation }: NodeIdentity): void {
    for (const pid of this.#watched.get(incarnation)?.values() ?? []) this.#assert(pid);
  }

  nodeLost({ incarnation }: NodeIdentity): void {
    for (const pid of this.#watched.get(incarnation)?.values() ?? []) {
      this.#forget(incarnation, pid.id);
      this.#surroundings.onDown(pid, 'noconnection');
    }
  }

  #assert(pid: Pid): void {
    const { incarnation, id } = pid;
    this.#surroundings.repeater.repeat(nameOf(pid), () =>
      this.#say(pid.node, { type: 'assert', incarnation, id }),
    );
  }

  #forget(incarnation: string, id: number): Pid | undefined {
    const watched = this.#watched.get(incarnation);
    const pid = watched?.get(id);
    watched?.delete(id);
    if (watched?.size === 0) this.#watched.delete(incarnation);
    this.#surroundings.repeater.stop(nameOf({ incarnation, id }));
    return pid;
  }

  #say(node: string, body: WatchBody): void {
    this.#surroundings.channel.send('watch', node, encodeWatch(body));
  }
}

function nameOf({ incarnation, id }: { readonly incarnation: string; readonly id: number }): string {
  return `watch ${incarnation}.${id}`;
}
