import { TAG, writeApplied } from '../body';
import type { StreamDeps } from '../stream-deps';
import type { StreamPeer } from '../stream-output';

/** The asked side of `replicated()`: answers the owner of a stream once everything that it asks about is applied here. */
export class AppliedAnswer {
  /** The operation whose application the owner wants to hear of; 0 if none. */
  wanted = 0;

  readonly #peer: StreamPeer;
  readonly #run: number;
  readonly #deps: StreamDeps;

  /** @param run The owner's run of the scope */
  constructor(peer: StreamPeer, run: number, deps: StreamDeps) {
    this.#peer = peer;
    this.#run = run;
    this.#deps = deps;
  }

  /** The owner asks about operation `number`. */
  want(number: number): void {
    this.wanted = Math.max(this.wanted, number);
  }

  /** Everything up to operation `applied` is applied: answers if that was asked. */
  reached(applied: number): void {
    if (this.wanted === 0 || applied < this.wanted) return;
    this.wanted = 0;
    const { scratch, output } = this.#deps;
    output.send(this.#peer, 'applied', writeApplied(scratch, TAG.appliedAnswer, this.#run, applied));
  }
}
