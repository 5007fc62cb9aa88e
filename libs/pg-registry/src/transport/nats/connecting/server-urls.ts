import { InvalidOptionError } from '../../../term';
import type { NatsServerOptions } from '../nats-options';

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
 * @throws InvalidOptionError if a URL has another form, or if two servers name different credentials: a client has one identity. The
 *   message shows no URL, because what was meant as a password may stand anywhere in it.
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

/**
 * Scheme, credentials, host and port, and an empty path. A host has only characters of host names: what has others is the rest of
 * a password with an `@`, and messages show hosts.
 */
const SERVER = /^(\w+:\/\/)?(?:([^@]*)@)?(\[[\da-f:.]+\]|[\p{L}\p{M}\p{N}._-]+)(:\d{1,5})?\/?$/iu;

function parse(given: string, index: number, all: readonly string[]): Server {
  const wrong = (what: string): InvalidOptionError =>
    new InvalidOptionError(
      "Option 'servers' of natsTransport() must be URLs of the form nats://user:password@host:4222, with other characters " +
        `of user and password percent-encoded (URL ${index + 1} of ${all.length} ${what}; it is not shown, because it may contain ` +
        'credentials). Nothing was connected.',
      { option: 'servers' },
    );
  const afterScheme = given.replace(/^\w+:\/\//, '').replace(/\/$/, '');
  if (/[/?#\s\\]/.test(afterScheme)) throw wrong("has a '/', '?', '#', '\\' or white space in it");
  const [, scheme = '', credentials = '', host = '', port = ''] = SERVER.exec(given) ?? [];
  const url = `${scheme}${host}${port}`;
  if (addressOf(url) === undefined) throw wrong('does not name a host, or has a wrong port');
  if (credentials === '') return { url, user: '', pass: '' };
  const [user, ...rest] = credentials.split(':').map(decoded);
  if (user === undefined || rest.includes(undefined)) throw wrong("has a '%' that begins no character");
  if (user === '') throw wrong('has a password without a user');
  return { url, user, pass: rest.join(':') };
}

/** Decodes percent-encoded text; undefined if it has a `%` that begins no character. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
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

/** Lists servers for a message, without anything that stands before the host. */
export function formatServers(servers: string | readonly string[]): string {
  return [servers]
    .flat()
    .map((server) => {
      const [scheme = ''] = /^\w+:\/\//.exec(server) ?? [];
      return scheme + server.slice(Math.max(server.lastIndexOf('@') + 1, scheme.length));
    })
    .join(', ');
}
