/**
 * `npm run walks`: how many functions of the library somebody reads who follows one operation from its beginning to its end, in a
 * warm and quiet cluster of two nodes on the local transport.
 *
 *     --list         every function, as `file:line name`
 *     --json FILE    the same as data
 *
 * A function is one that stands in the sources: methods, getters and closures too, each closure by its place; not what the
 * compiler adds, nor modules and static parts of classes. The functions of the local transport are among them.
 *
 * Each walk is gone fifteen times. A function counts that is entered more times than not; how often it is entered is the median
 * of these times, where V8 counts each step of an `async` function or generator as one more. Time is virtual and chance
 * seeded: the same commit gives the same figures, and heartbeats are a day apart, so that none falls into a walk.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { call, callByName } from './call.walk';
import { Coverage, type Stretch } from './coverage';
import { type Figure, figureOf, type Visit } from './figure';
import { kill } from './kill.walk';
import { register } from './register.walk';
import { Sources } from './sources';
import { inVirtualTime } from './virtual-time';

/** Before anything is counted, so that what is made at its first use is there. */
const WARM_UPS = 5;
const REPETITIONS = 15;
/** In virtual time; longer than all rounds of a walk together. */
const TIMEOUT_MS = 3_600_000;

type Walk = (coverage: Coverage) => AsyncGenerator<Stretch>;

const WALKS: readonly (readonly [title: string, walk: Walk])[] = [
  ['register, until a monitor on the other node has heard it', register],
  ['call to a process of the other node, until the answer is there', call],
  ['call to a provider of the other node by name, until the answer is there', callByName],
  ['kill of a node, until the other has removed it and its entries', kill],
];

const { values: options } = parseArgs({
  options: { list: { type: 'boolean', default: false }, json: { type: 'string' } },
});

async function main(): Promise<void> {
  const coverage = new Coverage();
  const gone: (readonly [title: string, stretches: readonly Stretch[]])[] = [];
  // One after the other: the counters are the whole thread's.
  // oxlint-disable-next-line no-await-in-loop
  for (const [title, walk] of WALKS)
    gone.push([title, await inVirtualTime(() => repeat(title, walk(coverage)))]);
  const sources = new Sources(coverage);
  const figures = gone.map(([title, stretches]) => figureOf(title, stretches, sources));
  console.log(figures.map(report).join('\n\n'));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
}

async function repeat(title: string, walk: AsyncGenerator<Stretch>): Promise<readonly Stretch[]> {
  const stretches: Stretch[] = [];
  const timer = setTimeout(() => {
    throw new Error(`Not at its end after ${TIMEOUT_MS} ms: ${title}`);
  }, TIMEOUT_MS);
  for await (const stretch of walk) {
    stretches.push(stretch);
    if (stretches.length === WARM_UPS + REPETITIONS) break;
  }
  clearTimeout(timer);
  return stretches.slice(WARM_UPS);
}

function report(figure: Figure): string {
  const { walk, times, functions, named, anonymous, invocations, initialisers, strays, folders, visits } =
    figure;
  const unsteady = strays.length + visits.filter((visit) => visit.times < times).length;
  const lines = [
    `${walk}: ${functions} functions`,
    `  ${named} named, ${anonymous} anonymous; entered ${invocations} times`,
    `  not among them: what initialises the fields of ${initialisers} classes`,
    `  entered some of the ${times} times only: ${unsteady}, of which ${strays.length} are not counted`,
    row('folder', 'functions', 'entered'),
    ...Object.entries(folders).map(([folder, of]) => row(folder, of.functions, of.invocations)),
  ];
  const lineOf = ({ file, line, name, times: entered }: Visit): string =>
    `  ${file}:${line} ${name || '(anonymous)'}${entered < times ? `, ${entered} times of ${times}` : ''}`;
  if (options.list) {
    lines.push(...visits.map(lineOf));
    if (strays.length > 0) lines.push('  not counted', ...strays.map(lineOf));
  }
  return lines.join('\n');
}

function row(folder: string, functions: unknown, entered: unknown): string {
  return `  ${folder.padEnd(14)}${String(functions).padStart(10)}${String(entered).padStart(10)}`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
