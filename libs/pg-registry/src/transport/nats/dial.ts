import { TransportError } from '../../term';
import { Deadline } from './deadline';
import { type NatsClient, peek, reasonOf } from './nats-client';
import { CLIENT_DEFAULTS, type NatsServerOptions } from './nats-options';

const PAUSE_BETWEEN_ATTEMPTS_MS = 250;

/** What trying again does not change. Anything else may be a broker that is just starting. */
const FINAL = [
  'AUTHORIZATION_VIOLATION',
  'AUTHENTICATION_EXPIRED',
  'BAD_AUTHENTICATION',
  'INVALID_OPTION',
  'NOT_FUNC',
];

/** Opens a connection of a given client. The part of `nats` that is used. */
type Connect = (options: Readonly<Record<string, unknown>>) => Promise<NatsClient>;

/**
 * Opens a connection by the package `nats`, trying until time is up.
 *
 * @throws TransportError naming the servers, the last reason and what to do about it.
 */
export async function dial(options: NatsServerOptions, timeoutMs: number): Promise<NatsClient> {
  const connect = await loadConnect();
  const servers = Array.isArray(options.servers) ? [...options.servers] : options.servers;
  const deadline = new Deadline(timeoutMs);
  let failure: unknown = 'no answer';
  while (deadline.leftMs > 0) {
    const attempt = connect({ ...CLIENT_DEFAULTS, ...options, servers });
    try {
      const client = await deadline.bound(attempt);
      if (client !== undefined) return client;
      closeWhenOpen(attempt);
    } catch (cause) {
      if (isFinal(cause)) throw refused(options.servers, cause);
      failure = cause;
      await deadline.pause(PAUSE_BETWEEN_ATTEMPTS_MS);
    }
  }
  throw new TransportError(
    `No NATS server answered at ${formatServers(options.servers)} within ${timeoutMs} ms: ${reasonOf(failure)}. ` +
      "Start one there ('nats-server'), or correct `servers` of natsTransport.",
    { cause: failure },
  );
}

async function loadConnect(): Promise<Connect> {
  try {
    const { connect }: { readonly connect: unknown } = await import('nats');
    if (isConnect(connect)) return connect;
    throw new Error('it has no function connect()');
  } catch (cause) {
    throw new TransportError(
      "natsTransport({ servers }) needs the package 'nats': npm install nats. A connection of '@nats-io/transport-node' " +
        `is given as natsTransport({ connection }). (${reasonOf(cause)})`,
      { cause },
    );
  }
}

function isConnect(value: unknown): value is Connect {
  return typeof value === 'function';
}

function isFinal(error: unknown): boolean {
  return FINAL.includes(String(peek(error, 'code')));
}

function refused(servers: string | readonly string[], cause: unknown): TransportError {
  return new TransportError(
    `The NATS server at ${formatServers(servers)} refused the connection: ${reasonOf(cause)}. ` +
      'Correct the credentials or options of natsTransport.',
    { cause },
  );
}

/** A connection that came too late is nobody's. */
function closeWhenOpen(attempt: Promise<NatsClient>): void {
  attempt.then(
    (client) => client.close(),
    () => undefined,
  );
}

/** The servers, without passwords. */
export function formatServers(servers: string | readonly string[]): string {
  return [servers]
    .flat()
    .map((server) => server.replace(/^(\w+:\/\/)?[^@/]*@/, '$1'))
    .join(', ');
}
