import { type Result, short } from './result';

const WIDTHS = [58, 18, 18, 16, 22] as const;

export const TITLE = row(['benchmark', 'here', 'baseline', 'ratio', 'target']);

/** One result as a line of text. */
export function line({ name, unit, value, baseline, ratio, target, ok, spread }: Result): string {
  return row([
    name,
    `${short(value)} ${unit}`,
    baseline === null ? '' : `${short(baseline)} ${unit}`,
    ratio === null
      ? `(±${percent(spread.value / 2)})`
      : `${ratio.toFixed(2)} (±${percent((spread.ratio ?? 0) / 2)})`,
    `${target ?? 'reported'}${ok === null ? '' : ok ? '  met' : '  MISSED'}`,
  ]);
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(WIDTHS[index]))
    .join(' ')
    .trimEnd();
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
