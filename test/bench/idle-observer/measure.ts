/**
 * `npm run measure:idle-observer`: what it costs a node that somebody may look, while nobody does. Runs each benchmark of the areas on nodes with
 * a journal and on nodes without one, in turns, and prints how many times as long it takes with one, and beside it what two rounds without a
 * journal differ by: how far the figures can be trusted.
 *
 *     --page           compares nodes whose application imports the observer's page with nodes of one that does not; all have a journal
 *     --area NAME      only areas whose names begin so; default: all whose nodes are in the process that measures
 *     --rounds N       of each benchmark in each process, two seconds each; default 5. Benchmarks with rounds of their own keep theirs
 *     --runs N         processes of each area; default 2
 *     --journal N      how many changes are remembered; default: the library's. 0 compares nodes without a journal with their like
 *     --quick          everything once and small: judges no times
 *
 * Of calls, a node's journal hears nothing, nor of reads: such rows, marked with a star, show how far the figures can be trusted, too. A figure
 * that a benchmark takes once has no ratio: for that, and for areas whose nodes are in other processes, there is
 * `npm run bench -- --against-nodes`, for the journal. Ends with 1 if the whole interval of a row without a star lies above the goal of 1.02.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { intervalOf } from '../against/interval';
import { AREAS } from '../areas';
import { median } from '../support/statistics';
import { JournalSwitch } from './journal-switch';
import { PageSwitch } from './page-switch';
import type { Switch } from './switch';
import { SwitchedBench, type SwitchedResult } from './switched-bench';

const GOAL = 1.02;
/**
 * To change applications leaves so much garbage that without this all old objects were collected once in each round, in one block of either side:
 * ratios then spread twice as far.
 */
const FEW_COLLECTIONS = ['--initial-heap-size=1500'];
/** Whose nodes are in the process that measures, where something can be switched at them. */
const MEASURED = [
  'writes',
  'reads',
  'queries',
  'growth',
  'fan-out',
  'replication',
  'calls',
  'names',
  'entities',
];

const { values } = parseArgs({
  options: {
    area: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '2' },
    page: { type: 'boolean', default: false },
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
  const rounds = Number(values.rounds);
  const onResult = (result: SwitchedResult): unknown => process.send?.(result);
  await AREAS[area](new SwitchedBench({ area, quick: values.quick, rounds, switched: switched(), onResult }));
  process.disconnect();
  process.exit(0);
}

function switched(): Switch {
  if (values.page) return new PageSwitch();
  return new JournalSwitch(
    values.journal === undefined ? {} : { observer: { journal: Number(values.journal) } },
  );
}

/** The process that shows what the others find. */
async function measureAll(): Promise<void> {
  console.log('| benchmark | times as long | mean, 95 % | ratios | without on both sides | mean, 95 % |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  let isMissed = false;
  for (const area of MEASURED.filter((name) => name.startsWith(values.area))) {
    const found = new Map<string, SwitchedResult>();
    const runs = Number(values.runs);
    for (let run = 1; run <= runs; run += 1)
      await measureApart(area, (result) => {
        const { ratios, controls } = found.get(result.name) ?? { ratios: [], controls: [] };
        const all = {
          ...result,
          ratios: [...ratios, ...result.ratios],
          controls: [...controls, ...result.controls],
        };
        found.set(result.name, all);
        if (run === runs) isMissed = show(all) || isMissed;
      });
  }
  process.exitCode = isMissed && !values.quick ? 1 : 0;
}

/** Prints a row. Returns whether the goal is missed for certain. */
function show({ name, ratios, controls, differs }: SwitchedResult): boolean {
  const star = differs ? '' : ' *';
  console.log(`| ${name}${star} | ${figures(ratios)} | ${ratios.length} | ${figures(controls)} |`);
  const interval = intervalOf(ratios);
  return differs && interval !== undefined && interval.low > GOAL && median(ratios) > GOAL;
}

function figures(ratios: readonly number[]): string {
  if (ratios.length === 0) return '– | –';
  const interval = intervalOf(ratios);
  const mean =
    interval === undefined
      ? '–'
      : `${interval.mean.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})`;
  return `${median(ratios).toFixed(3)} | ${mean}`;
}

function measureApart(area: string, onResult: (result: SwitchedResult) => void): Promise<void> {
  const args = [...process.argv.slice(2), '--measure', area];
  const execArgv = [...process.execArgv, ...(values.page ? FEW_COLLECTIONS : [])];
  const child = fork(__filename, args, { execArgv });
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
