import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SAVE_OPTIONS, type SaveOptions } from '../persistence/save-schedule';
import { UserError } from './user-error';

/** The command line of the application. */
export interface StartOptions {
  /** How many nodes. */
  readonly nodes: number;
  /** Undefined: all nodes run in this process. `'start'`: each has a process, and the application starts a nats-server. Otherwise the URL of one. */
  readonly nats: string | undefined;
  /** The port of the only address that browsers need; 0: a free one. With several nodes in one process, of the first one. */
  readonly port: number;
  readonly host: string;
  /** Where PGlite keeps the documents. */
  readonly directory: string;
  /** The URL of a PostgreSQL server; undefined: PGlite. */
  readonly database: string | undefined;
  readonly accessToken: string | undefined;
  readonly isDemonstration: boolean;
  /** When documents are saved; undefined: as {@link SAVE_OPTIONS} says. */
  readonly saves: SaveOptions | undefined;
}

/** The value of `nats` for `--nats` without a URL. */
export const START_A_SERVER = 'start';

const DEFAULT_DIRECTORY = 'collaboration-data';
const USAGE =
  'npm run collaboration -- [--nodes N] [--nats [URL]] [--port N] [--directory PATH] [--token TEXT] [--help]';

/** What `--help` prints. */
export const HELP = `Several people edit one document, on several nodes.

Usage: ${USAGE}

  --nodes N          how many nodes, from 1 to 16; default: 2, with --nats 3
  --nats [URL]       one process per node, over the nats-server at URL (with JetStream), or over one that this command starts;
                     several URLs with commas between them: one for each node, in turn
  --port N           the port for browsers; default: a free one
  --host ADDRESS     the address to listen on; default: 127.0.0.1
  --directory PATH   where PGlite keeps the documents; default: ./${DEFAULT_DIRECTORY}
  --token TEXT       lets in only browsers that know it: open the page with ?token=TEXT
  --save-after MS    saves a document that was not changed for so long; default: ${SAVE_OPTIONS.quietMs}
  --no-demonstration browsers cannot kill the node that holds a document
  --help             prints this

Environment: DATABASE_URL, the URL of a PostgreSQL server to use instead of PGlite.`;

/** Reads the command line; `'help'` if it asks for that. @throws UserError */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): StartOptions | 'help' {
  const args = argv.map((arg, i) =>
    arg === '--nats' && (argv[i + 1] ?? '--').startsWith('--') ? `--nats=${START_A_SERVER}` : arg,
  );
  const values = parse(args);
  if (values.help === true) return 'help';
  const { nats } = values;
  const nodes = wholeNumber('--nodes', values.nodes ?? (nats === undefined ? '2' : '3'), 1, 16);
  if (values.token === '') throw new UserError('--token must not be empty.');
  const database = env['DATABASE_URL'];
  if (database !== undefined && !URL.canParse(database))
    throw new UserError('DATABASE_URL must be a URL: postgresql://USER:PASSWORD@HOST:PORT/DATABASE.');
  return {
    nodes,
    nats,
    port: wholeNumber('--port', values.port ?? '0', 0, 65_535),
    host: values.host ?? '127.0.0.1',
    // npm runs the application in the repository's root. INIT_CWD is the directory from which the user called npm.
    directory: resolve(env['INIT_CWD'] ?? '.', values.directory ?? DEFAULT_DIRECTORY),
    database,
    accessToken: values.token,
    isDemonstration: values['no-demonstration'] !== true,
    saves: savesAfter(values['save-after']),
  };
}

function savesAfter(text: string | undefined): SaveOptions | undefined {
  if (text === undefined) return undefined;
  return { ...SAVE_OPTIONS, quietMs: wholeNumber('--save-after', text, 1, SAVE_OPTIONS.mostMs) };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        nodes: { type: 'string' },
        nats: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        directory: { type: 'string' },
        token: { type: 'string' },
        'save-after': { type: 'string' },
        'no-demonstration': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message} Usage: ${USAGE}`);
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < least || number > most)
    throw new UserError(`${name} must be a whole number from ${least} to ${most} (got '${text}').`);
  return number;
}
