import { NO_MATCH, type CompiledSpec, type MatchContext } from '../match';
import type { Entry, Row, Table } from '../table';
import type { Key } from '../term';
import type { Delivery } from './delivery';
import type { View } from './observation';

/** One result of a live query. */
export interface LiveRow<E = Entry> {
  /** The entry's id: an entry has at most one result, which keeps the id through updates. */
  readonly id: string;
  /** The entry that matched. */
  readonly entry: E;
  /** What the body of the first matching clause comes to; the entry itself for a predicate. */
  readonly value: unknown;
}

/** How the result of a live query changed: rows are in the order of the operation. */
export interface LiveChange<E = Entry> {
  /** Rows that had no result before; in the first change all there are. */
  readonly added: readonly LiveRow<E>[];
  /** As they were last. */
  readonly removed: readonly LiveRow<E>[];
  /** Rows whose entries got another value and still match, as they are now. */
  readonly changed: readonly LiveRow<E>[];
}

/** The result of one query for one subscription, kept up to date by looking at nothing but the rows of each change. */
export class LiveQuery implements View<LiveChange> {
  /** Changes of other keys cannot touch the result, if the query names its key. */
  readonly key: Key | undefined;
  readonly #spec: CompiledSpec;
  readonly #context: MatchContext;
  readonly #table: Table;
  /** The result, by entry id. */
  readonly #rows = new Map<string, LiveRow>();

  constructor(spec: CompiledSpec, context: MatchContext, table: Table) {
    this.key = spec.literalKey;
    this.#spec = spec;
    this.#context = context;
    this.#table = table;
  }

  snapshot(): LiveChange {
    const candidates = this.key === undefined ? this.#table.rows() : this.#table.rowsOf(this.key);
    return changeOf({ added: candidates.flatMap((row) => this.#evaluate(row)) });
  }

  after({ change: { kind, rows } }: Delivery): LiveChange | undefined {
    const result =
      kind === 'join' ? this.#join(rows) : kind === 'leave' ? this.#leave(rows) : this.#update(rows);
    return result.added.length + result.removed.length + result.changed.length > 0 ? result : undefined;
  }

  #join(rows: readonly Row[]): LiveChange {
    return changeOf({ added: rows.flatMap((row) => this.#evaluate(row)) });
  }

  #leave(rows: readonly Row[]): LiveChange {
    return changeOf({ removed: rows.flatMap(({ entry }) => this.#remove(entry.id)) });
  }

  #update(rows: readonly Row[]): LiveChange {
    const added: LiveRow[] = [];
    const removed: LiveRow[] = [];
    const changed: LiveRow[] = [];
    for (const row of rows) {
      const before = this.#remove(row.entry.id);
      const now = this.#evaluate(row);
      if (before.length === 0) added.push(...now);
      else if (now.length === 0) removed.push(...before);
      else changed.push(...now);
    }
    return changeOf({ added, removed, changed });
  }

  /** The row's result, or nothing if it does not match. */
  #evaluate(row: Row): readonly LiveRow[] {
    const value = this.#spec.select(row, this.#context);
    if (value === NO_MATCH) return [];
    const { entry } = row;
    const result = Object.freeze({ id: entry.id, entry, value });
    this.#rows.set(entry.id, result);
    return [result];
  }

  #remove(id: string): readonly LiveRow[] {
    const row = this.#rows.get(id);
    if (row === undefined) return [];
    this.#rows.delete(id);
    return [row];
  }
}

function changeOf({ added = [], removed = [], changed = [] }: Partial<LiveChange>): LiveChange {
  return Object.freeze({
    added: Object.freeze(added),
    removed: Object.freeze(removed),
    changed: Object.freeze(changed),
  });
}
