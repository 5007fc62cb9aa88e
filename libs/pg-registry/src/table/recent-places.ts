import type { Row, RowsOfKey, RowsOfProcess } from './row';

/**
 * Where the rows of one sync chunk were put last, by key and by process. A chunk's rows ascend, so the place of the next one is found
 * by going on from there. Without it each row that fills a hole would be searched for from the newest row on.
 */
export class RecentPlaces {
  readonly #byKey = new Map<RowsOfKey, { last: Row; readonly byProcess: Map<RowsOfProcess, Row> }>();

  /** The row of the same owner that was put last under the same key. */
  underKey(rows: RowsOfKey | undefined): Row | undefined {
    return rows && this.#byKey.get(rows)?.last;
  }

  /** The row of the process that was put last under the same key. */
  ofProcess(rows: RowsOfKey | undefined, process: RowsOfProcess): Row | undefined {
    return rows && this.#byKey.get(rows)?.byProcess.get(process);
  }

  /** Remembers where a row is now. */
  add(row: Row): void {
    const { siblings, process } = row;
    if (siblings === undefined) return; // the only row of its key
    const places = this.#byKey.get(siblings);
    if (places === undefined) {
      this.#byKey.set(siblings, { last: row, byProcess: new Map([[process, row]]) });
    } else {
      places.last = row;
      places.byProcess.set(process, row);
    }
  }
}
