import type { AnchorFigure } from '../anchor/anchor';
import { type Result, short, times } from './result';

/** One line of the README's table: a figure of the suite, and what a user might use instead. */
interface Line {
  readonly title: string;
  /** Name of the benchmark. */
  readonly name: string;
  /** The other system: the baseline of the benchmark, or one of which an anchor has a figure of the same name. */
  readonly against: { readonly baseline: string } | { readonly system: string };
}

const LINES: readonly Line[] = [
  {
    title: 'look a key up, 10,000 keys',
    name: 'lookup, 10,000 string keys',
    against: { system: "Elixir's Registry" },
  },
  {
    title: 'register and unregister, beside 10,000 entries',
    name: 'register + unregister beside 10,000 entries',
    against: { system: "Elixir's Registry" },
  },
  {
    title: 'from a registration until another node sees it, p50',
    name: 'registered → visible at another node, p50 (moleculer)',
    against: { baseline: 'Moleculer' },
  },
  {
    title: 'call a process on another node, 64 in flight',
    name: 'remote calls, 64 in flight (moleculer)',
    against: { baseline: 'Moleculer' },
  },
  {
    title: 'call a process on another node, 1 in flight',
    name: 'call to a remote process, 1 in flight',
    against: { baseline: 'a bare NATS request' },
  },
  {
    title: 'from `kill -9` until another node has removed it',
    name: 'kill -9 → counted out (moleculer, its defaults)',
    against: { baseline: 'Moleculer' },
  },
];

/**
 * The README's table: what a user chooses by, against systems that he might use instead. Lines of systems that were not measured are
 * left out.
 *
 * @param results What the suite measured.
 * @param anchor Figures of other systems; empty if there are none.
 * @throws Error naming a benchmark that a line needs and the results lack.
 */
export function frontPageTable(results: readonly Result[], anchor: readonly AnchorFigure[]): string {
  const rows = LINES.flatMap(({ title, name, against }) => {
    const result = results.find((candidate) => candidate.name === name);
    if (result === undefined) throw new Error(`The README's table needs the benchmark '${name}'.`);
    if ('baseline' in against) {
      const { baseline, ratio } = result;
      return [row(title, result, against.baseline, baseline!, result.unit, ratio!)];
    }
    const figure = anchor.find(({ system, benchmark }) => system === against.system && benchmark === name);
    if (figure === undefined) return [];
    return [row(title, result, figure.system, figure.value, figure.unit, result.value / figure.value)];
  });
  return ['| work | here | instead | ratio |', '| --- | --: | --: | --: |', ...rows].join('\n');
}

function row(
  title: string,
  { value, unit }: Result,
  system: string,
  theirs: number,
  theirUnit: string,
  ratio: number,
): string {
  return `| ${title} | ${short(value)} ${unit} | ${system}: ${short(theirs)} ${theirUnit} | ${times(ratio)} |`;
}
