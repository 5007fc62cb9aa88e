import type { Result } from '../support/result';
import { isCost } from './direction';
import { type Interval, intervalOf } from './interval';

/** What one round of an area found on both sides, one right after the other. */
export interface Round {
  readonly here: readonly Result[];
  readonly there: readonly Result[];
}

/**
 * What the rounds say of a figure. `worse` and `better`: the whole interval lies beyond {@link TOLERANCE}. `held`: the whole
 * interval says that it is not worse by so much. `unclear`: neither, so it may be.
 */
export type Verdict = 'worse' | 'better' | 'held' | 'unclear';

/** One figure that both sides have, and one element of the file of `--json`. */
export interface Comparison {
  readonly area: string;
  readonly name: string;
  readonly unit: string;
  /** Whether less of it is better. */
  readonly cost: boolean;
  /** One figure per round, in the same order on both sides. */
  readonly here: readonly number[];
  readonly there: readonly number[];
  /** Of here / there; null if a figure is not positive, or there is one round only. */
  readonly ratio: Interval | null;
  /** null in a quick run, which judges nothing. */
  readonly verdict: Verdict | null;
}

/** What two suites say of each other. */
export interface Findings {
  readonly compared: readonly Comparison[];
  /** Figures of one side only, or of another unit on the other. */
  readonly onlyHere: readonly Result[];
  readonly onlyThere: readonly Result[];
}

/**
 * How many times as much a figure may cost: 10 % more of what is spent, and of what is done in a second the same in
 * reverse, 1 / 1.1 of it.
 */
export const TOLERANCE = 1.1;

/** Compares the figures of one area by their names. A quick run is not judged. */
export function compare(rounds: readonly Round[], quick: boolean): Findings {
  const here = gather(rounds.map((round) => round.here));
  const there = gather(rounds.map((round) => round.there));
  const compared: Comparison[] = [];
  for (const [key, { result, values }] of here) {
    const other = there.get(key);
    if (other === undefined) continue;
    const { area, name, unit } = result;
    const cost = isCost(result);
    const ratio = intervalOf(values.map((value, round) => value / other.values[round])) ?? null;
    const verdict = quick ? null : judge(ratio, cost);
    compared.push({ area, name, unit, cost, here: values, there: other.values, ratio, verdict });
  }
  return { compared, onlyHere: missingIn(there, here), onlyThere: missingIn(here, there) };
}

/** A figure of one side: how it was described first, and its value in each round. */
interface Gathered {
  readonly result: Result;
  readonly values: number[];
}

/** By name and unit: what has another unit is another figure. */
function gather(rounds: readonly (readonly Result[])[]): ReadonlyMap<string, Gathered> {
  const gathered = new Map<string, Gathered>();
  for (const [round, results] of rounds.entries()) {
    for (const result of results) {
      const key = `${result.name} ${result.unit}`;
      const known = gathered.get(key) ?? { result, values: rounds.map(() => Number.NaN) };
      gathered.set(key, known);
      known.values[round] = result.value;
    }
  }
  return gathered;
}

function missingIn(
  others: ReadonlyMap<string, Gathered>,
  all: ReadonlyMap<string, Gathered>,
): readonly Result[] {
  return [...all].filter(([key]) => !others.has(key)).map(([, { result }]) => result);
}

function judge(ratio: Interval | null, cost: boolean): Verdict {
  if (ratio === null) return 'unclear';
  const [least, most] = cost ? [ratio.low, ratio.high] : [1 / ratio.high, 1 / ratio.low];
  if (least > TOLERANCE) return 'worse';
  if (most < 1 / TOLERANCE) return 'better';
  return most > TOLERANCE ? 'unclear' : 'held';
}
