import type { Result } from './support/result';

/** What a run of several areas came to. */
export interface Measured {
  readonly results: readonly Result[];
  /** Why areas could not be measured, by their names. What such an area had found until then is among the results. */
  readonly failures: ReadonlyMap<string, Error>;
}

/**
 * Measures areas one after the other, and goes on with the next when one fails.
 *
 * @param measure Measures one area, and tells each result as it comes.
 * @param keep Gets all results so far whenever an area has ended, so that a run that is cut off keeps what it has.
 */
export async function measureEveryArea(
  names: readonly string[],
  measure: (name: string, onResult: (result: Result) => void) => Promise<void>,
  keep: (results: readonly Result[]) => void,
): Promise<Measured> {
  const results: Result[] = [];
  const failures = new Map<string, Error>();
  for (const name of names) {
    try {
      await measure(name, (result) => results.push(result));
    } catch (error) {
      failures.set(name, error as Error);
    }
    keep(results);
  }
  return { results, failures };
}
