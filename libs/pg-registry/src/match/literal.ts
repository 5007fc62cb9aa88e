import { normalKey, normalValue, PgRegistryError, PIDS_AS_GIVEN, type Key, type Value } from '../term';
import { isRecord, MAX_DEPTH, type Term } from './evaluation';
import { MatchSymbol } from './language';
import { invalidQuery } from './query-error';

/** A literal need not fit the limits of any scope: what it is compared with does. */
const UNLIMITED = { maxKeyBytes: Infinity, maxValueBytes: Infinity, maxDepth: MAX_DEPTH };

/**
 * The normal form of a literal, so that it compares like what is stored, and later changes of the original do no harm.
 *
 * @param where The place of the literal, for the message.
 * @throws InvalidArgumentError if it is no value.
 */
export function normalLiteral(x: unknown, where: string): Value {
  if (typeof x === 'string') return x;
  if (typeof x === 'number') return x + 0; // -0 becomes 0
  return orRefuse(() => normalValue(x, UNLIMITED, PIDS_AS_GIVEN), where);
}

/** As {@link normalLiteral}, for keys. */
export function normalKeyLiteral(x: unknown, where: string): Key {
  return orRefuse(() => normalKey(x, UNLIMITED, PIDS_AS_GIVEN), where);
}

function orRefuse<T>(normal: () => T, where: string): T {
  try {
    return normal();
  } catch (cause) {
    if (!(cause instanceof PgRegistryError)) throw cause;
    const [reason] = cause.message.split('. ');
    throw invalidQuery(where, `: no entry can have this: ${reason}`, { cause });
  }
}

/** As {@link normalLiteral}, but symbols of the library may stand anywhere in arrays and plain objects: they are data. */
export function normalQuote(x: unknown, where: string, depth = 0): Term {
  if (x instanceof MatchSymbol) return x;
  if (depth > MAX_DEPTH) throw invalidQuery(where, ` must not be nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(x)) return Object.freeze(x.map((element) => normalQuote(element, where, depth + 1)));
  if (!isRecord(x)) return normalLiteral(x, where);
  refuseSymbolNames(x, where);
  const names = Object.keys(x);
  return Object.freeze(
    Object.fromEntries(names.map((name) => [name, normalQuote(x[name], where, depth + 1)])),
  );
}

/**
 * Refuses an object with a property whose name is a symbol: no value can have one, and a pattern without it would match more than is
 * meant.
 *
 * @throws InvalidArgumentError with the place and the name.
 */
export function refuseSymbolNames(x: object, where: string): void {
  const [symbol] = Object.getOwnPropertySymbols(x);
  if (symbol === undefined) return;
  throw invalidQuery(where, ` must not have a property named by a symbol (got ${String(symbol)})`);
}

/** Whether a symbol of the library stands in `x` or in the arrays and plain objects inside of it. */
export function containsSymbol(x: unknown, seen = new Set<unknown>()): boolean {
  if (x instanceof MatchSymbol) return true;
  if (!(Array.isArray(x) || isRecord(x)) || seen.has(x)) return false;
  seen.add(x);
  return Object.values(x).some((part) => containsSymbol(part, seen));
}

/** Whether `x` is a primitive of which `===` tells what is the same; it does not of NaN. */
export function isComparedByIdentity(x: unknown): boolean {
  return x === null || (typeof x !== 'object' && typeof x !== 'function' && typeof x !== 'symbol' && x === x);
}
