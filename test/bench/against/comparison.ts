import type { Result } from '../support/result';
import { isCost } from './direction';
import { type Interval, intervalOf } from './interval';

/** What one round of an area found on both sides, one right after the other. */
export interface Round {
  readonly here: readonly Result[];
  readonly there: readonly Result[];
}

/**
 * What the rounds say of a figure. `worse` and `better`: the whole interval lies beyond the tolerance. `held`: the whole
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
 * Compares the figures of one area by their names.
 *
 * @param within How many percent more a figure may cost: at 10, 1.1 × of what is spent, and of what is done in a second
 *   the same in reverse, 1 / 1.1 of it. Undefined in a quick run, which is not judged
 */
export function compare(rounds: readonly Round[], within: number | undefined): Findings {
  const here = gather(rounds.map((round) => round.here));
  const there = gather(rounds.map((round) => round.there));
  const compared: Comparison[] = [];
  for (const [key, { result, values }] of here) {
    const other = there.get(key);
    if (other === undefined) continue;
    const { area, name, unit } = result;
    const figure = { area, name, unit, cost: isCost(result), here: values, there: other.values };
    compared.push(estimate(figure, within));
  }
  return { compared, onlyHere: missingIn(there, here), onlyThere: missingIn(here, there) };
}

/** Adds the rounds of a later comparison to those of an earlier one of the same two, and judges by all of them. */
export function addRounds(
  earlier: readonly Comparison[],
  later: readonly Comparison[],
  within: number | undefined,
): readonly Comparison[] {
  const all = new Map(earlier.map((figure) => [keyOf(figure), figure]));
  for (const figure of later) {
    const known = all.get(keyOf(figure)) ?? { here: [], there: [] };
    const [here, there] = [
      [...known.here, ...figure.here],
      [...known.there, ...figure.there],
    ];
    all.set(keyOf(figure), estimate({ ...figure, here, there }, within));
  }
  return [...all.values()];
}

/**
 * How many times as much some figures cost here, all together: of each round the geometric mean of them, whose chance differences partly
 * cancel out. A figure that is missing in a round, or was not positive, does not count.
 *
 * @returns Undefined if there are fewer than two figures, or two rounds
 */
export function costOfAll(compared: readonly Comparison[]): Interval | undefined {
  const usable = compared.filter(({ ratio }) => ratio !== null);
  const rounds = Math.min(...usable.map(({ here }) => here.length));
  if (usable.length < 2) return undefined;
  const ofRound = (round: number): number => {
    const logs = usable.map(
      ({ here, there, cost }) => (cost ? 1 : -1) * Math.log(here[round] / there[round]),
    );
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  };
  return intervalOf(Array.from({ length: rounds }, (_, round) => ofRound(round)));
}

function keyOf({ area, name, unit }: Comparison): string {
  return JSON.stringify([area, name, unit]);
}

function estimate(figure: Omit<Comparison, 'ratio' | 'verdict'>, within: number | undefined): Comparison {
  const { here, there, cost } = figure;
  const ratio = intervalOf(here.map((value, round) => value / there[round])) ?? null;
  return { ...figure, ratio, verdict: within === undefined ? null : judge(ratio, cost, 1 + within / 100) };
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

function judge(ratio: Interval | null, cost: boolean, tolerance: number): Verdict {
  if (ratio === null) return 'unclear';
  const [least, most] = cost ? [ratio.low, ratio.high] : [1 / ratio.high, 1 / ratio.low];
  if (least > tolerance) return 'worse';
  if (most < 1 / tolerance) return 'better';
  return most > tolerance ? 'unclear' : 'held';
}
