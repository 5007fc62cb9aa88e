import { isMissingPackage, TransportError } from '../../term';
import { type NatsClient, peek, reasonOf } from './nats-client';

/** A package that has a NATS client, both with a function `connect`. */
export type NatsPackage = 'nats' | '@nats-io/transport-node';

/** The packages, in the order in which they are looked for. */
export const NATS_PACKAGES: readonly NatsPackage[] = ['nats', '@nats-io/transport-node'];

/** Opens a connection of a client. */
export type Connect = (options: Readonly<Record<string, unknown>>) => Promise<NatsClient>;

/**
 * Loads the function that opens connections, of the given package or of the first that is installed. By `require`, because Jest has no
 * dynamic import without a flag of Node.js.
 *
 * @throws TransportError saying what to install.
 */
export function loadConnect(client?: NatsPackage): Connect {
  for (const name of client === undefined ? NATS_PACKAGES : [client]) {
    const connect = connectOf(name);
    if (connect !== undefined) return connect;
  }
  const missing = client ?? NATS_PACKAGES.join("' or '");
  throw new TransportError(
    `natsTransport({ servers }) needs the package '${missing}', which is not installed: npm install ${client ?? 'nats'}, or ` +
      `${client ?? '@nats-io/transport-node'}. Nothing was connected.`,
  );
}

/** Returns undefined if the package is not installed. */
function connectOf(name: NatsPackage): Connect | undefined {
  let loaded: unknown;
  try {
    loaded = LOAD[name]();
  } catch (cause) {
    throw new TransportError(`The package '${name}' cannot be loaded: ${reasonOf(cause)}.`, { cause });
  }
  if (loaded === undefined) return undefined;
  const connect = peek(loaded, 'connect');
  if (isConnect(connect)) return connect;
  throw new TransportError(`The package '${name}' has no function connect(): install another version of it.`);
}

/** Each `require` stands in a `try` of its own, so that bundlers take a package that is missing for an optional one. */
const LOAD: Readonly<Record<NatsPackage, () => unknown>> = {
  nats: () => {
    try {
      return require('nats') as unknown;
    } catch (error) {
      if (isMissingPackage(error, 'nats')) return undefined;
      throw error;
    }
  },
  '@nats-io/transport-node': () => {
    try {
      return require('@nats-io/transport-node') as unknown;
    } catch (error) {
      if (isMissingPackage(error, '@nats-io/transport-node')) return undefined;
      throw error;
    }
  },
};

function isConnect(value: unknown): value is Connect {
  return typeof value === 'function';
}

/**
 * Makes the authenticator of a credentials file, by the client that {@link loadConnect} finds.
 *
 * @param creds What the file holds.
 * @throws TransportError if no client is installed, or it cannot make one.
 */
export function credentialsAuthenticator(creds: Uint8Array): unknown {
  loadConnect();
  for (const name of NATS_PACKAGES) {
    const make = peek(LOAD[name](), 'credsAuthenticator');
    if (typeof make === 'function') return Reflect.apply(make, undefined, [creds]);
  }
  throw new TransportError('The installed NATS client cannot use a credentials file.');
}
