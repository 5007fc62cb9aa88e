import type { Diff, Row, Table } from '../table';
import { formatKey, sameValue, type Value } from '../term';

/**
 * Applies every diff of a table to a copy of its own and compares the two: a snapshot plus the events must always be what
 * reads return.
 */
export class TableReplay {
  readonly #node: string;
  readonly #table: Table;
  readonly #rows = new Map<string, Row>();

  constructor(node: string, table: Table) {
    this.#node = node;
    this.#table = table;
  }

  /** Applies a diff. @throws Error if an event does not fit what is there */
  apply(diff: Diff): void {
    for (const change of diff) {
      for (const [index, row] of change.rows.entries()) {
        const id = idOf(row);
        const known = this.#rows.get(id);
        if (change.kind === 'join') {
          if (known !== undefined) this.#fail(`received a join of ${id}, which is there`);
          this.#rows.set(id, row);
        } else if (known === undefined) {
          this.#fail(`received a ${change.kind} of ${id}, which is not there`);
        } else if (change.kind === 'leave') {
          this.#rows.delete(id);
        } else {
          if (!sameValue(known.value, change.old[index].value))
            this.#fail(`received an update of ${id} from a value that it did not have`);
          this.#rows.set(id, row);
        }
      }
    }
  }

  /** Compares the copy with the table; costs a walk over all entries. @throws Error naming the first difference */
  check(): void {
    const rows = this.#table.rows();
    for (const row of rows) {
      const known = this.#rows.get(idOf(row));
      if (known === row) continue;
      this.#fail(
        `has ${rowText(row)}, but the events say ${known === undefined ? 'nothing' : rowText(known)}`,
      );
    }
    if (rows.length !== this.#rows.size)
      this.#fail(`has ${rows.length} entries, but ${this.#rows.size} by its events`);
  }

  #fail(what: string): never {
    throw new Error(`${this.#node} ${what}.`);
  }
}

/** A row as text: key, process, value and revision. */
export function rowText(row: Row): string {
  return `${formatKey(row.key)} ${row.pid.id} ${valueText(row.value)}@${row.revision}`;
}

/** A string or number as text; any other value as its type. */
export function valueText(value: Value): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value;
}

function idOf(row: Row): string {
  return `${row.pid.incarnation}:${row.number}`;
}
