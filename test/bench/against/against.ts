import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Extent } from '../support/bench';
import { BenchError } from '../support/bench-error';
import { alternate } from './alternation';
import { chooseAreas } from './areas';
import { changedBenchmarks } from './changed-benchmarks';
import { Checkout } from './checkout';
import { describeWorkingTree, findCommit } from './commit';
import { addRounds, type Comparison, compare } from './comparison';
import { areaLine, COMPARISON_TITLE, comparisonLines, summary } from './comparison-table';

/** What the working tree is compared with. */
export type Against =
  | {
      /** A commit, as git names it. */
      readonly ref: string;
      /** Whether the benchmarks of the working tree measure the library of the commit; otherwise its own do. */
      readonly sameBenchmarks: boolean;
    }
  /** The working tree itself, with these options of all nodes, as JSON. */
  | { readonly nodes: string };

/** What is compared with what, and where that is shown. */
export interface AgainstOptions {
  /** The root of the working tree, with its node_modules. */
  readonly repository: string;
  /** An existing directory for temporary files. */
  readonly temporary: string;
  readonly against: Against;
  /** How often each area is run on each side; fewer than 3 tell nothing. */
  readonly rounds: number;
  /** What the names of the wanted areas begin with; empty for all of them. */
  readonly area: string;
  /** How many percent more a figure may cost. */
  readonly within: number;
  readonly extent: Extent;
  /** The file that takes the comparisons as data, after each round. */
  readonly json?: string | undefined;
  /** Whether the rounds that this file has, of a comparison of the same two, count as well. */
  readonly continues: boolean;
  /** Takes lines of the table. */
  readonly print: (line: string) => void;
  /** Takes lines that tell how far it is. */
  readonly tell: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * Runs the benchmarks of the working tree and of what it is compared with, each by its own `npm run bench`, and shows what differs.
 * The areas follow one after the other, and both sides of an area are run in turns. What it makes, it removes, however it
 * ends.
 *
 * @returns What is worse by more than the tolerance
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
  const {
    repository,
    rounds,
    area: beginning,
    within,
    extent,
    json,
    continues,
    print,
    tell,
    signal,
  } = options;
  const git = { cwd: repository, signal };
  const { here, there, title } = await sidesOf(folder, options);
  const areas = chooseAreas(await here.areas(), await there.areas(), beginning);
  print(`here:  ${await describeWorkingTree(git)}`);
  print(`there: ${title}`);
  for (const name of areas.onlyHere) print(`Only here is the area '${name}'.`);
  for (const name of areas.onlyThere) print(`Only there is the area '${name}'.`);
  const changed = changedBenchmarks(here.directory, there.directory, areas.both);
  if (changed.length > 0)
    print(
      `These benchmarks differ in more than imports, so look whether both do the same: ${changed.join(', ')}`,
    );
  print(`\n${COMPARISON_TITLE}`);
  const tolerance = extent === 'quick' ? undefined : within;
  let compared = continues ? readComparisons(json!) : [];
  for (const area of areas.both) {
    const sides = { here: () => here.measure(area, extent), there: () => there.measure(area, extent) };
    const earlier = compared;
    const earlierRounds = Math.max(0, ...ofArea(earlier, area).map((figure) => figure.here.length));
    const onRound: Parameters<typeof alternate>[2] = (number, tookMs, found) => {
      const progress = `${area}, round ${number} of ${earlierRounds + rounds}`;
      tell(`${progress}: ${seconds(tookMs.here)} here, ${seconds(tookMs.there)} there`);
      compared = addRounds(earlier, compare(found, tolerance).compared, tolerance);
      // After each round: a comparison takes long, and may be cut off.
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(compared, null, 2)}\n`);
    };
    const findings = compare(await alternate(rounds, sides, onRound, earlierRounds), tolerance);
    const all = ofArea(compared, area);
    for (const line of comparisonLines({ ...findings, compared: all })) print(line);
    for (const line of areaLine(area, all)) print(line);
  }
  print(`\n${summary(compared, within)}`);
  return compared.filter(({ verdict }) => verdict === 'worse');
}

/** What an earlier comparison has found; nothing if there was none. */
function readComparisons(file: string): readonly Comparison[] {
  if (!existsSync(file)) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Comparison[];
  } catch (error) {
    throw new BenchError(
      `The file of --json cannot be continued: ${(error as Error).message}. Nothing was measured.`,
    );
  }
}

function ofArea(compared: readonly Comparison[], wanted: string): readonly Comparison[] {
  return compared.filter(({ area }) => area === wanted);
}

/** Makes both sides, and says what the other one is. */
async function sidesOf(
  folder: string,
  { repository, against, signal }: AgainstOptions,
): Promise<{ readonly here: Checkout; readonly there: Checkout; readonly title: string }> {
  const place = { repository, folder, signal };
  if ('nodes' in against) {
    const here = await Checkout.ofWorkingTree(place);
    const there = here.withNodes(against.nodes);
    return { here, there, title: there.title };
  }
  const commit = await findCommit(against.ref, { cwd: repository, signal });
  const here = await Checkout.ofWorkingTree(place);
  if (!against.sameBenchmarks)
    return { here, there: await Checkout.ofCommit(commit, place), title: commit.title };
  const there = await Checkout.ofLibraries(commit, place);
  return { here, there, title: `the libraries of ${commit.title}` };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
