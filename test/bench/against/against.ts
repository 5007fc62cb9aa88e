import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate } from './alternation';
import { chooseAreas } from './areas';
import { changedBenchmarks } from './changed-benchmarks';
import { Checkout } from './checkout';
import { describeWorkingTree, findCommit } from './commit';
import { type Comparison, compare } from './comparison';
import { COMPARISON_TITLE, comparisonLines, summary } from './comparison-table';

/** What is compared with what, and where that is shown. */
export interface AgainstOptions {
  /** The root of the working tree, with its node_modules. */
  readonly repository: string;
  /** An existing directory for temporary files. */
  readonly temporary: string;
  /** The commit to compare with, as git names it. */
  readonly ref: string;
  /** How often each area is run on each side; fewer than 3 tell nothing. */
  readonly rounds: number;
  /** What the names of the wanted areas begin with; empty for all of them. */
  readonly area: string;
  readonly quick: boolean;
  /** The file that takes the comparisons as data. */
  readonly json?: string | undefined;
  /** Takes lines of the table. */
  readonly print: (line: string) => void;
  /** Takes lines that tell how far it is. */
  readonly tell: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * Runs the benchmarks of the working tree and of another commit, each by its own `npm run bench`, and shows what differs.
 * The areas follow one after the other, and both sides of an area are run in turns. What it makes, it removes, however it
 * ends.
 *
 * @returns What is worse by more than 10 %
 * @throws BenchError if there is no such commit or area, or a run fails; the reason of the signal if that aborts.
 */
export async function compareAgainst(options: AgainstOptions): Promise<readonly Comparison[]> {
  const folder = mkdtempSync(join(options.temporary, 'pg-registry-bench-'));
  try {
    return await compareIn(folder, options);
  } finally {
    // Killed processes may still be writing.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function compareIn(folder: string, options: AgainstOptions): Promise<readonly Comparison[]> {
  const { repository, ref, rounds, area: beginning, quick, json, print, tell, signal } = options;
  const git = { cwd: repository, signal };
  const commit = await findCommit(ref, git);
  const place = { repository, folder, signal };
  const here = await Checkout.ofWorkingTree(place);
  const there = await Checkout.ofCommit(commit, place);
  const areas = chooseAreas(await here.areas(), await there.areas(), beginning);
  print(`here:  ${await describeWorkingTree(git)}`);
  print(`there: ${commit.title}`);
  for (const name of areas.onlyHere) print(`Only here is the area '${name}'.`);
  for (const name of areas.onlyThere) print(`Only there is the area '${name}'.`);
  const changed = changedBenchmarks(here.directory, there.directory, areas.both);
  if (changed.length > 0)
    print(
      `These benchmarks differ in more than imports, so look whether both do the same: ${changed.join(', ')}`,
    );
  print(`\n${COMPARISON_TITLE}`);
  const compared: Comparison[] = [];
  for (const area of areas.both) {
    const sides = { here: () => here.measure(area, quick), there: () => there.measure(area, quick) };
    const found = await alternate(rounds, sides, (number, tookMs) =>
      tell(
        `${area}, round ${number} of ${rounds}: ${seconds(tookMs.here)} here, ${seconds(tookMs.there)} there`,
      ),
    );
    const findings = compare(found, quick);
    compared.push(...findings.compared);
    for (const line of comparisonLines(findings)) print(line);
    // After each area: a comparison takes long, and a later run may fail.
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(compared, null, 2)}\n`);
  }
  print(`\n${summary(compared)}`);
  return compared.filter(({ verdict }) => verdict === 'worse');
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
