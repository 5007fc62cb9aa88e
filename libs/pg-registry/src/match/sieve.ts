import type { Value, ValueRecord } from '../term';
import type { MatchRow } from './evaluation';

/** A property that the value of every matching row has, compared by `===`. */
export type LiteralProperty = readonly [name: string, literal: Value];

/** Some rows, and their values in the same order. */
export interface RowPage<R extends MatchRow> {
  readonly rows: readonly R[];
  readonly values: readonly Value[];
}

/** The rows, of all pages in order, whose values have certain properties. A matching row is among them; others may be. */
export type Sieve = <R extends MatchRow>(pages: readonly RowPage<R>[]) => readonly R[];

/**
 * Makes the loop that a query of a whole table runs first, so that most rows need not go through its closures.
 * It reads the values from an array of their own and does not wait for the memory of the rows that it leaves out.
 *
 * @returns Undefined without properties
 */
export function sieveFor(properties: readonly LiteralProperty[]): Sieve | undefined {
  if (properties.length === 0) return undefined;
  // The first property is tested in the loop itself: most rows fail there, and most queries have no second one.
  const [[name, literal], ...others] = properties;
  return <R extends MatchRow>(pages: readonly RowPage<R>[]): R[] => {
    const kept: R[] = [];
    for (const { rows, values } of pages) {
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at];
        if (isObject(value) && value[name] === literal && hasAll(value, others)) kept.push(rows[at]);
      }
    }
    return kept;
  };
}

function hasAll(value: ValueRecord, properties: readonly LiteralProperty[]): boolean {
  for (const [name, literal] of properties) if (value[name] !== literal) return false;
  return true;
}

/** Whatever has properties. The names are such that only plain objects have them, see `literalProperties`. */
function isObject(value: Value): value is ValueRecord {
  return typeof value === 'object' && value !== null;
}
