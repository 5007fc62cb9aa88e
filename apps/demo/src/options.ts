import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DemoError } from './demo-error';

/** The command-line options of the demo. */
export interface DemoOptions {
  /** The directory whose text files are counted. */
  readonly directory: string;
  /** `undefined`: all nodes run in this process. `'start'`: the demo starts a nats-server. Otherwise the URL of a running one. */
  readonly nats: string | undefined;
  /** Whether to kill one worker process with SIGKILL half-way. Needs `nats`, because a node inside this process cannot be killed alone. */
  readonly kill: boolean;
  /** Whether to print one JSON object instead of a table. */
  readonly json: boolean;
  /** The number of workers. */
  readonly workers: number;
}

/** The value of `nats` for `--nats` without a URL. */
export const START_A_SERVER = 'start';

const USAGE = 'npm start -- [--dir PATH] [--nats [URL]] [--kill] [--json] [--workers N] [--help]';

/** What `--help` prints. */
export const HELP = `A small cluster counts the words of text files, and a single process counts them again: both must agree.

Usage: ${USAGE}

  --dir PATH     the directory whose text files are counted; default: the documentation of this repository
  --nats [URL]   one process per worker, over the nats-server at URL, or over one that the demo starts
  --kill         kills one worker half-way; needs --nats
  --json         prints one JSON object instead of a table
  --workers N    from 1 to 64; default: 3
  --help         prints this

Colours are for terminals; the environment variable NO_COLOR turns them off.`;

/** Reads the command line; `'help'` if it asks for that. Turns a lone `--nats` into `--nats=start` first, because `parseArgs` knows no optional values. */
export function readOptions(argv: readonly string[], defaultDirectory: string): DemoOptions | 'help' {
  const args = argv.map((arg, i) =>
    arg === '--nats' && (argv[i + 1] ?? '--').startsWith('--') ? `--nats=${START_A_SERVER}` : arg,
  );
  const { dir, nats, kill, json, workers, help } = parse(args);
  if (help) return 'help';
  const count = Number(workers);
  if (!Number.isInteger(count) || count < 1 || count > 64) {
    throw new DemoError(`--workers must be a whole number from 1 to 64 (got '${workers}').`);
  }
  if (kill && nats === undefined) {
    throw new DemoError(
      '--kill needs --nats: without a broker the workers share one operating-system process.',
    );
  }
  if (kill && count < 2)
    throw new DemoError('--kill needs at least two workers, because one has to finish the work.');
  // npm runs the demo in the repository's root. INIT_CWD is the directory from which the user called npm.
  return { directory: resolve(process.env['INIT_CWD'] ?? '.', dir), nats, kill, json, workers: count };

  function parse(given: string[]) {
    try {
      return parseArgs({
        args: given,
        options: {
          dir: { type: 'string', default: defaultDirectory },
          nats: { type: 'string' },
          kill: { type: 'boolean', default: false },
          json: { type: 'boolean', default: false },
          workers: { type: 'string', default: '3' },
          help: { type: 'boolean', default: false },
        },
      }).values;
    } catch (error) {
      throw new DemoError(`${(error as Error).message} Usage: ${USAGE}`);
    }
  }
}
