import { type Result, short, times, verdict } from './result';

const WIDTHS = [64, 18, 18, 16, 22] as const;

export const TITLE = row(['benchmark', 'here', 'baseline', 'ratio', 'target'], WIDTHS);

/** One result as a line of text. */
export function line(result: Result): string {
  const { name, unit, value, baseline, ratio, target, spread } = result;
  return row(
    [
      name,
      `${short(value)} ${unit}`,
      baseline === null ? '' : `${short(baseline)} ${unit}`,
      ratio === null
        ? `(±${percent(spread.value / 2)})`
        : `${times(ratio)} (±${percent((spread.ratio ?? 0) / 2)})`,
      `${target ?? 'reported'}  ${verdict(result)}`,
    ],
    WIDTHS,
  );
}

/** Cells beside each other, each at least as wide as its column. */
export function row(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index]))
    .join(' ')
    .trimEnd();
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
