import { short, times } from '../support/result';
import { median } from '../support/statistics';
import { row } from '../support/table';
import { type Comparison, costOfAll, type Findings } from './comparison';

const WIDTHS = [76, 18, 18, 10, 15, 7] as const;
/** What stands out; that a figure has held is no news. */
const MARKS = { worse: 'WORSE', better: 'better', unclear: 'unclear', held: '' } as const;

/** The head of the table whose lines are {@link comparisonLines}. */
export const COMPARISON_TITLE = row(['benchmark', 'here', 'there', 'ratio', '95 %', ''], WIDTHS);

/** The figures of one area, a line each: the median of the rounds on both sides, the ratio here / there and its interval. */
export function comparisonLines({ compared, onlyHere, onlyThere }: Findings): readonly string[] {
  return [
    ...compared.map(line),
    ...onlyHere.map(({ name, unit, value }) => row([name, `${short(value)} ${unit}`, '–'], WIDTHS)),
    ...onlyThere.map(({ name, unit, value }) => row([name, '–', `${short(value)} ${unit}`], WIDTHS)),
  ];
}

/** What all figures of an area cost here together, as a line of the table; nothing if it has only one. */
export function areaLine(area: string, compared: readonly Comparison[]): readonly string[] {
  const cost = costOfAll(compared);
  if (cost === undefined) return [];
  const interval = `${times(cost.low)} … ${times(cost.high)}`;
  return [row([`all of ${area}, as a cost`, '', '', times(cost.mean), interval], WIDTHS)];
}

/** In one or two sentences, how many figures have which verdict at such a tolerance in percent, and what that means. */
export function summary(compared: readonly Comparison[], within: number): string {
  const count = compared.length === 1 ? '1 figure compared' : `${compared.length} figures compared`;
  if (compared.every(({ verdict }) => verdict === null)) return `${count}. A quick run judges none of them.`;
  const [worse, better, unclear] = (['worse', 'better', 'unclear'] as const).map(
    (wanted) => compared.filter(({ verdict }) => verdict === wanted).length,
  );
  const hint =
    unclear === 0
      ? ''
      : ` What is unclear may be worse by more than ${within} %: more --rounds or a quieter machine tell.`;
  return `${count}: ${worse} worse by more than ${within} %, ${better} better, ${unclear} unclear.${hint}`;
}

function line({ name, unit, here, there, ratio, verdict }: Comparison): string {
  return row(
    [
      name,
      `${short(median(here))} ${unit}`,
      `${short(median(there))} ${unit}`,
      ratio === null ? '–' : times(ratio.mean),
      ratio === null ? '' : `${times(ratio.low)} … ${times(ratio.high)}`,
      verdict === null ? '' : MARKS[verdict],
    ],
    WIDTHS,
  );
}
