import { NO_MATCH, type CompiledSpec, type MatchContext } from '../match';
import type { Entry, Row as TableRow, Table } from '../table';
import type { Key } from '../term';
import type { QueuedChange } from './queued-change';
import type { Projection } from './scope-subscription';

/** One result of a live query. */
export interface LiveRow<E = Entry> {
  /** The entry's id. An entry has at most one result, which keeps the id through updates. */
  readonly id: string;
  /** The entry that matched. */
  readonly entry: E;
  /** The result of the body of the first clause that matches; the entry itself for a predicate. */
  readonly value: unknown;
}

/** How one operation changed the results of a live query. Rows are in the order of the operation. */
export interface LiveChange<E = Entry> {
  /** Results of entries that had none before; in the first emission, all results. */
  readonly added: readonly LiveRow<E>[];
  /** Results of entries that were removed or match no more, as they were last. */
  readonly removed: readonly LiveRow<E>[];
  /** Results of entries whose value was replaced and that still match, as they are now. */
  readonly changed: readonly LiveRow<E>[];
}

/** Keeps the results of one query up to date for one subscription. Evaluates only the rows of each change. */
export class LiveQuery implements Projection<LiveChange> {
  /** The key that the query names, if any: changes of other keys cannot change its results. */
  readonly key: Key | undefined;
  readonly #spec: CompiledSpec;
  readonly #context: MatchContext;
  readonly #table: Table;
  /** The results by entry id. */
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

  after({ change: { kind, rows } }: QueuedChange): LiveChange | undefined {
    const result =
      kind === 'join' ? this.#join(rows) : kind === 'leave' ? this.#leave(rows) : this.#update(rows);
    return result.added.length + result.removed.length + result.changed.length > 0 ? result : undefined;
  }

  #join(rows: readonly TableRow[]): LiveChange {
    return changeOf({ added: rows.flatMap((row) => this.#evaluate(row)) });
  }

  #leave(rows: readonly TableRow[]): LiveChange {
    return changeOf({ removed: rows.flatMap(({ entry }) => this.#remove(entry.id)) });
  }

  #update(rows: readonly TableRow[]): LiveChange {
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

  /** Returns the result of a row in a list, or an empty list if the row does not match. */
  #evaluate(row: TableRow): readonly LiveRow[] {
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
