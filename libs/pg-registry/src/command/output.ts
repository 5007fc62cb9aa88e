import { printable } from '../term';

/** What a column shows of a row, and how it stands. */
export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  readonly colour?: (row: T) => Colour | undefined;
}

/** A colour of a terminal. */
export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, dim: 2, bold: 1 };
const GAP = '  ';

/** Where a command writes, and what is known of it. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; Infinity: nothing is cut. */
  readonly width: number;
  readonly hasColour: boolean;
}

/** Writes what a command has to say: tables and lines for people, or one JSON object per line. Everything from nodes is escaped. */
export class Output {
  readonly terminal: Terminal;
  readonly isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.terminal = terminal;
    this.isJson = isJson;
  }

  /** Writes rows: as a table, or each as a line of JSON. */
  rows<T>(rows: readonly T[], columns: readonly Column<T>[], nothing: string): void {
    if (this.isJson) return rows.forEach((row) => this.json(row));
    if (rows.length === 0) return this.line(nothing);
    this.terminal.write(this.table(rows, columns));
  }

  /** A table: columns as wide as what they hold, the last one cut to the width of the terminal. */
  table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
    const cells = rows.map((row) => columns.map(({ of }) => printable(of(row), 4000)));
    const widths = columns.map(({ title }, at) =>
      Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at]))),
    );
    const line = (texts: readonly string[], colourOf: (at: number) => Colour | undefined): string => {
      let room = this.terminal.width;
      const parts: string[] = [];
      for (const [at, text] of texts.entries()) {
        if (room <= 0) break;
        const isLast = at === texts.length - 1;
        const padding = ' '.repeat(Math.max(0, widths[at] - widthOf(text)));
        const full = columns[at].right === true ? padding + text : isLast ? text : text + padding;
        const cut = cutTo(full, room);
        parts.push(this.colour(colourOf(at), cut));
        room -= widthOf(cut) + GAP.length;
      }
      return `${parts.join(GAP).trimEnd()}\n`;
    };
    const head = line(
      columns.map(({ title }) => title),
      () => 'bold',
    );
    return head + cells.map((row, at) => line(row, (column) => columns[column].colour?.(rows[at]))).join('');
  }

  /** Writes one line for people, or nothing with `--json`. */
  line(text: string, colour?: Colour): void {
    if (this.isJson) return;
    this.terminal.write(`${this.colour(colour, cutTo(printable(text, 20_000), this.terminal.width))}\n`);
  }

  /** Writes one object as a line of JSON. Its texts hold nothing that a terminal would obey. */
  json(object: unknown): void {
    this.terminal.write(`${escaped(JSON.stringify(object))}\n`);
  }

  /** Writes one object as JSON, or the lines for people. */
  either(object: unknown, lines: () => void): void {
    if (this.isJson) this.json(object);
    else lines();
  }

  colour(colour: Colour | undefined, text: string): string {
    if (colour === undefined || !this.terminal.hasColour || text === '') return text;
    return `\u001B[${CODES[colour]}m${text}\u001B[0m`;
  }
}

/** JSON escapes only some of what a terminal obeys. */
function escaped(json: string): string {
  return json.replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what it looks for
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Columns that a text takes; a wide character counts as one. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

function cutTo(text: string, width: number): string {
  if (width === Infinity || widthOf(text) <= width) return text;
  return `${Array.from(text)
    .slice(0, Math.max(0, width - 1))
    .join('')}…`;
}

/** Milliseconds for people: `350 ms`, `12.5 s`, `3 min`, `5 h`, `2 d`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const units: readonly (readonly [string, number])[] = [
    ['s', 1000],
    ['min', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ];
  const [unit, size] = units.findLast(([, one]) => ms >= one) ?? ['s', 1000];
  return `${(ms / size).toFixed(ms / size < 10 && unit !== 'min' ? 1 : 0)} ${unit}`;
}

/** Bytes for people: `12 MB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} KB`;
  return `${Math.round(count / 1024 / 1024)} MB`;
}

/** A moment for people, in UTC: `12:30:45.123`. */
export function moment(at: number): string {
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString().slice(11, 23) : '-';
}
