import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

/** One column of a table. */
export interface Column<T> {
  /** What stands above it. */
  readonly title: string;
  /** What it shows of a row. */
  readonly show: (row: T) => ComponentChildren;
  /** What it is sorted by; without it, it is not. */
  readonly by?: (row: T) => string | number;
  /** Whether it has figures, which stand on the right. */
  readonly isFigure?: boolean;
}

/** What a {@link Table} is given. */
interface TableProps<T> {
  /** What is in it, for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  /** Tells rows apart. */
  readonly id: (row: T) => string;
  /** What is said without rows. */
  readonly empty: string;
  /** The class of a row. */
  readonly look?: (row: T) => string;
}

/** A browser stops for what it lays out: of more rows, the first in the order of the table are shown. */
const MOST_ROWS = 500;

/** A table whose columns can be sorted by a press on their titles. Long ones are scrolled within themselves. */
export function Table<T>({ label, columns, rows, id, empty, look }: TableProps<T>): JSX.Element {
  const [sort, setSort] = useState({ title: '', falls: false });
  const column = columns.find(({ title }) => title === sort.title);
  const sorted = column?.by === undefined ? rows : sortedBy(rows, column.by, sort.falls);
  const press = ({ title, isFigure = false }: Column<T>): void =>
    setSort(title === sort.title ? { title, falls: !sort.falls } : { title, falls: isFigure });
  return (
    <div class="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map((each) => (
              <th
                key={each.title}
                scope="col"
                class={each.isFigure === true ? 'figure' : ''}
                {...(each === column && { 'aria-sort': sort.falls ? 'descending' : 'ascending' })}
              >
                {each.by === undefined ? (
                  each.title
                ) : (
                  <button type="button" onClick={() => press(each)}>
                    {each.title}
                    <span aria-hidden="true">{each !== column ? '' : sort.falls ? ' ▾' : ' ▴'}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST_ROWS).map((row) => (
            <tr key={id(row)} class={look?.(row) ?? ''}>
              {columns.map(({ title, show, isFigure }) => (
                <td key={title} class={isFigure === true ? 'figure' : ''}>
                  {show(row)}
                </td>
              ))}
            </tr>
          ))}
          {(rows.length === 0 || rows.length > MOST_ROWS) && (
            <tr>
              <td colSpan={columns.length} class="quiet">
                {rows.length === 0 ? empty : `The first ${MOST_ROWS} of ${rows.length}.`}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function sortedBy<T>(rows: readonly T[], by: (row: T) => string | number, falls: boolean): readonly T[] {
  const sign = falls ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [one, other] = [by(a), by(b)];
    return one === other ? 0 : one < other ? -sign : sign;
  });
}
