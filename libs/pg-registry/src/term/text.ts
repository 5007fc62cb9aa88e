import { isArray, isBytes, isDate, isMap, isSet, type ValueRecord } from './value-kind';
import { isPid } from './pid';
import { quote } from './quote';
import { orElse } from './thrown';
import type { Value } from './value';

/** The longest answer of {@link formatKey}, in UTF-16 units. */
const LONGEST_TEXT = 120;
const CUT = '…';

/**
 * A key (or value) as short text for messages and logs, close to how one would write it in code:
 * `['doc', 'a']`, `<orders-1.42>`. At most 120 characters, the rest is cut off; control characters are escaped.
 * Costs no more than what it shows. Not a format to be read back or compared: see `keyToken`.
 */
export function formatKey(key: Value): string {
  const text = orElse(() => format(key, LONGEST_TEXT), 'a value that cannot be read');
  return text.length <= LONGEST_TEXT ? text : text.slice(0, LONGEST_TEXT - 1) + CUT;
}

/** `room` is how many characters still matter. */
function format(value: Value, room: number): string {
  if (typeof value === 'string') return quote(value.length > room ? value.slice(0, room) + CUT : value);
  if (typeof value === 'bigint') return BigInt.asIntN(512, value) === value ? `${value}n` : 'a huge bigint';
  if (typeof value !== 'object' || value === null || isPid(value)) return String(value);
  if (isArray(value)) return list('[', value, ']', room, format);
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (isMap(value)) return list('Map {', value, '}', room, pair);
  if (isSet(value)) return list('Set {', value, '}', room, format);
  if (isBytes(value)) return `${value.byteLength} bytes`;
  return list('{', properties(value), '}', room, property);
}

function* properties(record: ValueRecord): Iterable<readonly [string, Value]> {
  for (const name of Object.keys(record)) yield [name, record[name]];
}

function property([name, value]: readonly [string, Value], room: number): string {
  const label = /^[\p{L}_$][\p{L}\p{N}_$]{0,60}$/u.test(name) ? name : format(name, room);
  return `${label}: ${format(value, room - label.length)}`;
}

function pair([key, value]: readonly [Value, Value], room: number): string {
  const label = format(key, room);
  return `${label} => ${format(value, room - label.length)}`;
}

/** Stops where the room ends, so that a long list costs no more than a short one, and a cycle ends too. */
function list<T>(
  open: string,
  elements: Iterable<T>,
  close: string,
  room: number,
  print: (element: T, room: number) => string,
): string {
  let text = open;
  for (const element of elements) {
    if (text.length > open.length) text += ', ';
    if (text.length >= room) return text + CUT;
    text += print(element, room - text.length);
  }
  return text + close;
}
