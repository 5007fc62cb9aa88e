import { InvalidOptionError } from '../../term';
import type { NatsServerOptions } from './nats-options';

interface Server {
  readonly url: string;
  readonly user: string;
  readonly pass: string;
}

/**
 * Moves credentials from server URLs (`nats://user:pass@host`, `nats://token@host`) to options, because the client ignores
 * those in URLs.
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
      "Option 'servers' of natsTransport() must have the same credentials in each URL, because a connection has one user. Give " +
        "them once, as 'user' and 'pass'. Nothing was connected.",
      { option: 'servers' },
    );
  }
  const credentials = pass === '' ? { token: user } : { user, pass };
  // Options win over the URL.
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

/** Reads host and port of a server's URL, with or without a scheme. Returns undefined if it names no host. */
export function addressOf(server: string): { readonly host: string; readonly port: number } | undefined {
  const url = /^\w+:\/\//.test(server) ? server : `nats://${server}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' ? undefined : { host, port: port === '' ? DEFAULT_PORT : Number(port) };
}

/** Lists servers for a message, without their passwords. */
export function formatServers(servers: string | readonly string[]): string {
  return [servers]
    .flat()
    .map((server) => server.replace(/^(\w+:\/\/)?[^@/]*@/, '$1'))
    .join(', ');
}
