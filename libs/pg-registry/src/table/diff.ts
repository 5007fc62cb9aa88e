/*
 * What one write changed. Every mutation of the table returns a diff; `scope/feed.ts` is the only place that turns diffs into events,
 * and `replication/operation-body.ts` writes the diff of a local write as the operations that travel.
 */
import { type Key, keyToken } from '../term';
import { shareKey, type Row, type RowsOfKey } from './row';

/** The change that one write made to one key. Rows are in the order of the write. */
export type Change =
  | { readonly kind: 'join'; readonly key: Key; readonly rows: readonly Row[] }
  | { readonly kind: 'leave'; readonly key: Key; readonly rows: readonly Row[] }
  /** `old[i]` stood where `rows[i]` stands now. */
  | {
      readonly kind: 'update';
      readonly key: Key;
      readonly rows: readonly Row[];
      readonly old: readonly Row[];
    };

/**
 * All that one write changed, in order; empty when nothing happened.
 *
 * Rows never change, so a diff may be delivered or encoded at any later time and is still exact.
 * The diff of a local write *is* what is replicated: one operation, or several, see {@link operationsOf}.
 */
export type Diff = readonly Change[];

/**
 * The most entries of one operation: what a peer applies without a pause that anybody notices. A write of more is several operations
 * with consecutive numbers, and each entry has the revision of its own.
 */
export const MOST_ENTRIES = 2000;

/** The diff of a write that changed nothing. */
export const NO_CHANGE: Diff = Object.freeze([]);

/** The diff that consists of one change, all rows being of one key. */
export function oneChange(kind: 'join' | 'leave', rows: readonly Row[]): Diff {
  return rows.length === 0 ? NO_CHANGE : [{ kind, key: rows[0].key, rows }];
}

/** The diff that consists of one update; `old[i]` is what `rows[i]` replaced. All rows are of one key. */
export function oneUpdate(rows: readonly Row[], old: readonly Row[]): Diff {
  return rows.length === 0 ? NO_CHANGE : [{ kind: 'update', key: rows[0].key, rows, old }];
}

/**
 * Cuts the diff of a write into the operations that travel, each of at most {@link MOST_ENTRIES} entries; what fits into one stays as it
 * is. Entries stay in order: of a join or update the `i`th is in operation `i / MOST_ENTRIES`. Cost: linear.
 */
export function operationsOf(diff: Diff): readonly Diff[] {
  const operations: Diff[] = [];
  let changes: Change[] = [];
  let room = MOST_ENTRIES;
  for (const change of diff) {
    let from = 0;
    while (from < change.rows.length) {
      const part = partOf(change, from, from + room);
      changes.push(part);
      from += part.rows.length;
      room -= part.rows.length;
      if (room > 0) continue;
      operations.push(changes);
      changes = [];
      room = MOST_ENTRIES;
    }
  }
  if (changes.length > 0) operations.push(changes);
  return operations;
}

function partOf(change: Change, from: number, to: number): Change {
  if (from === 0 && change.rows.length <= to) return change;
  const rows = change.rows.slice(from, to);
  return change.kind === 'update'
    ? { ...change, rows, old: change.old.slice(from, to) }
    : { ...change, rows };
}

/**
 * One join or leave per key, for rows of any keys: keys in order of their first row, rows in the given order.
 * Cost: linear.
 *
 * @param siblings Those that each row had before it left, if the caller knows them: without them, a large bigint takes its length.
 */
export function changePerKey(kind: 'join' | 'leave', rows: readonly Row[], siblings?: Siblings): Diff {
  if (haveOneKey(rows)) return oneChange(kind, rows);
  const byKey = new Map<unknown, Row[]>();
  rows.forEach((row, at) => {
    const key = siblings?.[at] ?? groupOf(row);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [row]);
    else known.push(row);
  });
  return Array.from(byKey.values(), (ofKey) => ({ kind, key: ofKey[0].key, rows: ofKey }));
}

/**
 * One join per key, for rows that are in the table now; order as in {@link changePerKey}. A row that is alone under its key shares its
 * change with no other, so keys are not compared: this takes a third of the time for a chunk of keys that are all new (31 to
 * 39 instead of 97 to 148 ns a row, in a loop of nothing else).
 */
export function joinPerKey(rows: readonly Row[]): Diff {
  const changes: Change[] = [];
  const shared = new Map<RowsOfKey, Row[]>();
  for (const row of rows) {
    const { key, siblings } = row;
    const known = siblings && shared.get(siblings);
    if (known !== undefined) {
      known.push(row);
      continue;
    }
    const ofKey = [row];
    if (siblings !== undefined) shared.set(siblings, ofKey);
    changes.push({ kind: 'join', key, rows: ofKey });
  }
  return changes;
}

/** One update per key; `old[i]` is what `rows[i]` replaced. Order, cost and `siblings` as in {@link changePerKey}. */
export function updatePerKey(rows: readonly Row[], old: readonly Row[], siblings?: Siblings): Diff {
  if (haveOneKey(rows)) return oneUpdate(rows, old);
  const byKey = new Map<unknown, { rows: Row[]; old: Row[] }>();
  rows.forEach((row, at) => {
    const key = siblings?.[at] ?? groupOf(row);
    let known = byKey.get(key);
    if (known === undefined) byKey.set(key, (known = { rows: [], old: [] }));
    known.rows.push(row);
    known.old.push(old[at]);
  });
  return Array.from(byKey.values(), (group) => ({ kind: 'update', key: group.rows[0].key, ...group }));
}

/** `row.siblings` of each of some rows of a table, at the moment when each was changed. */
type Siblings = readonly (RowsOfKey | undefined)[];

/** What the rows of one key share, and V8 hashes with a seed; of an object the identity is enough. */
function groupOf({ key }: Row): unknown {
  return typeof key === 'object' ? key : keyToken(key);
}

function haveOneKey(rows: readonly Row[]): boolean {
  for (let at = 1; at < rows.length; at += 1) if (!shareKey(rows[at], rows[0])) return false;
  return true;
}
