import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What the options of the command say, which come before or behind a verb. */
export interface Settings {
  /** The page that is asked, instead of the nodes themselves over their broker. */
  readonly url: URL | undefined;
  /** What is sent to the page with each request: what its guards want. */
  readonly headers: Readonly<Record<string, string>>;
  readonly servers: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly creds: string | undefined;
  readonly user: string | undefined;
  readonly pass: string | undefined;
  readonly token: string | undefined;
  readonly tls: object | undefined;
  /** A key of the shared secret, if the cluster has one. */
  readonly secret: { readonly id: string; readonly key: string } | undefined;
  readonly node: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly timeoutMs: number;
  /** Live verbs end after so many rounds. */
  readonly rounds: number;
  readonly limit: number;
  readonly match: string | undefined;
  readonly scope: string | undefined;
  readonly verb: string | undefined;
  readonly words: readonly string[];
}

/** A mistake in the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The options, for help and for completion. */
export const OPTIONS = {
  url: { type: 'string', short: 'u' },
  header: { type: 'string', short: 'H', multiple: true, default: [] as string[] },
  server: { type: 'string', short: 's', default: 'nats://127.0.0.1:4222' },
  namespace: { type: 'string', short: 'n', default: 'pg' },
  name: { type: 'string' },
  creds: { type: 'string' },
  user: { type: 'string' },
  pass: { type: 'string' },
  token: { type: 'string' },
  tlsca: { type: 'string' },
  tlscert: { type: 'string' },
  tlskey: { type: 'string' },
  secret: { type: 'string' },
  node: { type: 'string' },
  json: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '2000' },
  rounds: { type: 'string', default: 'Infinity' },
  limit: { type: 'string', default: '1000' },
  match: { type: 'string' },
  scope: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What the options mean, one line each. */
export const OPTIONS_HELP = `Options
  -s, --server URL     the broker, several with commas between (default nats://127.0.0.1:4222, or NATS_URL)
  -n, --namespace NAME the cluster's namespace (default pg)
      --name NAME      the name under which you ask; a broker with permissions wants the one that they are for
      --creds FILE     credentials of NATS; or --user and --pass, or --token; NATS_PASSWORD and NATS_TOKEN work, too
      --tlsca FILE     TLS: certificates that are trusted; --tlscert and --tlskey: your own
      --secret FILE    a key of the cluster's shared secret: its id, a space, and the key
  -u, --url URL        asks the page of PgRegistryObserverModule there, and not the broker: https://ops.example.com/pg-registry
  -H, --header TEXT    with --url: a header that its guards want, 'Name: value', or @FILE with one on each line; or --token for
                       'Authorization: Bearer', or --user and --pass; --tlsca, --tlscert and --tlskey work, too
      --node NODE      the node that is asked, where any can answer
      --json           one JSON object per line
      --timeout MS     how long a node may take to answer (default 2000); the page may take ten times as long
      --rounds N       live verbs end after N rounds
  -h, --help           help for the command, or for a verb

Exit status: 0 all is well, 1 what was asked for is not there or not well, 2 the command could not do its work.
`;

/** Reads the command line. @throws UsageError */
export function settingsOf(args: readonly string[], environment: NodeJS.ProcessEnv): Settings {
  const { values, positionals } = parsed(args);
  const [verb, ...words] = positionals;
  // What the environment says is for the broker: no other server may get to know it.
  const env = values.url === undefined ? environment : {};
  const given = args.some((arg) => /^(?:-s|--server(?:=.*)?)$/.test(arg));
  checkWay(args, values);
  return {
    url: values.url === undefined ? undefined : pageOf(values.url),
    headers: values.url === undefined ? {} : headersOf(values),
    servers: given ? values.server : (env['NATS_URL'] ?? values.server),
    namespace: values.namespace,
    name: values.name,
    creds: values.creds,
    user: values.user ?? env['NATS_USER'],
    pass: values.pass ?? env['NATS_PASSWORD'],
    token: values.token ?? env['NATS_TOKEN'],
    tls: tlsOf(values),
    secret: secretOf(values.secret),
    node: values.node,
    json: values.json,
    help: values.help,
    timeoutMs: numberOf('timeout', values.timeout),
    rounds: numberOf('rounds', values.rounds),
    limit: numberOf('limit', values.limit),
    match: values.match,
    scope: values.scope,
    verb,
    words,
  };
}

type Values = ReturnType<typeof parsed>['values'];

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function tlsOf({ tlsca, tlscert, tlskey }: Values): object | undefined {
  if (tlsca === undefined && tlscert === undefined && tlskey === undefined) return undefined;
  return {
    ...(tlsca !== undefined && { ca: contents(tlsca, '--tlsca') }),
    ...(tlscert !== undefined && { cert: contents(tlscert, '--tlscert') }),
    ...(tlskey !== undefined && { key: contents(tlskey, '--tlskey') }),
  };
}

function secretOf(file: string | undefined): Settings['secret'] {
  if (file === undefined) return undefined;
  const [id = '', key = ''] = contents(file, '--secret').trim().split(/\s+/);
  if (key === '')
    throw new UsageError(`The file of --secret must hold the id of a key, a space, and the key: ${file}`);
  return { id, key };
}

/** What a file holds that an option names. @throws UsageError */
export function contents(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`The file of ${option} cannot be read: ${file}`);
  }
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new UsageError(`--${option} must be a number above 0 (got ${text}).`);
}

/** @throws UsageError for options that do not fit together */
function checkWay(args: readonly string[], { url, header }: Values): void {
  if (url === undefined && header.length > 0) throw new UsageError('--header is for --url.');
  if (url === undefined) return;
  const other = args.find((arg) => /^(?:-s|-n|--(?:server|namespace|name|creds|secret)(?:=.*)?)$/.test(arg));
  if (other !== undefined)
    throw new UsageError(`${other.split('=')[0]} is for a broker; with --url the page is asked.`);
}

function pageOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('--url must be an address like https://ops.example.com/pg-registry.');
  if (url.username !== '' || url.password !== '')
    throw new UsageError('--url must be without a name and a password: give them with --user and --pass.');
  url.search = url.hash = '';
  return url;
}

/** What is sent to the page. Errors do not repeat it: it may be secret. */
function headersOf({ header, token, user, pass }: Values): Settings['headers'] {
  const lines = header.flatMap((text) =>
    text.startsWith('@')
      ? contents(text.slice(1), '--header')
          .split(/\r?\n/)
          .filter((line) => line.trim() !== '')
      : [text],
  );
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (user !== undefined)
    headers['authorization'] = `Basic ${Buffer.from(`${user}:${pass ?? ''}`).toString('base64')}`;
  for (const line of lines) {
    const [, name = '', value = ''] =
      /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
    if (name === '') throw new UsageError("--header must be 'Name: value', or @FILE with one on each line.");
    headers[name.toLowerCase()] = value.trim();
  }
  return headers;
}
