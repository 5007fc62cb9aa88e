/** An estimated ratio, and between what it lies with a confidence of 95 %. */
export interface Interval {
  /** Geometric mean: 2 and 0.5 come to 1. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % quantiles of Student's distribution, by degrees of freedom from 1 on. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * Estimates a ratio from ratios that were measured, by Student's interval for the mean of their logarithms. A bootstrap
 * would have five or six of them to draw from, and come to an interval that is too narrow.
 *
 * @returns Undefined if there are fewer than two, or one that is no positive number: nothing follows from these.
 */
export function intervalOf(ratios: readonly number[]): Interval | undefined {
  const count = ratios.length;
  if (count < 2 || !ratios.every((ratio) => ratio > 0 && Number.isFinite(ratio))) return undefined;
  const logs = ratios.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / count;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (count - 1);
  const reach = quantile(count - 1) * Math.sqrt(variance / count);
  return { mean: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) };
}

/** Beyond the list the last one, which is a little too large: the interval is rather too wide than too narrow. */
function quantile(degreesOfFreedom: number): number {
  return STUDENT[Math.min(degreesOfFreedom, STUDENT.length) - 1];
}
