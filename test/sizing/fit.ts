import type { Calculator, Coefficients } from './calculator';
import type { Cost, Point } from './load';

/** The fit makes the largest errors small, not their sum: this power weighs them. */
const POWER = 8;
const ROUNDS = 20_000;

/** How far the formula is from each figure that was measured, as a part of it. */
export function errorsOf(
  points: readonly Point[],
  size: Calculator['size'],
  coefficients?: Coefficients,
): readonly { readonly point: Point; readonly figure: keyof Cost; readonly error: number }[] {
  return points.flatMap((point) => {
    const computed = size(point.load, coefficients);
    return (Object.keys(point.cost) as (keyof Cost)[]).map((figure) => ({
      point,
      figure,
      error: computed[figure] / point.cost[figure]! - 1,
    }));
  });
}

/** Finds the coefficients with which the formula is nearest to the points, beginning with those of the page. */
export function fit(points: readonly Point[], { size, coefficients }: Calculator): Coefficients {
  const names = Object.keys(coefficients);
  const at = (logs: readonly number[]): Coefficients =>
    Object.fromEntries(names.map((name, i) => [name, Math.exp(logs[i])]));
  const distance = (logs: readonly number[]): number =>
    errorsOf(points, size, at(logs)).reduce((sum, { error }) => sum + Math.abs(error) ** POWER, 0);
  return at(
    descend(
      names.map((name) => Math.log(coefficients[name])),
      distance,
    ),
  );
}

/** Tries steps along each axis, longer ones where they help and shorter ones where they do not. */
function descend(from: readonly number[], distance: (at: readonly number[]) => number): readonly number[] {
  let best = [...from];
  let least = distance(best);
  const steps = from.map(() => 0.1);
  for (let round = 0; round < ROUNDS && Math.max(...steps.map(Math.abs)) > 1e-6; round += 1) {
    for (const axis of steps.keys()) {
      const next = best.with(axis, best[axis] + steps[axis]);
      const there = distance(next);
      if (there < least) {
        best = next;
        least = there;
        steps[axis] *= 1.5;
      } else steps[axis] *= -0.6;
    }
  }
  return best;
}
