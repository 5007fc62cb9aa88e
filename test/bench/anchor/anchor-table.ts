import { type Result, short, times } from '../support/result';
import { row } from '../support/table';
import type { AnchorFigure } from './anchor';

/** A figure of ours beside that of another system. */
export interface Compared {
  readonly result: Result;
  readonly figure: AnchorFigure;
  /** Ours divided by theirs: above 1 is good for a rate and bad for a time. */
  readonly ratio: number;
}

/** Puts the figures of other systems beside ours, in the order of ours. Those of benchmarks that were not run are left out. */
export function compare(results: readonly Result[], anchor: readonly AnchorFigure[]): readonly Compared[] {
  return results.flatMap((result) =>
    anchor
      .filter(({ benchmark }) => benchmark === result.name)
      .map((figure) => ({ result, figure, ratio: result.value / figure.value })),
  );
}

const WIDTHS = [64, 18, 24, 18, 10] as const;

/** The comparison as lines for a terminal; none if there is nothing to compare. */
export function anchorLines(results: readonly Result[], anchor: readonly AnchorFigure[]): readonly string[] {
  const compared = compare(results, anchor);
  if (compared.length === 0) return [];
  return [
    '',
    row(['beside other systems on this machine', 'here', 'system', 'there', 'here/there'], WIDTHS),
    ...compared.map(({ result, figure, ratio }) => row(cellsOf(result, figure, ratio), WIDTHS)),
  ];
}

/** The comparison as a section of docs/PERFORMANCE.md; empty if there is nothing to compare. */
export function anchorSection(results: readonly Result[], anchor: readonly AnchorFigure[]): string {
  const compared = compare(results, anchor);
  if (compared.length === 0) return '';
  return [
    '## Beside other systems on the same machine',
    '',
    'Measured by a script of that system (`--anchor`), not in turns with ours. A ratio above 1 is good for a rate and bad for a time.',
    '',
    '| work | here | system | there | ratio |',
    '| --- | --: | --- | --: | --: |',
    ...compared.map(({ result, figure, ratio }) => `| ${cellsOf(result, figure, ratio).join(' | ')} |`),
    '',
    '',
  ].join('\n');
}

function cellsOf({ name, value, unit }: Result, figure: AnchorFigure, ratio: number): readonly string[] {
  return [name, `${short(value)} ${unit}`, figure.system, `${short(figure.value)} ${unit}`, times(ratio)];
}
