import { InvalidOptionError } from '../../term';
import type { NatsServerOptions } from './nats-options';

interface Server {
  readonly url: string;
  readonly user: string;
  readonly pass: string;
}

/**
 * Takes credentials out of server URLs (`nats://user:pass@host`, `nats://token@host`) and gives them as options, which is
 * the only way that the client takes them: what stands in the URL it ignores.
 *
 * @returns The options with plain URLs.
 * @throws InvalidOptionError if two servers name different credentials: a client has one identity.
 */
export function withCredentialsApart(options: NatsServerOptions): NatsServerOptions {
  const given = typeof options.servers === 'string' ? [options.servers] : options.servers;
  const servers = given.map(parse);
  const named = servers.filter(({ user }) => user !== '');
  if (named.length === 0) return options;
  const [{ user, pass }] = named;
  if (named.some((server) => server.user !== user || server.pass !== pass)) {
    throw new InvalidOptionError(
      "'servers' name different credentials; a connection has one user. Give it by `user` and `pass`, or the same in each URL.",
      { option: 'servers' },
    );
  }
  const credentials = pass === '' ? { token: user } : { user, pass };
  // What is said by an option of its own wins over the URL.
  return { ...credentials, ...options, servers: servers.map(({ url }) => url) };
}

function parse(url: string): Server {
  if (!url.includes('@') || !URL.canParse(url)) return { url, user: '', pass: '' };
  const parsed = new URL(url);
  const [user, pass] = [parsed.username, parsed.password].map(decodeURIComponent);
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href, user, pass };
}

const DEFAULT_PORT = 4222;

/** Host and port that a server's URL names, with or without a scheme; undefined if it names none. */
export function addressOf(server: string): { readonly host: string; readonly port: number } | undefined {
  const url = /^\w+:\/\//.test(server) ? server : `nats://${server}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' ? undefined : { host, port: port === '' ? DEFAULT_PORT : Number(port) };
}
