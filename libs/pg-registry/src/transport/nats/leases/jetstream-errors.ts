import type { LeaseUnavailable, LeaseUnknown } from '../../../names/lease-store';
import { printable } from '../../../term';
import { peek } from '../nats-client';

/** Errors of the JetStream API that the store acts on, by their `err_code`. */
export const JETSTREAM_ERROR = Object.freeze({
  INSUFFICIENT_RESOURCES: 10_023,
  MAXIMUM_STREAMS: 10_027,
  NO_MESSAGE_FOUND: 10_037,
  NOT_ENABLED_FOR_ACCOUNT: 10_039,
  STORAGE_EXCEEDED: 10_047,
  MESSAGE_TOO_LARGE: 10_054,
  OTHER_CONFIGURATION: 10_058,
  STREAM_NOT_FOUND: 10_059,
  OTHER_STREAM: 10_060,
  SUBJECTS_OVERLAP: 10_065,
  WRONG_LAST_ID: 10_070,
  WRONG_SEQUENCE: 10_071,
  NOT_CLUSTERED: 10_074,
  NOT_ENABLED: 10_076,
  STREAM_SEALED: 10_109,
  MAXIMUM_BYTES_REQUIRED: 10_113,
});

/** An error that JetStream answered. */
export interface JetStreamError {
  /** Which one: `err_code`. */
  readonly number: number;
  readonly description: string;
}

/** Reads the error of an answer; undefined if it has none. */
export function errorIn(body: unknown): JetStreamError | undefined {
  const error = peek(body, 'error');
  if (typeof error !== 'object' || error === null) return undefined;
  const number = peek(error, 'err_code');
  const description = peek(error, 'description');
  return {
    number: typeof number === 'number' ? number : 0,
    description: typeof description === 'string' ? printable(description, 300) : 'no description',
  };
}

const NO_ROOM =
  'Raise `max_file_store` of the server or the storage limit of the account, or free room on its disk.';

/** What to do about errors that stay until somebody changes the broker's configuration. */
const REMEDIES: Readonly<Record<number, string>> = {
  [JETSTREAM_ERROR.INSUFFICIENT_RESOURCES]: NO_ROOM,
  [JETSTREAM_ERROR.STORAGE_EXCEEDED]: NO_ROOM,
  [JETSTREAM_ERROR.MAXIMUM_STREAMS]: 'Raise `max_streams` of the account.',
  [JETSTREAM_ERROR.NOT_ENABLED_FOR_ACCOUNT]:
    "Enable JetStream for the account of the node's user: `jetstream: enabled` in its block of the server's configuration.",
  [JETSTREAM_ERROR.NOT_ENABLED]:
    'Enable JetStream: start nats-server with a block `jetstream { store_dir: … }`.',
  [JETSTREAM_ERROR.MESSAGE_TOO_LARGE]: 'Raise `max_msg_size` of the stream.',
  [JETSTREAM_ERROR.OTHER_STREAM]: 'Another stream has the subjects of this one: remove them there.',
  [JETSTREAM_ERROR.SUBJECTS_OVERLAP]:
    'A stream exists that has these subjects already: remove them there. A stream of `pgr.>` captures all messages of the nodes.',
  [JETSTREAM_ERROR.NOT_CLUSTERED]:
    'The server is no member of a cluster: leave out option `replicas`, or set it to 1.',
  [JETSTREAM_ERROR.STREAM_SEALED]: 'The stream is sealed: delete it, so that the next node makes it anew.',
  [JETSTREAM_ERROR.MAXIMUM_BYTES_REQUIRED]:
    'The account demands a limit of bytes for each stream: make the stream yourself, with such a limit and `discard: new`.',
};

/**
 * Says what an error means for a request. One that a change of the configuration must end makes the store unavailable; after any other the
 * request may succeed if it is repeated. A write that the server could not store counts as unknown: its disk may have it.
 *
 * @param doing What was refused, as part of a sentence: "write to stream x on NATS at …".
 */
export function outcomeOf(error: JetStreamError, doing: string): LeaseUnavailable | LeaseUnknown {
  const remedy = REMEDIES[error.number];
  const what = `JetStream did not ${doing}: ${error.description} (error ${error.number}).`;
  return remedy === undefined
    ? { type: 'unknown', reason: what }
    : { type: 'unavailable', reason: `${what} ${remedy}` };
}
