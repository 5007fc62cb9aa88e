import { compileSpec, NO_MATCH } from '../match';
import type { Row, Table } from '../table';
import { formatKey, InvalidArgumentError, isArray, type Key, type Pid } from '../term';
import type { EntryFact } from './facts';
import { fromJson, isJsonList, type Json, pidText, toJson } from './json-form';
import { specOf } from './match-json';

/** So many rows are looked at for one page. */
const MOST_ROWS = 4000;
/** A page ends early after this time, in milliseconds. */
const LONGEST_MS = 10;
/** The time is looked at after so many rows. */
const ROWS_PER_LOOK = 64;
/** A page has about so many characters at most. */
const MOST_CHARS = 150_000;
/** A longer key is shown by its beginning; it cannot be asked for. */
const MOST_KEY_CHARS = 8000;
/** How long a value may be in a list. */
const MOST_LISTED_CHARS = 400;

/** What is looked for: entries whose key begins with this, and that match this. */
export interface Search {
  /** A text that the key's text begins with, or an array that an array key begins with. */
  readonly prefix: Json | undefined;
  /** A match spec as JSON: `{ key, pid, value, guards }`. */
  readonly match: Json | undefined;
}

/** One page of a search. */
export interface Found {
  readonly entries: readonly EntryFact[];
  readonly cursor: string | undefined;
  readonly looked: number;
}

/** An entry as JSON. @param mostChars A longer value is shown by its beginning. */
export function entryFact(row: Row, mostChars = MOST_LISTED_CHARS): EntryFact {
  const { pid, key, value, number, revision } = row;
  return {
    id: `${pid.incarnation}:${number}`,
    key: toJson(key, MOST_KEY_CHARS),
    keyText: formatKey(key),
    pid: pidText(pid),
    node: pid.node,
    value: toJson(value, mostChars),
    revision,
  };
}

/**
 * Looks through the entries of a table, owner by owner and each in the order of registration, from a cursor on. A page costs a bounded number of
 * rows and a bounded time, however many there are; entries that are there all the while are found exactly once.
 *
 * @param cursor Where the page before ended: `incarnation:number`.
 * @param node.now Monotonic milliseconds.
 * @param node.self What `self` means in a match spec.
 * @throws InvalidArgumentError for a cursor, a prefix or a match spec that is none.
 */
export function searchEntries(
  table: Table,
  search: Search,
  cursor: string | undefined,
  limit: number,
  node: { readonly now: () => number; readonly self: Pid },
): Found {
  const { now, self } = node;
  const matches = matcherOf(search, self);
  const owners = table.owners().toSorted();
  const start = startOf(cursor, owners);
  const deadline = now() + LONGEST_MS;
  const entries: EntryFact[] = [];
  let looked = 0;
  let chars = 0;
  for (let at = start.owner; at < owners.length; at += 1) {
    const owner = owners[at];
    let number = at === start.owner ? start.number : -1;
    for (;;) {
      const rows = table.rowsAfter(owner, number, ROWS_PER_LOOK);
      for (const row of rows) {
        ({ number } = row);
        looked += 1;
        if (!matches(row)) continue;
        const fact = entryFact(row);
        entries.push(fact);
        chars += JSON.stringify(fact).length;
        if (entries.length >= limit || chars >= MOST_CHARS || now() >= deadline)
          return { entries, cursor: `${owner}:${number}`, looked };
      }
      if (rows.length < ROWS_PER_LOOK) break;
      if (looked >= MOST_ROWS || now() >= deadline) return { entries, cursor: `${owner}:${number}`, looked };
    }
  }
  return { entries, cursor: undefined, looked };
}

/** The owners are sorted, so that a page goes on at the next one if the entries of an owner have gone meanwhile. */
function startOf(
  cursor: string | undefined,
  owners: readonly string[],
): { readonly owner: number; readonly number: number } {
  if (cursor === undefined) return { owner: 0, number: -1 };
  const [, incarnation = '', number = ''] = /^([0-9a-f]{16}):(\d{1,16})$/.exec(cursor) ?? [];
  if (incarnation === '') throw new InvalidArgumentError('The cursor must be one that a page has returned.');
  const owner = owners.findIndex((one) => one >= incarnation);
  if (owner === -1) return { owner: owners.length, number: -1 };
  return { owner, number: owners[owner] === incarnation ? Number(number) : -1 };
}

function matcherOf({ prefix, match }: Search, self: Pid): (row: Row) => boolean {
  const hasPrefix = prefixTest(prefix);
  if (match === undefined) return (row) => hasPrefix(row.key);
  const spec = compileSpec(specOf(match));
  const context = { self };
  return (row) => hasPrefix(row.key) && spec.select(row, context) !== NO_MATCH;
}

function prefixTest(prefix: Json | undefined): (key: Key) => boolean {
  if (prefix === undefined || prefix === '') return () => true;
  if (typeof prefix === 'string')
    return (key) => (typeof key === 'string' ? key : formatKey(key)).startsWith(prefix);
  if (!isJsonList(prefix))
    throw new InvalidArgumentError('A prefix must be a text, or an array of key elements.');
  const texts = prefix.map((element) => JSON.stringify(toJson(fromJson(element))));
  return (key) =>
    isArray(key) &&
    texts.every((text, at) => at < key.length && JSON.stringify(toJson(key[at], text.length)) === text);
}
