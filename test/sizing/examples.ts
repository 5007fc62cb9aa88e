import type { Calculator } from './calculator';
import type { Load } from './load';

/** The clusters that the page shows. */
const EXAMPLES: readonly Load[] = [
  { nodes: 3, entries: 1000, writes: 10, calls: 100, bytes: 100 },
  { nodes: 10, entries: 10_000, writes: 100, calls: 1000, bytes: 100 },
  { nodes: 20, entries: 100_000, writes: 500, calls: 2000, bytes: 100 },
  { nodes: 50, entries: 100_000, writes: 30, calls: 300, bytes: 100 },
  { nodes: 200, entries: 100_000, writes: 50, calls: 1000, bytes: 100 },
  { nodes: 1000, entries: 100_000, writes: 50, calls: 1000, bytes: 100 },
];

const MARKS = ['<!-- sizes: begin -->', '<!-- sizes: end -->'] as const;

/** The rows of the page's table, as the formula gives them. */
export function exampleRows(size: Calculator['size']): readonly (readonly string[])[] {
  const number = (figure: number): string =>
    Number(figure.toPrecision(2)).toLocaleString('en', { maximumSignificantDigits: 2 });
  return EXAMPLES.map((load) => {
    const cost = size(load);
    return [
      load.nodes.toLocaleString('en'),
      load.entries.toLocaleString('en'),
      load.writes.toLocaleString('en'),
      load.calls.toLocaleString('en'),
      `${number(cost.memoryBytes / 1e6)} MB`,
      `${number(cost.receivedBytes / 1e3)} kB/s`,
      `${number(cost.sentBytes / 1e3)} kB/s`,
      `${number(cost.cpuMs / 10)} %`,
      `${number(cost.brokerMessagesIn)} /s`,
      `${number(cost.brokerMessagesOut)} /s`,
      `${number(cost.brokerCpuMs / 10)} %`,
    ];
  });
}

const TITLES =
  'nodes|entries|writes/s|calls/s|memory|received|sent|processor|to the broker|from the broker|its processor';

/** Puts the table of these rows into the page. */
export function withExamples(page: string, rows: readonly (readonly string[])[]): string {
  const [before, after] = [page.split(MARKS[0])[0], page.split(MARKS[1])[1]];
  const lines = [TITLES.split('|'), TITLES.split('|').map(() => '--:'), ...rows];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `${before}${MARKS[0]}\n\n${table}\n\n${MARKS[1]}${after}`;
}

/** The rows of the table that the page has. */
export function rowsOf(page: string): readonly (readonly string[])[] {
  const between = page.split(MARKS[0])[1].split(MARKS[1])[0];
  return (between.match(/^\|.*\|$/gm) ?? []).slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
