import type { Timers } from '../../lifetime';
import type { NodeIdentity } from '../frames/call-channel';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
/** Frames that are sent again at a time to a node that acknowledges nothing. */
const FEWEST = 100;
/** Frames that are sent again at a time at most. */
const MOST = 10_000;

/** What one node has not acknowledged. */
interface Unacknowledged {
  /** By name; the one that was sent least lately is the first. */
  readonly frames: Map<string, () => void>;
  /** Frames acknowledged since the last time that some were sent again. */
  acknowledged: number;
  waitMs: number;
  cancelTimer: () => void;
}

/**
 * Sends frames again until they are acknowledged: after 250 ms, after 500 ms more, and so on, at last every 5 s. What a node costs is
 * bounded: while it acknowledges nothing, it gets 100 frames at a time, in turns, and more only as it acknowledges some.
 */
export class Retransmissions {
  /** By the node's incarnation. */
  readonly #byNode = new Map<string, Unacknowledged>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Frames that are not acknowledged yet. */
  get size(): number {
    let size = 0;
    for (const { frames } of this.#byNode.values()) size += frames.size;
    return size;
  }

  /** Sends now, and again until {@link stop}. Starts over if a frame of this name is under way. */
  start(to: NodeIdentity, name: string, send: () => void): void {
    this.startLater(to, name, send);
    send();
  }

  /** Like {@link start}, but sends for the first time with {@link sendSome}, or when frames of the node are sent again. */
  startLater({ incarnation }: NodeIdentity, name: string, send: () => void): void {
    let node = this.#byNode.get(incarnation);
    if (node === undefined) {
      node = { frames: new Map(), acknowledged: 0, waitMs: Infinity, cancelTimer: () => undefined };
      this.#byNode.set(incarnation, node);
    }
    node.frames.delete(name);
    node.frames.set(name, send);
    this.#hasten(incarnation, node);
  }

  /** Sends some of the frames of a node now, and goes on as if they had been sent before. */
  sendSome({ incarnation }: NodeIdentity): void {
    const node = this.#byNode.get(incarnation);
    if (node !== undefined) this.#sendAgain(incarnation, node);
  }

  /** Sends the frames of a node again soon: it is back. */
  hasten({ incarnation }: NodeIdentity): void {
    const node = this.#byNode.get(incarnation);
    if (node !== undefined) this.#hasten(incarnation, node);
  }

  /** Stops, because the frame was acknowledged or is not needed any more. @returns Whether it was under way. */
  stop({ incarnation }: Pick<NodeIdentity, 'incarnation'>, name: string): boolean {
    const node = this.#byNode.get(incarnation);
    if (node?.frames.delete(name) !== true) return false;
    node.acknowledged += 1;
    if (node.frames.size === 0) this.#drop(incarnation, node);
    return true;
  }

  /** Stops everything for a node that is gone. */
  nodeLost({ incarnation }: NodeIdentity): void {
    const node = this.#byNode.get(incarnation);
    if (node !== undefined) this.#drop(incarnation, node);
  }

  /** Stops all. */
  stopAll(): void {
    for (const [incarnation, node] of this.#byNode) this.#drop(incarnation, node);
  }

  #drop(incarnation: string, { cancelTimer }: Unacknowledged): void {
    cancelTimer();
    this.#byNode.delete(incarnation);
  }

  #hasten(incarnation: string, node: Unacknowledged): void {
    if (node.waitMs === FIRST_WAIT_MS) return;
    node.waitMs = FIRST_WAIT_MS;
    this.#sendLater(incarnation, node);
  }

  #sendLater(incarnation: string, node: Unacknowledged): void {
    node.cancelTimer();
    node.cancelTimer = this.#timers.setTimer(node.waitMs, () => this.#sendAgain(incarnation, node));
  }

  #sendAgain(incarnation: string, node: Unacknowledged): void {
    const { frames, acknowledged } = node;
    const most = Math.min(Math.max(FEWEST, 2 * acknowledged), MOST);
    node.waitMs = acknowledged > 0 ? FIRST_WAIT_MS : Math.min(node.waitMs * 2, LONGEST_WAIT_MS);
    node.acknowledged = 0;
    this.#sendLater(incarnation, node);
    let left = Math.min(most, frames.size);
    for (const [name, send] of frames) {
      if (left === 0) break;
      left -= 1;
      frames.delete(name);
      frames.set(name, send);
      send();
    }
  }
}
