/** Whether figures are measured: by `npm run test:faults`, on a machine that has nothing else to do. */
const IS_MEASURED = process.env['PG_REGISTRY_FAULTS'] === 'full';
/** How long something may take at least where other work goes on. */
const LEAST_MS = 5000;

/**
 * The limit for something that is promised to take so many milliseconds: exact in `npm run test:faults`, ten times as long in every other
 * run, where a test has to share its processors with others and must not fail for that.
 */
export function timeLimit(promisedMs: number): number {
  return IS_MEASURED ? promisedMs : Math.max(10 * promisedMs, LEAST_MS);
}
