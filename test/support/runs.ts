/** How many times as many runs a property has; `npm run test:properties` sets it. */
const TIMES = Number(process.env['PG_REGISTRY_RUNS'] ?? 1);

/** How many runs of a property are made: so many in a run of all tests, and a multiple of it in `npm run test:properties`. */
export function runs(count: number): number {
  return count * TIMES;
}
