import { TransportError } from '../../../term';
import { peek, reasonOf } from '../nats-client';
import { formatServers } from './server-urls';

/** Why an attempt to connect to a server failed. */
export type FailureKind =
  /** Nothing accepts connections there. */
  | 'no-answer'
  /** A connection was accepted, but no server spoke on it. */
  | 'silent'
  /** The server refused the credentials. */
  | 'credentials'
  /** The client did not accept the server's certificate. */
  | 'certificate'
  /** The server did not accept the client's certificate, or asks for one. */
  | 'client-certificate'
  /** The client did not accept its options. */
  | 'options'
  /** The server, or the account, takes no more connections. */
  | 'limit'
  /** The server had greeted, and ended the connection without a reason, or its reason got lost with the connection. */
  | 'reset'
  /** The server answered, and then something else went wrong. */
  | 'other';

/** One failed attempt. */
export interface ConnectFailure {
  readonly kind: FailureKind;
  /** The URL of the server. */
  readonly server: string;
  readonly cause: unknown;
}

/** Codes of errors of `nats` 2, and names of those of `@nats-io/transport-node` 3. */
const CREDENTIALS = [
  'AuthorizationError',
  'UserAuthenticationExpiredError',
  'AUTHORIZATION_VIOLATION',
  'AUTHENTICATION_EXPIRED',
  'ACCOUNT_EXPIRED',
  'AUTHENTICATION_TIMEOUT',
  'BAD_AUTHENTICATION',
];
const OPTIONS = ['INVALID_OPTION', 'NOT_FUNC', 'InvalidArgumentError'];
/** The codes of Node.js and OpenSSL for certificates, and the client's own. */
const CERTIFICATE =
  /^(?:ERR_TLS_|ERR_SSL_|TLS$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_)/;

/** What the other side of TLS says of the certificate that it was given, or not given. */
const CERTIFICATE_ALERT = /_ALERT_(?:\w*CERTIFICATE|UNKNOWN_CA)/;
/** A reset overtakes what the server said before it, so TLS' own alert may never arrive. */
const RESET = ['ECONNRESET', 'EPIPE'];

const LIMIT = /maximum (?:account )?(?:active )?connections/i;

/** Says what went wrong after a server had greeted. */
export function failureOf(server: string, cause: unknown): ConnectFailure {
  // Version 3 wraps the errors of Node.js.
  const words = [peek(cause, 'code'), peek(cause, 'name'), peek(cause, 'cause', 'code')].map(String);
  if (words.some((word) => CREDENTIALS.includes(word))) return { kind: 'credentials', server, cause };
  if (words.some((word) => OPTIONS.includes(word))) return { kind: 'options', server, cause };
  if (words.some((word) => CERTIFICATE_ALERT.test(word)))
    return { kind: 'client-certificate', server, cause };
  if (words.some((word) => CERTIFICATE.test(word))) return { kind: 'certificate', server, cause };
  if (words.some((word) => RESET.includes(word))) return { kind: 'reset', server, cause };
  return { kind: LIMIT.test(reasonOf(cause)) ? 'limit' : 'other', server, cause };
}

/** Whether a first connection should fail at once, because somebody has to correct something. */
export function needsCorrection({ kind }: ConnectFailure): boolean {
  return ['credentials', 'certificate', 'client-certificate', 'options'].includes(kind);
}

/** Describes a failure in one sentence, without the full stop. */
export function describeFailure({ kind, server, cause }: ConnectFailure): string {
  const where = `the NATS server at ${formatServers(server)}`;
  const reason = reasonOf(cause);
  switch (kind) {
    case 'no-answer':
      return `no NATS server answers at ${formatServers(server)}: ${reason}`;
    case 'silent':
      return `something at ${formatServers(server)} accepts connections but does not speak: ${reason}`;
    case 'credentials':
    case 'limit':
      return `${where} refused the connection: ${reason}`;
    case 'certificate':
      return `the certificate of ${where} was not accepted: ${reason}`;
    case 'client-certificate':
      return `${where} did not accept this client's certificate: ${reason}`;
    case 'options':
      return `the NATS client refused its options: ${reason}`;
    case 'reset':
      return `${where} answered, and ended the connection: ${reason}`;
    case 'other':
    default:
      return `${where} answered, but no connection was made: ${reason}`;
  }
}

const ADVICE: Readonly<Record<FailureKind, string>> = {
  'no-answer': "Start one there ('nats-server'), or correct `servers` of natsTransport.",
  silent:
    'The server is frozen, something on the way holds its packets back, or no NATS server listens there.',
  credentials: 'Correct the credentials or options of natsTransport.',
  certificate:
    'Give natsTransport the authority that signed it (`tls: { ca }` or `tls: { caFile }`), or a URL with the name in the certificate.',
  'client-certificate':
    'Give natsTransport a certificate of an authority that the server knows (`tls: { cert, key }`).',
  options: 'Correct the credentials or options of natsTransport.',
  limit: 'Raise max_connections of the server, or `conn` of the account.',
  reset:
    'Its log may say why. A server that verifies certificates does so if the client has none of an authority that it knows (`tls: { cert, key }`).',
  other: 'The log of the server may tell more.',
};

/**
 * Makes the error of attempts that are given up.
 *
 * @param servers Those of the options.
 * @param limit What ended the attempts: `within 5000 ms`. Default: the failure itself did.
 */
export function giveUpError(
  failure: ConnectFailure,
  servers: readonly string[],
  limit?: string,
): TransportError {
  const { kind, cause } = failure;
  const what =
    kind === 'no-answer'
      ? `No NATS server answered at ${formatServers(servers)}${limit === undefined ? '' : ` ${limit}`}: ${reasonOf(cause)}`
      : `${limit === undefined ? '' : `Not connected ${limit}: `}${describeFailure(failure)}`;
  return new TransportError(`${what.charAt(0).toUpperCase()}${what.slice(1)}. ${ADVICE[kind]}`, { cause });
}
