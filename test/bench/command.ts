import { parseArgs } from 'node:util';
import { BenchError } from './support/bench-error';

/** What `npm run bench` is asked for. */
export interface Command {
  readonly quick: boolean;
  /** What the names of the wanted areas begin with; empty for all of them. */
  readonly area: string;
  /** The file that takes the figures as data. */
  readonly json?: string | undefined;
  /** The directory that takes CPU profiles. */
  readonly profile?: string | undefined;
  /** The one area that this process measures for the one that started it. */
  readonly measure?: string | undefined;
  /** The commit to compare with, as git names it. */
  readonly against?: string | undefined;
  /** The file with figures of other systems, to show beside ours. */
  readonly anchor?: string | undefined;
  /** How often each area of each of the two is run. */
  readonly rounds: number;
}

const USAGE =
  'npm run bench -- [--quick] [--area NAME] [--json FILE] [--anchor FILE | --profile DIR | --against REF [--rounds N]]';
/** Even, so that each of the two goes first equally often. */
const DEFAULT_ROUNDS = 6;
/** Two pairs of runs agree by chance now and then, and one has nothing to agree with. */
const MIN_ROUNDS = 3;

/**
 * Reads the command line, without the names of the program.
 *
 * @throws BenchError if it has unknown or missing parts, or some that do not go together.
 */
export function parseCommand(args: readonly string[]): Command {
  const { rounds, ...command } = parse(args);
  if (command.against === undefined) {
    if (rounds !== undefined) throw refusal('--rounds only makes sense with --against.');
  } else {
    if (command.against.trim() === '') throw refusal('--against needs a commit, such as HEAD~1 or main.');
    if (command.profile !== undefined)
      throw refusal('--profile and --against exclude each other: a watched program is slower.');
  }
  if (command.anchor !== undefined) checkAnchor(command);
  return { ...command, rounds: rounds === undefined ? DEFAULT_ROUNDS : countOf(rounds) };
}

function checkAnchor({ anchor, quick, profile, against }: Omit<Command, 'rounds'>): void {
  if (anchor!.trim() === '') throw refusal('--anchor needs a file of figures.');
  if (quick) throw refusal('--anchor and --quick exclude each other: the times of a quick run mean nothing.');
  if (profile !== undefined)
    throw refusal('--anchor and --profile exclude each other: a watched program is slower.');
  if (against !== undefined)
    throw refusal('--anchor and --against exclude each other: --against compares two commits of ours.');
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is that of the options
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        area: { type: 'string', default: '' },
        profile: { type: 'string' },
        measure: { type: 'string' },
        against: { type: 'string' },
        anchor: { type: 'string' },
        rounds: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

function countOf(rounds: string): number {
  const count = Number(rounds);
  if (Number.isSafeInteger(count) && count >= MIN_ROUNDS) return count;
  throw refusal(`--rounds needs a whole number of at least ${MIN_ROUNDS}, not '${rounds}'.`);
}

function refusal(message: string): BenchError {
  return new BenchError(`${message}\nUsage: ${USAGE}`);
}
