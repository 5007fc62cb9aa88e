/** What the command line asks for. */
export interface FuzzArguments {
  readonly help: boolean;
  /** How long to search. */
  readonly seconds: number;
  /** How many inputs to try at most, those of the corpus not counted. */
  readonly executions: number;
  /** Names of targets; none: all. */
  readonly targets: readonly string[];
  readonly seed: number;
  /** Whether the corpus is written at the end. */
  readonly keep: boolean;
  /** The file of a finding to run again, or `all`. */
  readonly replay: string | undefined;
}

/** What `--help` prints, before the targets. */
export const HELP = `npm run fuzz -- [--minutes N | --seconds N | --executions N] [--target NAME]… [--seed S] [--no-keep]
npm run fuzz -- --replay FILE | --replay all

Searches for input that crashes a node, costs too much, or reaches what belongs to others. What it finds is made as small as possible and
written to test/fuzz/findings/; then the status is 1. Once mended, a finding stays there and runs with the tests.

  --minutes N     how long to search; default 1
  --seconds N     the same in seconds
  --executions N  stops after so many inputs
  --target NAME   searches in one target, or in several if given again; default all
  --seed S        begins with other random numbers; the same seed, corpus and code search the same way; default drawn
  --no-keep       leaves test/fuzz/corpus/ as it is; otherwise what taught something is written there, made minimal
  --replay FILE   runs a finding again; 'all' runs all of them

Targets:`;

const NUMBERS = ['--minutes', '--seconds', '--executions', '--seed'] as const;
const DEFAULT_SECONDS = 60;

/** Reads the command line. @throws Error naming what is wrong with it */
export function parseArguments(given: readonly string[]): FuzzArguments {
  const numbers = new Map<string, number>();
  const targets: string[] = [];
  let [help, keep, replay]: [boolean, boolean, string | undefined] = [false, true, undefined];
  for (let at = 0; at < given.length; at += 1) {
    const name = given[at];
    if (name === '--help') help = true;
    else if (name === '--no-keep') keep = false;
    else {
      at += 1;
      const value = given[at];
      if (value === undefined) throw new Error(`${name} must be followed by a value. See --help.`);
      if (name === '--target') targets.push(value);
      else if (name === '--replay') replay = value;
      else if ((NUMBERS as readonly string[]).includes(name)) numbers.set(name, numberOf(name, value));
      else throw new Error(`There is no option ${name}. See --help.`);
    }
  }
  const executions = numbers.get('--executions') ?? Infinity;
  const minutes = numbers.get('--minutes');
  const otherwise = executions === Infinity ? DEFAULT_SECONDS : Infinity;
  const seconds = numbers.get('--seconds') ?? (minutes === undefined ? otherwise : minutes * 60);
  const seed = numbers.get('--seed') ?? Math.floor(Math.random() * 1e9);
  return { help, seconds, executions, targets, seed, keep, replay };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} must be a number ≥ 0 (got ${text}). See --help.`);
}
