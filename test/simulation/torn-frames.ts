import type { SeededRandom } from '../support/seeded-random';
import { decodeCaptured, encodeForged } from './forged-frames';
import { OWN_VERSIONS } from '../../libs/pg-registry/src/wire';

/** Tears the frames of a hostile peer's own node: syncs that never end, pieces that never come, answers twice or not at all. */
export class TornFrames {
  readonly #torn = new Set<RegExp>();
  readonly #random: SeededRandom;
  readonly #lives: readonly string[];

  /** @param lives Incarnations of the node, those that are over among them */
  constructor(random: SeededRandom, lives: readonly string[]) {
    this.#random = random;
    this.#lives = lives;
  }

  /** Begins to tear frames on subjects of this kind, or ends it. */
  toggle(subjects: RegExp): void {
    if (!this.#torn.delete(subjects)) this.#torn.add(subjects);
  }

  /** Returns what is sent instead of a frame. */
  of(subject: string, bytes: Uint8Array): readonly Uint8Array[] {
    if (![...this.#torn].some((subjects) => subjects.test(subject))) return [bytes];
    const random = this.#random;
    return random.weighted<() => readonly Uint8Array[]>([
      [3, () => [bytes]],
      [3, () => []],
      [2, () => [bytes, bytes.slice()]],
      [1, () => [bytes.slice(0, random.below(bytes.length))]],
      [2, () => [this.#changed(bytes)]],
      [1, () => [this.#ofOtherLife(bytes), bytes]],
    ])();
  }

  #changed(bytes: Uint8Array): Uint8Array {
    const { body, ...envelope } = decodeCaptured(bytes);
    const changed = body.slice();
    if (changed.length > 0) changed[this.#random.below(changed.length)] = this.#random.below(256);
    return encodeForged({ ...envelope, versions: OWN_VERSIONS }, changed);
  }

  #ofOtherLife(bytes: Uint8Array): Uint8Array {
    const { body, ...envelope } = decodeCaptured(bytes);
    const incarnation = this.#random.pick(this.#lives);
    return encodeForged({ ...envelope, versions: OWN_VERSIONS, incarnation }, body);
  }
}
