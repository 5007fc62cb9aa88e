import { type Frame, incarnationOf } from '../../libs/pg-registry/src/wire';
import type { SeededRandom } from '../support/seeded-random';
import { type CapturedFrame, decodeCaptured, type KnownScope, scopesOf } from './forged-frames';

/** Subjects on which nodes introduce themselves. */
const HELLO = /\.hello\b/;
const MAX_CAPTURED = 400;

/** The frames that a hostile peer has sent and heard, and what they tell it of other nodes. */
export class Overheard {
  readonly frames: CapturedFrame[] = [];
  /** What each node last said of its scopes. */
  readonly scopes = new Map<string, Map<string, KnownScope>>();

  readonly #hellos = new Map<string, Frame>();
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  take(frame: CapturedFrame): void {
    if (HELLO.test(frame.subject)) this.#learnScopes(decodeCaptured(frame.bytes));
    if (this.frames.length < MAX_CAPTURED) this.frames.push(frame);
    else this.frames[this.#random.below(MAX_CAPTURED)] = frame;
  }

  /** Calls `act` with one of them, if there is any. */
  withOne(act: (frame: CapturedFrame) => void): void {
    if (this.frames.length > 0) act(this.#random.pick(this.frames));
  }

  /** The last frame of a node. */
  lastOf(node: string): Frame | undefined {
    const captured = this.frames.findLast(({ bytes }) => decodeCaptured(bytes).node === node);
    return captured && decodeCaptured(captured.bytes);
  }

  /** The last hello of a node. */
  lastHelloOf(node: string): Frame | undefined {
    return this.#hellos.get(node);
  }

  /** The node of an incarnation. */
  nodeOf(incarnation: string): string | undefined {
    const captured = this.frames.find(({ bytes }) => decodeCaptured(bytes).incarnation === incarnation);
    return captured && decodeCaptured(captured.bytes).node;
  }

  /** The incarnation of a node, as far as it was overheard. */
  incarnationOf(name: string): string {
    const captured = this.frames.find(({ bytes }) => decodeCaptured(bytes).node === name);
    return captured === undefined ? this.randomIncarnation() : decodeCaptured(captured.bytes).incarnation;
  }

  randomIncarnation(): string {
    if (this.frames.length === 0) return incarnationOf('m', 1);
    return decodeCaptured(this.#random.pick(this.frames).bytes).incarnation;
  }

  #learnScopes(frame: Frame): void {
    if (frame.kind === 'hello') this.#hellos.set(frame.node, frame);
    const scopes = this.scopes.get(frame.node) ?? new Map<string, KnownScope>();
    for (const known of scopesOf(frame)) scopes.set(known.scope, known);
    this.scopes.set(frame.node, scopes);
  }
}
