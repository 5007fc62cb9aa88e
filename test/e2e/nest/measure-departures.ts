/**
 * `npm run measure:deploys`: the rolling restart of rolling-restart.spec.ts once more for every way in which applications
 * end on SIGTERM, and how many calls each way costs. The figures of docs/guide/deploys.md come from here.
 */
import 'reflect-metadata';
import type { Departure } from './desks';
import { CALLS_PER_SECOND, IN_FLIGHT, NAMES, RollingRestart } from './rolling-restart';

const RUNS = 3;
const DEPARTURES: readonly (readonly [title: string, departure: Departure])[] = [
  ['`process.exit()` at once', { how: 'exit', sleepMs: 0 }],
  ['sleep 5 s, `process.exit()`', { how: 'exit', sleepMs: 5000 }],
  ['`leave()`, `process.exit()` at once', { how: 'leave', sleepMs: 0 }],
  ['`leave()`, sleep 200 ms, `process.exit()`', { how: 'leave', sleepMs: 200 }],
  ['`leave()`, sleep 5 s, `process.exit()`', { how: 'leave', sleepMs: 5000 }],
  ['`app.close()`: drain', { how: 'drain' }],
];

async function measure(): Promise<void> {
  console.log(
    `${NAMES.length} nodes restarted one by one, ${CALLS_PER_SECOND} calls/s, ${IN_FLIGHT} in flight, ${RUNS} runs each`,
  );
  console.log('| on SIGTERM | failed calls per rolling restart | errors | SIGTERM to exit, per node |');
  console.log('| --- | --- | --- | --- |');
  for (const [title, departure] of DEPARTURES) {
    const failed: number[] = [];
    const departuresMs: number[] = [];
    const codes = new Set<string>();
    for (let run = 0; run < RUNS; run += 1) {
      await using restart = await RollingRestart.start(departure);
      await restart.run();
      failed.push(restart.load.failures.length);
      departuresMs.push(...restart.departuresMs);
      for (const failure of restart.load.failures) codes.add(codeOf(failure));
    }
    const errors = [...codes].map((code) => `\`${code}\``).join(', ') || 'none';
    console.log(`| ${title} | ${failed.join(', ')} | ${errors} | ${range(departuresMs)} |`);
  }
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : String(failure);
}

function range(ms: readonly number[]): string {
  const [least, most] = [Math.min(...ms), Math.max(...ms)].map((each) => (each / 1000).toFixed(2));
  return `${least} to ${most} s`;
}

measure().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
