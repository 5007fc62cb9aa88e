/**
 * `npm run measure:journal`: what it costs that a node remembers changes while nobody looks. Runs each benchmark of the areas on nodes with
 * a journal and on nodes without one, in turns, and prints how many times as long it takes with one.
 *
 *     --area NAME      only areas whose names begin so; default: writes, reads, calls, fan-out and replication
 *     --rounds N       pairs of rounds of each benchmark in each process; default 51. Benchmarks with rounds of their own keep theirs
 *     --runs N         processes of each area; default 2
 *     --journal N      how many changes are remembered; default: the library's. 0 compares nodes without a journal with their like, which
 *                      shows how far the figures can be trusted
 *     --quick          everything once and small: judges no times
 *
 * Of calls, a node's journal hears nothing, nor of reads: such rows, marked with a star, show how far the figures can be trusted, too. Ends
 * with 1 if the whole interval of another row lies above the goal of 1.02.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { intervalOf } from '../against/interval';
import { AREAS } from '../areas';
import { median, spread } from '../support/statistics';
import { SwitchedBench, type SwitchedResult } from './switched-bench';

const GOAL = 1.02;
const MEASURED = ['writes', 'reads', 'calls', 'fan-out', 'replication'];

const { values } = parseArgs({
  options: {
    area: { type: 'string', default: '' },
    rounds: { type: 'string', default: '51' },
    runs: { type: 'string', default: '2' },
    journal: { type: 'string' },
    quick: { type: 'boolean', default: false },
    /** Set for the processes that measure. */
    measure: { type: 'string' },
  },
});

async function main(): Promise<void> {
  if (values.measure === undefined) await measureAll();
  else await measureHere(values.measure);
}

/** The process that measures one area. */
async function measureHere(area: string): Promise<void> {
  const journal = values.journal === undefined ? {} : { observer: { journal: Number(values.journal) } };
  const rounds = Number(values.rounds);
  const onResult = (result: SwitchedResult): unknown => process.send?.(result);
  await AREAS[area](new SwitchedBench({ area, quick: values.quick, rounds, journal, onResult }));
  process.disconnect();
  process.exit(0);
}

/** The process that shows what the others find. */
async function measureAll(): Promise<void> {
  console.log('| benchmark | times as long | middle half | mean, 95 % | pairs of rounds |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  let isMissed = false;
  for (const area of MEASURED.filter((name) => name.startsWith(values.area))) {
    const found = new Map<string, SwitchedResult>();
    for (let run = 0; run < Number(values.runs); run += 1)
      await measureApart(area, ({ name, ratios, writes }) =>
        found.set(name, { name, ratios: [...(found.get(name)?.ratios ?? []), ...ratios], writes }),
      );
    for (const result of found.values()) isMissed = show(result) || isMissed;
  }
  process.exitCode = isMissed && !values.quick ? 1 : 0;
}

/** Prints a row. Returns whether the goal is missed for certain. */
function show({ name, ratios, writes }: SwitchedResult): boolean {
  const interval = intervalOf(ratios);
  const mean =
    interval === undefined
      ? '–'
      : `${interval.mean.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})`;
  const half = ((spread(ratios) / 2) * 100).toFixed(1);
  const star = writes ? '' : ' *';
  console.log(`| ${name}${star} | ${median(ratios).toFixed(3)} | ±${half} % | ${mean} | ${ratios.length} |`);
  return writes && interval !== undefined && interval.low > GOAL && median(ratios) > GOAL;
}

function measureApart(area: string, onResult: (result: SwitchedResult) => void): Promise<void> {
  const args = [...process.argv.slice(2), '--measure', area];
  const child = fork(__filename, args, { execArgv: process.execArgv });
  child.on('message', (result: SwitchedResult) => onResult(result));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Area '${area}' failed.`));
    });
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(2);
});
