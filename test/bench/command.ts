import { parseArgs } from 'node:util';
import type { Against } from './against/against';
import type { Extent } from './support/bench';
import { BenchError } from './support/bench-error';

/** What `npm run bench` is asked for. */
export interface Command {
  readonly extent: Extent;
  /** What the names of the wanted areas begin with; empty for all of them. */
  readonly area: string;
  /** The file that takes the figures as data. */
  readonly json?: string | undefined;
  /** The directory that takes CPU profiles. */
  readonly profile?: string | undefined;
  /** The one area that this process measures for the one that started it. */
  readonly measure?: string | undefined;
  /** What to compare with. */
  readonly compared?: Against | undefined;
  /** The file with figures of other systems, to show beside ours. */
  readonly anchor?: string | undefined;
  /** How often each area of each of the two is run. */
  readonly rounds: number;
  /** Whether the rounds in the file of --json count as well. */
  readonly continues: boolean;
  /** How many percent more a figure may cost. */
  readonly within: number;
}

const USAGE =
  'npm run bench -- [--quick | --brief] [--area NAME] [--json FILE] [--anchor FILE | --profile DIR | COMPARISON [--rounds N] [--within PERCENT] [--continue]], ' +
  'where COMPARISON is --against REF [--same-benchmarks] or --against-nodes JSON';
/** Even, so that each of the two goes first equally often. */
const DEFAULT_ROUNDS = 6;
/** Two pairs of runs agree by chance now and then, and one has nothing to agree with. */
const MIN_ROUNDS = 3;
const DEFAULT_WITHIN = 10;

/**
 * Reads the command line, without the names of the program.
 *
 * @throws BenchError if it has unknown or missing parts, or some that do not go together.
 */
export function parseCommand(args: readonly string[]): Command {
  const parsed = parse(args);
  const { quick, brief, area, json, profile, measure, anchor, rounds, within, continue: continues } = parsed;
  if (continues && json === undefined)
    throw refusal('--continue only makes sense with --json, whose file has the earlier rounds.');
  if (anchor !== undefined) checkAnchor(parsed);
  if (quick && brief) throw refusal('--quick and --brief exclude each other.');
  return {
    extent: quick ? 'quick' : brief ? 'brief' : 'full',
    area,
    json,
    profile,
    measure,
    anchor,
    compared: comparedOf(parsed),
    continues,
    rounds: rounds === undefined ? DEFAULT_ROUNDS : countOf(rounds, continues ? 1 : MIN_ROUNDS),
    within: within === undefined ? DEFAULT_WITHIN : percentOf(within),
  };
}

type Parsed = ReturnType<typeof parse>;

function comparedOf(parsed: Parsed): Against | undefined {
  const { against: ref, 'against-nodes': nodes, 'same-benchmarks': sameBenchmarks, profile } = parsed;
  if (sameBenchmarks && ref === undefined)
    throw refusal('--same-benchmarks only makes sense with --against.');
  if (ref === undefined && nodes === undefined) {
    for (const name of ['rounds', 'within', 'continue'] as const)
      if (parsed[name] !== undefined && parsed[name] !== false)
        throw refusal(`--${name} only makes sense with --against or --against-nodes.`);
    return undefined;
  }
  if (ref !== undefined && nodes !== undefined)
    throw refusal('--against and --against-nodes exclude each other: one difference at a time.');
  if (profile !== undefined)
    throw refusal('--profile and --against exclude each other: a watched program is slower.');
  if (nodes !== undefined) return { nodes: optionsOf(nodes) };
  if (parsed.brief && !sameBenchmarks)
    throw refusal('--brief and --against need --same-benchmarks: those of the commit may not know it.');
  if (ref!.trim() === '') throw refusal('--against needs a commit, such as HEAD~1 or main.');
  return { ref: ref!, sameBenchmarks };
}

/** Checks that a text is an object; whether nodes know these options they say themselves. */
function optionsOf(nodes: string): string {
  let options: unknown;
  try {
    options = JSON.parse(nodes);
  } catch {
    // Refused below, as what is no object.
  }
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return nodes;
  throw refusal(
    `--against-nodes needs options of nodes as a JSON object, such as '{"observer":false}', not '${nodes}'.`,
  );
}

function checkAnchor({ anchor, quick, brief, profile, against, 'against-nodes': nodes }: Parsed): void {
  if (anchor!.trim() === '') throw refusal('--anchor needs a file of figures.');
  if (quick) throw refusal('--anchor and --quick exclude each other: the times of a quick run mean nothing.');
  if (brief)
    throw refusal('--anchor and --brief exclude each other: a brief run is for comparisons of ours.');
  if (profile !== undefined)
    throw refusal('--anchor and --profile exclude each other: a watched program is slower.');
  if (against !== undefined || nodes !== undefined)
    throw refusal('--anchor and --against exclude each other: a comparison is of two libraries of ours.');
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is that of the options
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        brief: { type: 'boolean', default: false },
        json: { type: 'string' },
        area: { type: 'string', default: '' },
        profile: { type: 'string' },
        measure: { type: 'string' },
        against: { type: 'string' },
        'same-benchmarks': { type: 'boolean', default: false },
        'against-nodes': { type: 'string' },
        anchor: { type: 'string' },
        rounds: { type: 'string' },
        continue: { type: 'boolean', default: false },
        within: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

function countOf(rounds: string, least: number): number {
  const count = Number(rounds);
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw refusal(`--rounds needs a whole number of at least ${least}, not '${rounds}'.`);
}

function percentOf(within: string): number {
  const percent = Number(within);
  if (percent > 0 && percent <= 100) return percent;
  throw refusal(`--within needs a number of percent above 0 and up to 100, not '${within}'.`);
}

function refusal(message: string): BenchError {
  return new BenchError(`${message}\nUsage: ${USAGE}`);
}
