import { TAG, writeApplied } from './body';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

/** An ask without answer is repeated after this long, then after twice as long, up to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;

/**
 * Measures how long a write takes until a peer has applied it, by one clock. Every `lagSampleMs` one write is followed: its owner
 * asks one peer, another each time, whether it has applied it, and takes the time from the write to the answer.
 *
 * So the figure contains the way back of one small frame. Time stamps in the operations would give the way there alone, but also the
 * difference of two machines' clocks, which is often more than the way takes. A sample is kept while the peer lives, because the
 * longest times matter most. A lost answer adds the time of one repetition to the sample.
 */
export class LagProbe {
  #peer: StreamPeer | undefined;
  #number = 0;
  #writtenAt = 0;
  /** When `tick` has something to do, while connected. */
  deadline = Infinity;
  #asks = 0;
  #samples = 0;

  readonly #deps: StreamDeps;

  constructor(deps: StreamDeps) {
    this.#deps = deps;
  }

  /** Operation `number` was written: follows it until the peer applies it, unless another one is being followed. */
  written(number: number, peers: readonly StreamPeer[], now: number): void {
    if (this.#peer !== undefined || peers.length === 0) return;
    this.#peer = peers[this.#samples % peers.length];
    this.#samples += 1;
    this.#number = number;
    this.#writtenAt = now;
    this.deadline = now;
    this.#asks = 0;
  }

  tick(now: number): void {
    const { budget, scratch, run, output } = this.#deps;
    if (this.#peer === undefined || this.deadline > now || !budget.online) return;
    this.deadline = now + Math.min(FIRST_RETRY_MS * 2 ** this.#asks, LONGEST_RETRY_MS);
    this.#asks += 1;
    output.send(this.#peer, 'applied', writeApplied(scratch, TAG.appliedAsk, run, this.#number));
  }

  /** The peer has applied everything up to `number`. */
  answered({ incarnation }: StreamPeer, number: number, now: number): void {
    if (this.#peer?.incarnation !== incarnation || number < this.#number) return;
    this.#deps.output.lag(this.#peer, now - this.#writtenAt);
    this.#rest();
  }

  /** The peer, or its run of the scope, is gone. */
  dropOut(incarnation: string): void {
    if (this.#peer?.incarnation === incarnation) this.#rest();
  }

  #rest(): void {
    this.#peer = undefined;
    this.deadline = Infinity;
  }
}
