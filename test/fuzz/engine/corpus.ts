import type { SeededRandom } from '../../support/seeded-random';
import { encodeInput, sizeOf } from './input';
import type { ReadInput } from './mutation';

/** What an execution did. */
export interface Execution {
  /** Blocks entered, each with the magnitude of its count (`BlockCounts`). */
  readonly features: readonly number[];
  /** What it cost, as a share of what the target allows an input of its size. */
  readonly share: number;
}

/** An input that was kept, and why. */
export interface Kept extends ReadInput {
  readonly features: readonly number[];
  /** In bytes. */
  readonly size: number;
  readonly share: number;
  /** How often it was chosen. */
  chosen: number;
}

/** Small inputs are run faster, and changed in the right place more often. */
function priceOf({ chosen, size }: Kept): number {
  return (chosen + 1) * (size + 200);
}

/** How many inputs are changed more often because they cost much for their size. */
const MOST_EXPENSIVE = 16;

/** The inputs of one target that taught something: each covers a block, or a block more often, than all others; or it costs more for its size. */
export class Corpus {
  readonly #kept: Kept[] = [];
  /** The smallest input that has each feature. */
  readonly #holders = new Map<number, Kept>();
  #expensive: Kept[] = [];
  #favouredInputs: readonly Kept[] = [];
  /** How many inputs were kept when the favoured ones were listed. */
  #favouredOf = 0;

  get size(): number {
    return this.#kept.length;
  }

  /** How many blocks, each with the magnitudes of its count, are covered. */
  get features(): number {
    return this.#holders.size;
  }

  /** The largest share of what it is allowed that an input has cost. */
  get largestShare(): number {
    return this.#expensive[0]?.share ?? 0;
  }

  /** Whether an input with these figures teaches something. */
  isNews({ features, share }: Execution): boolean {
    if (share > this.largestShare * 1.02) return true;
    return features.some((feature) => !this.#holders.has(feature));
  }

  /** Keeps an input. */
  add(read: ReadInput, { features, share }: Execution): void {
    const size = sizeOf(read.input);
    const kept: Kept = { ...read, features, size, share, chosen: 0 };
    this.#kept.push(kept);
    for (const feature of features) {
      const holder = this.#holders.get(feature);
      if (holder === undefined || size < holder.size) this.#holders.set(feature, kept);
    }
    this.#expensive = [...this.#expensive, kept]
      .toSorted((a, b) => b.share - a.share)
      .slice(0, MOST_EXPENSIVE);
  }

  /** Chooses an input to change: of a few drawn ones the one that was chosen least for its size; sometimes one of the most expensive. */
  choose(random: SeededRandom): Kept {
    const candidates = random.chance(0.2) ? this.#expensive : this.#favoured();
    let chosen = random.pick(candidates);
    for (let tries = 0; tries < 3; tries += 1) {
      const other = random.pick(candidates);
      if (priceOf(other) < priceOf(chosen)) chosen = other;
    }
    chosen.chosen += 1;
    return chosen;
  }

  /** The inputs that are the smallest with some feature. */
  #favoured(): readonly Kept[] {
    if (this.#kept.length > this.#favouredOf) {
      this.#favouredOf = this.#kept.length;
      this.#favouredInputs = [...new Set(this.#holders.values())];
    }
    return this.#favouredInputs;
  }

  /** Inputs that together cover all that is covered, in at most `maxBytes` of text, and the most expensive of them; as lines, the shortest first. */
  minimised(maxBytes: number): string[] {
    const lines = new Set<string>();
    const covered = new Set<number>();
    let bytes = 0;
    const keep = (kept: Kept): void => {
      const line = encodeInput(kept.input);
      if (lines.has(line) || bytes + line.length > maxBytes) return;
      lines.add(line);
      bytes += line.length + 1;
      for (const feature of kept.features) covered.add(feature);
    };
    for (const kept of this.#expensive.slice(0, 4)) keep(kept);
    // Rare features first: the inputs that have them often have the common ones, too.
    const owners = new Map<number, number>();
    for (const { features } of this.#kept)
      for (const feature of features) owners.set(feature, (owners.get(feature) ?? 0) + 1);
    const rarest = [...this.#holders.keys()].toSorted((a, b) => owners.get(a)! - owners.get(b)! || a - b);
    for (const feature of rarest) if (!covered.has(feature)) keep(this.#holders.get(feature)!);
    return [...lines].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  }
}
