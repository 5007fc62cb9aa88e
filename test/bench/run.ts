/**
 * `npm run bench`: measures every area in a Node.js process of its own, so that neither heap nor compiled code of one area
 * burdens another, and prints a table.
 *
 *     --quick          everything once and small: verifies the results, judges no times
 *     --json FILE      the same as data
 *     --area NAME      only areas whose names begin so
 *     --profile DIR    takes CPU profiles of what is measured, shows the functions that took most and leaves the profiles in
 *                      DIR for a browser's developer tools; its figures are those of a watched program
 *
 * The library is run from its sources, compiled as the tests compile them (ES2022, the same code that `npm run build`
 * emits but for the way in which exports are spelled), so that nothing stale can be measured.
 */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Bench } from './support/bench';
import { Profiler } from './support/profile';
import type { Result } from './support/result';
import { line, TITLE } from './support/table';
import { AREAS } from './areas';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    area: { type: 'string', default: '' },
    profile: { type: 'string' },
    measure: { type: 'string' },
  },
});

const measured = options.measure === undefined ? suite() : measure(options.measure);
measured.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});

/** The process that shows what the others find. */
async function suite(): Promise<void> {
  const results: Result[] = [];
  const names = Object.keys(AREAS).filter((name) => name.startsWith(options.area));
  console.log(TITLE);
  for (const name of names) {
    await measureApart(name, (result) => {
      results.push(result);
      console.log(line(result));
    });
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  const missed = results.filter(({ ok }) => ok === false);
  const judged = results.filter(({ ok }) => ok !== null);
  console.log(
    options.quick
      ? `${results.length} benchmarks gave right results.`
      : `${judged.length - missed.length} of ${judged.length} targets met.`,
  );
}

function measureApart(name: string, onResult: (result: Result) => void): Promise<void> {
  const { quick, profile } = options;
  const args = ['--measure', name, ...(quick ? ['--quick'] : []), ...(profile ? ['--profile', profile] : [])];
  const child = fork(__filename, args, { execArgv: process.execArgv });
  child.on('message', (result: Result) => onResult(result));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Area '${name}' failed.`));
    });
  });
}

/** One of those others. */
async function measure(name: string): Promise<void> {
  const profiler = options.profile === undefined ? undefined : new Profiler(options.profile);
  await AREAS[name](new Bench(name, options.quick, (result) => process.send?.(result), profiler));
  if (profiler !== undefined) console.log(profiler.report());
  process.disconnect();
  process.exit(0);
}
