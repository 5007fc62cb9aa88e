/** What a benchmark is held to: a bound on its figure, or on its ratio to the baseline. */
export interface Limit {
  readonly of: 'value' | 'ratio';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A point of a growth curve. */
export interface CurvePoint {
  /** What is drawn, the same for all points of a curve. */
  readonly curve: string;
  /** What grows. */
  readonly along: string;
  readonly at: number;
}

/** One line of the table, and one element of the file of `--json`. */
export interface Result {
  readonly area: string;
  readonly name: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly value: number;
  /** The same of what it is compared with; null if there is no such thing. */
  readonly baseline: number | null;
  /** Median over the rounds of value / baseline. */
  readonly ratio: number | null;
  /** In words; null for a figure that is only reported. */
  readonly target: string | null;
  /** Whether the target is met; null if there is none, or in a quick run, which judges nothing. */
  readonly ok: boolean | null;
  readonly rounds: number;
  /** Of the value and of the ratio: width of the middle half of the rounds, as a part of the median. */
  readonly spread: { readonly value: number; readonly ratio: number | null };
  readonly point: CurvePoint | null;
}

export function targetText(limits: readonly Limit[]): string | null {
  if (limits.length === 0) return null;
  return limits
    .map(({ of, atLeast, atMost }) => {
      const bound = atLeast === undefined ? `≤ ${short(atMost!)}` : `≥ ${short(atLeast)}`;
      return of === 'ratio' ? `${bound} ×` : bound;
    })
    .join(' and ');
}

export function meets(limits: readonly Limit[], value: number, ratio: number | null): boolean {
  return limits.every(({ of, atLeast = -Infinity, atMost = Infinity }) => {
    const figure = of === 'value' ? value : ratio!;
    return figure >= atLeast && figure <= atMost;
  });
}

/** A figure in three digits and a word for its size. */
export function short(figure: number): string {
  const size = Math.abs(figure);
  if (size >= 1e6) return `${digits(figure / 1e6)} M`;
  if (size >= 1e4) return `${digits(figure / 1e3)} k`;
  return digits(figure);
}

function digits(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
