import { SeededRandom } from '../../support/seeded-random';

/** The same order in every run, and none that a cache or a branch predictor could know. */
export function shuffled<T>(items: readonly T[]): T[] {
  return new SeededRandom(1).shuffled(items);
}
