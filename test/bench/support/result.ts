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
  /** What the second line is: the baseline in words. */
  readonly baseline?: string;
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
  /** How far the figure is beyond the limit that it misses most, as a part of that limit; 0 if it meets all, null as above. */
  readonly missedBy: number | null;
  readonly rounds: number;
  /** Of the value and of the ratio: width of the middle half of the rounds, as a part of the median. */
  readonly spread: { readonly value: number; readonly ratio: number | null };
  /** Load of the machine over the last minute when the figure was taken, the benchmark's own included. */
  readonly load: number;
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

/** How far a figure is beyond the limit that it misses most, as a part of that limit; 0 if it meets all. */
export function missedBy(limits: readonly Limit[], value: number, ratio: number | null): number {
  const misses = limits.map(({ of, atLeast, atMost }) => {
    const figure = of === 'value' ? value : ratio!;
    return atLeast === undefined ? figure / atMost! - 1 : 1 - figure / atLeast;
  });
  return Math.max(0, ...misses);
}

/** A figure in three digits and a word for its size. */
export function short(figure: number): string {
  const size = Math.abs(figure);
  if (size >= 1e6) return `${digits(figure / 1e6)} M`;
  if (size >= 1e4) return `${digits(figure / 1e3)} k`;
  return digits(figure);
}

/** How many times as much: two digits after the point, and for a small one as many as it takes to see it. */
export function times(ratio: number): string {
  return ratio >= 0.1 || ratio === 0 ? ratio.toFixed(2) : String(Number(ratio.toPrecision(2)));
}

/** `met`, or by how much it is missed; nothing for what is not judged. */
export function verdict({ ok, missedBy: part }: Result): string {
  if (ok === null) return '';
  return ok ? 'met' : `missed by ${Math.max(1, Math.round(part! * 100))} %`;
}

function digits(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
