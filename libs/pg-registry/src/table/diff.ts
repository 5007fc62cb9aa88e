/*
 * What one operation changed. Every mutation of the table returns a diff; `scope/feed.ts` is the only place that turns diffs into events,
 * and `replication/operation-body.ts` writes the diff of a local write as the operation that travels.
 */
import { type Key, keyToken } from '../term';
import { shareKey, type Row } from './row';

/** The change that one operation made to one key. Rows are in the order of the operation. */
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
 * All that one operation changed, in order; empty when nothing happened.
 *
 * Rows never change, so a diff may be delivered or encoded at any later time and is still exact.
 * The diff of a local write *is* the operation that is replicated.
 */
export type Diff = readonly Change[];

/** The diff of an operation that changed nothing. */
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
 * One join or leave per key, for rows of any keys: keys in order of their first row, rows in the given order.
 * Cost: linear.
 */
export function changePerKey(kind: 'join' | 'leave', rows: readonly Row[]): Diff {
  if (haveOneKey(rows)) return oneChange(kind, rows);
  const byKey = new Map<unknown, Row[]>();
  for (const row of rows) {
    const key = groupOf(row);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [row]);
    else known.push(row);
  }
  return Array.from(byKey.values(), (ofKey) => ({ kind, key: ofKey[0].key, rows: ofKey }));
}

/** One update per key; `old[i]` is what `rows[i]` replaced. Order and cost as in {@link changePerKey}. */
export function updatePerKey(rows: readonly Row[], old: readonly Row[]): Diff {
  if (haveOneKey(rows)) return oneUpdate(rows, old);
  const byKey = new Map<unknown, { rows: Row[]; old: Row[] }>();
  rows.forEach((row, at) => {
    const key = groupOf(row);
    let known = byKey.get(key);
    if (known === undefined) byKey.set(key, (known = { rows: [], old: [] }));
    known.rows.push(row);
    known.old.push(old[at]);
  });
  return Array.from(byKey.values(), (group) => ({ kind: 'update', key: group.rows[0].key, ...group }));
}

/** What the rows of one key share, and V8 hashes with a seed; of an object the identity is enough. */
function groupOf({ key }: Row): unknown {
  return typeof key === 'object' ? key : keyToken(key);
}

function haveOneKey(rows: readonly Row[]): boolean {
  for (let at = 1; at < rows.length; at += 1) if (!shareKey(rows[at], rows[0])) return false;
  return true;
}
