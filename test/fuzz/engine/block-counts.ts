/** What `instrument.cjs` puts into the global object. */
interface Blocks {
  /** How often each block was entered. */
  readonly counts: Uint32Array;
  /** Where each block is: `wire/codec/reader.ts:12`, a line of the compiled module. */
  readonly places: readonly string[];
}

/** How often something happened, to the next power of two: one more is no news, twice as often is. */
function magnitudeOf(count: number): number {
  return 32 - Math.clz32(count);
}

/** Beyond this magnitude a count alone is no news: it only says that the input is long. */
const MOST_MAGNITUDE = 4;
/** More than any block is entered for each byte. */
const MOST_DENSITY = 27;
const FEATURES_OF_A_BLOCK = MOST_MAGNITUDE + MOST_DENSITY + 1;

/** The counters of the library's blocks. Without `instrument.cjs` there are none, and nothing is ever counted. */
export class BlockCounts {
  readonly #blocks: Blocks;

  constructor() {
    this.#blocks = (globalThis as { pgRegistryBlocks?: Blocks }).pgRegistryBlocks ?? {
      counts: new Uint32Array(0),
      places: [],
    };
  }

  /** How many blocks the modules have that are loaded by now. */
  get size(): number {
    return this.#blocks.places.length;
  }

  reset(): void {
    this.#blocks.counts.fill(0, 0, this.size);
  }

  /** How many blocks were entered since {@link reset}. */
  get total(): number {
    const { counts } = this.#blocks;
    let total = 0;
    for (let block = 0; block < this.size; block += 1) total += counts[block];
    return total;
  }

  /**
   * What was entered since {@link reset}, as numbers: each block with the magnitude of its count, and each block that was entered more often
   * than there are bytes with the magnitude of how much more often.
   */
  features(bytes: number): number[] {
    const { counts } = this.#blocks;
    const features: number[] = [];
    for (let block = 0; block < this.size; block += 1) {
      const count = counts[block];
      if (count === 0) continue;
      const first = block * FEATURES_OF_A_BLOCK;
      features.push(first + Math.min(magnitudeOf(count), MOST_MAGNITUDE));
      const density = Math.min(magnitudeOf(count / bytes), MOST_DENSITY);
      if (density > 0) features.push(first + MOST_MAGNITUDE + density);
    }
    return features;
  }

  /** The blocks that were entered most since {@link reset}, as text: where a cost comes from. */
  hottest(most: number): string[] {
    const { counts, places } = this.#blocks;
    return places
      .map((place, block) => ({ place, count: counts[block] }))
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => b.count - a.count)
      .slice(0, most)
      .map(({ place, count }) => `${place} × ${count}`);
  }
}
