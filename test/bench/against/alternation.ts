import type { Result } from '../support/result';
import type { Round } from './comparison';

/** One of the two that are compared: runs an area once, and resolves with its figures. */
export type Side = () => Promise<readonly Result[]>;

/**
 * Runs both sides in turns, never at the same time, and each round in the other order (A B, B A, A B …): a machine that gets
 * slower or faster meanwhile is not taken for a difference between the two.
 *
 * @param onRound Told of each round when it is over: its number, how long it took on each side, in ms, and all rounds so far
 * @param earlier How many rounds an earlier run has made: numbers and order go on from there
 */
export async function alternate(
  rounds: number,
  sides: { readonly here: Side; readonly there: Side },
  onRound: (
    number: number,
    tookMs: { readonly here: number; readonly there: number },
    found: readonly Round[],
  ) => void,
  earlier = 0,
): Promise<readonly Round[]> {
  const found: Round[] = [];
  for (let number = earlier + 1; number <= earlier + rounds; number += 1) {
    const results = { here: [] as readonly Result[], there: [] as readonly Result[] };
    const tookMs = { here: 0, there: 0 };
    const order = number % 2 === 1 ? (['here', 'there'] as const) : (['there', 'here'] as const);
    for (const side of order) {
      const from = performance.now();
      results[side] = await sides[side]();
      tookMs[side] = performance.now() - from;
    }
    found.push(results);
    onRound(number, tookMs, found);
  }
  return found;
}
