/**
 * `npm run measure:sizing`: measures the points of test/sizing/points.json anew, from which docs/guide/sizing.md has its coefficients.
 *
 *     --real SIZES       clusters of so many real processes, `2,10,25,50`
 *     --crowd SIZES      one real process among so many simulated nodes, `200,1000`
 *     --simulated SIZES  clusters on a virtual clock, `2,50,200`
 *     --bytes N          the size of values, and of what calls ask and are answered; default 100
 *     --seconds N        how long each load is watched; default 10
 *     --fit              measures nothing: prints the coefficients that fit the points best
 *     --examples         measures nothing: writes the table of examples into docs/guide/sizing.md, with the coefficients that stand there
 *
 * Without any of these: all of them, about 25 minutes. Points of the same kind, size and bytes replace the old ones; others stay.
 * Real processes want a machine that does nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { ROOT } from '../support/code-blocks';
import { pageCalculator } from './calculator';
import { count } from './counted-cluster';
import { exampleRows, withExamples } from './examples';
import { errorsOf, fit } from './fit';
import type { Kind, Point } from './load';
import { POINTS_FILE, readPoints } from './measured-points';
import { type Phase, RealCluster } from './real-cluster';

const VIRTUAL_MS = 100_000;

/** Nothing, without entries and with them. */
const IDLE: readonly Phase[] = [
  { writes: 0, calls: 0, entries: 0 },
  { writes: 0, calls: 0, entries: 20_000 },
];
/** What clusters do that are small enough for much work. */
const SMALL: readonly Phase[] = [
  ...IDLE,
  { writes: 20, calls: 0 },
  { writes: 200, calls: 0 },
  { writes: 0, calls: 100 },
  { writes: 0, calls: 1000 },
];
/** What clusters of real processes do, one after the other. More would keep two cores busy: nodes then wait for each other. */
const REAL: Readonly<Record<number, readonly Phase[]>> = {
  2: [...SMALL, { writes: 100, calls: 400, entries: 100_000 }],
  10: [...SMALL, { writes: 50, calls: 300, entries: 100_000 }],
  25: [
    ...IDLE,
    { writes: 20, calls: 0 },
    { writes: 80, calls: 0 },
    { writes: 0, calls: 500 },
    { writes: 20, calls: 200 },
  ],
  50: [
    ...IDLE,
    { writes: 10, calls: 0 },
    { writes: 30, calls: 0 },
    { writes: 0, calls: 300 },
    { writes: 10, calls: 100 },
  ],
};
const CROWD: readonly Phase[] = [...IDLE, { writes: 50, calls: 0 }];
const SIMULATED: readonly Phase[] = [
  { writes: 0, calls: 0, entries: 0 },
  { writes: 5, calls: 0, entries: 1000 },
  { writes: 50, calls: 0, entries: 1000 },
];
const DEFAULTS = { real: '2,10,25,50', crowd: '200,500,1000', simulated: '2,10,20,50,200,500,1000' } as const;

const { values: options } = parseArgs({
  options: {
    real: { type: 'string' },
    crowd: { type: 'string' },
    simulated: { type: 'string' },
    bytes: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    fit: { type: 'boolean', default: false },
    examples: { type: 'boolean', default: false },
  },
});

const bytes = Number(options.bytes);

void main();

async function main(): Promise<void> {
  if (options.fit) return printFit();
  if (options.examples) return await writeExamples();
  const isAll = options.real === undefined && options.crowd === undefined && options.simulated === undefined;
  const sizesOf = (kind: Kind): readonly number[] =>
    (options[kind] ?? (isAll ? DEFAULTS[kind] : '')).split(',').filter(Boolean).map(Number);
  for (const size of sizesOf('real')) await measureReal('real', size, REAL[size]);
  for (const size of sizesOf('crowd')) await measureReal('crowd', size, CROWD);
  for (const size of sizesOf('simulated')) {
    const loads = SIMULATED.map((phase) => ({ nodes: size, bytes, entries: 0, ...phase }));
    await keep(
      'simulated',
      size,
      loads.map((load) => count(load, VIRTUAL_MS)),
    );
  }
}

async function measureReal(kind: 'real' | 'crowd', size: number, phases: readonly Phase[]): Promise<void> {
  const cluster = await (kind === 'real'
    ? RealCluster.start(size, bytes)
    : RealCluster.startWithCrowd(size, bytes));
  try {
    const points: Point[] = [];
    for (const phase of phases) {
      const point = await cluster.measure(phase, Number(options.seconds));
      points.push(point);
      console.log(JSON.stringify(point));
    }
    await keep(kind, size, points);
  } finally {
    await cluster.stop();
  }
}

/** For a person to put into the page and the form. */
function printFit(): void {
  const page = pageCalculator();
  const points = readPoints();
  const coefficients = fit(points, page);
  for (const { point, figure, error } of errorsOf(points, page.size, coefficients))
    if (Math.abs(error) > 0.15) console.log(`${(error * 100).toFixed(1)} %`, figure, point.kind, point.load);
  for (const [name, value] of Object.entries(coefficients))
    console.log(`  ${name}: ${Number(value.toPrecision(3))},`);
}

async function writeExamples(): Promise<void> {
  const filepath = join(ROOT, 'docs', 'guide', 'sizing.md');
  const page = withExamples(readFileSync(filepath, 'utf8'), exampleRows(pageCalculator().size));
  writeFileSync(filepath, await format(page, { ...(await resolveConfig(filepath)), filepath }));
}

/** Puts new points in the place of those of the same kind and size. */
async function keep(kind: Kind, size: number, points: readonly Point[]): Promise<void> {
  const others = readPoints().filter(
    ({ kind: other, load }) => other !== kind || load.nodes !== size || load.bytes !== bytes,
  );
  const all = [...others, ...points].toSorted(
    (a, b) => a.kind.localeCompare(b.kind) || a.load.nodes - b.load.nodes || a.load.bytes - b.load.bytes,
  );
  writeFileSync(
    POINTS_FILE,
    await format(JSON.stringify(all), { ...(await resolveConfig(POINTS_FILE)), filepath: POINTS_FILE }),
  );
}
