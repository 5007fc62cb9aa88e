/**
 * `npm run bench`: measures every area in a Node.js process of its own, so that neither heap nor compiled code of one area
 * burdens another, and prints a table.
 *
 *     --quick          everything once and small: verifies the results, judges no times
 *     --brief          a third of the rounds and no baselines, for comparisons: judges no figure by its target
 *     --json FILE      the same as data
 *     --area NAME      only areas whose names begin so
 *     --profile DIR    takes CPU profiles of what is measured, shows the functions that took most and leaves the profiles in
 *                      DIR for a browser's developer tools; its figures are those of a watched program
 *     --against REF    compares this working tree with another commit, in turns, and prints the ratios with their intervals;
 *                      ends with 1 if something is worse by more than 10 %
 *     --same-benchmarks  with --against: the benchmarks of this working tree measure the library of the commit, too
 *     --against-nodes JSON  compares this working tree with itself: over there, all nodes have these options
 *     --within PERCENT how much worse a figure of such a comparison may be; default 10
 *     --anchor FILE    shows figures of other systems beside ours, which a script measured on this machine (CONTRIBUTING.md has the
 *                      format; anchor/elixir.exs writes it); without it they have no rows
 *     --rounds N       how often each area is run on each side of such a comparison; default 6
 *     --continue       adds these rounds to those that FILE of --json has from an earlier comparison of the same two
 *
 * Ends with 2 if something could not be measured; the other areas are measured all the same, and --json has what was found.
 *
 * The library is run from its sources, compiled as the tests compile them (ES2022, the same code that `npm run build`
 * emits but for the way in which exports are spelled), so that nothing stale can be measured.
 */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnchorFigure, parseAnchor } from './anchor/anchor';
import { anchorLines } from './anchor/anchor-table';
import { type Against, compareAgainst } from './against/against';
import { interruption } from './against/interruption';
import { AREAS } from './areas';
import { type Command, parseCommand } from './command';
import { measureEveryArea } from './every-area';
import { Bench } from './support/bench';
import { BenchError } from './support/bench-error';
import { Profiler } from './support/profile';
import type { Result } from './support/result';
import { line, TITLE } from './support/table';

const ROOT = join(__dirname, '..', '..');

main().catch((error: unknown) => {
  const isExpected = error instanceof BenchError;
  console.error(isExpected ? error.message : error);
  process.exit(isExpected ? error.status : 2);
});

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  if (command.measure !== undefined) await measure(command.measure, command);
  else if (command.compared !== undefined) await against(command.compared, command);
  else await suite(command);
}

/** The process that shows what the others find. */
async function suite(options: Command): Promise<void> {
  const anchor = options.anchor === undefined ? [] : readAnchor(options.anchor);
  const names = Object.keys(AREAS).filter((name) => name.startsWith(options.area));
  console.log(TITLE);
  const { results, failures } = await measureEveryArea(
    names,
    (name, onResult) =>
      measureApart(name, options, (result) => {
        onResult(result);
        console.log(line(result));
      }),
    (soFar) => {
      if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(soFar, null, 2)}\n`);
    },
  );
  for (const text of anchorLines(results, anchor)) console.log(text);
  const missed = results.filter(({ ok }) => ok === false);
  const judged = results.filter(({ ok }) => ok !== null);
  console.log(
    options.extent !== 'full'
      ? `${results.length} benchmarks gave right results.`
      : `${judged.length - missed.length} of ${judged.length} targets met.`,
  );
  for (const { message } of failures.values()) console.error(message);
  if (failures.size > 0) process.exitCode = 2;
}

function readAnchor(file: string): readonly AnchorFigure[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(
      `The file of --anchor cannot be read: ${(error as Error).message}. Nothing was measured.`,
    );
  }
  return parseAnchor(file, text);
}

function measureApart(
  name: string,
  { extent, profile }: Command,
  onResult: (result: Result) => void,
): Promise<void> {
  const args = [
    '--measure',
    name,
    ...(extent === 'full' ? [] : [`--${extent}`]),
    ...(profile ? ['--profile', profile] : []),
  ];
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
async function measure(name: string, { extent, profile }: Command): Promise<void> {
  const profiler = profile === undefined ? undefined : new Profiler(profile);
  await AREAS[name](new Bench(name, extent, (result) => process.send?.(result), profiler));
  if (profiler !== undefined) console.log(profiler.report());
  process.disconnect();
  process.exit(0);
}

/** The process that compares what two suites find. */
async function against(
  other: Against,
  { rounds, area, within, extent, json, continues }: Command,
): Promise<void> {
  const worse = await compareAgainst({
    repository: ROOT,
    temporary: tmpdir(),
    against: other,
    rounds,
    area,
    within,
    extent,
    json,
    continues,
    print: (text) => console.log(text),
    tell: (text) => console.error(text),
    signal: interruption(),
  });
  process.exitCode = worse.length > 0 ? 1 : 0;
}
