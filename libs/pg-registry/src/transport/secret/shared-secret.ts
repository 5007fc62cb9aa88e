import { InvalidOptionError, isObject, OptionChecks } from '../../term';
import { MessageMac } from './message-mac';

/** The secret that the nodes of a cluster share: the keys whose signatures count, and the one of them to sign with. */
export interface SharedSecretOptions {
  /** The id of the key with which this node signs: one of those in `keys`. */
  readonly signWith: string;
  /**
   * The keys by their id, at most 16. An id has 1 to 32 letters, digits, `-` or `_`, and every message names the one of its key. A key is
   * a string of at least 32 bytes or a Uint8Array of at least 32: draw it at random, for example with `openssl rand -base64 32`. A message
   * signed with any of them counts.
   */
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
  /**
   * By how many milliseconds the clocks of two nodes may differ, and how old a message may be, when a node first hears of the other.
   * Default 300,000 (5 minutes). Later messages of that node do not depend on the clocks.
   */
  readonly maxClockDifferenceMs?: number;
}

/** A checked {@link SharedSecretOptions}. */
export interface SharedSecret {
  readonly signWith: string;
  /** By key id. */
  readonly macs: ReadonlyMap<string, MessageMac>;
  readonly maxClockDifferenceMs: number;
}

const MIN_KEY_BYTES = 32;
const MAX_KEYS = 16;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const DEFAULT_MAX_CLOCK_DIFFERENCE_MS = 300_000;
const NAMES = ['signWith', 'keys', 'maxClockDifferenceMs'];
const OUTCOME = 'Nothing was connected.';
const CHECKS: OptionChecks = new OptionChecks(OUTCOME, "'secret'");

/**
 * Checks the option `secret` of a transport and copies its keys. No message shows anything of a key, or what was given in place of one.
 *
 * @throws InvalidOptionError naming what is missing or wrong.
 */
export function sharedSecret(options: unknown): SharedSecret {
  if (!isObject(options)) throw wrong('secret', 'must be an object { signWith, keys }');
  CHECKS.names(options, NAMES);
  const given: Partial<SharedSecretOptions> = options;
  const { signWith, keys, maxClockDifferenceMs = DEFAULT_MAX_CLOCK_DIFFERENCE_MS } = given;
  if (!isObject(keys)) throw wrong('keys', 'must be an object with a key under each id');
  const ids = Object.keys(keys);
  if (ids.length === 0 || ids.length > MAX_KEYS)
    throw wrong('keys', `must have 1 to ${MAX_KEYS} keys (got ${ids.length})`);
  if (!ids.every((id) => KEY_ID.test(id)))
    throw wrong('keys', 'must have ids of 1 to 32 letters, digits, - or _');
  const macs = new Map(ids.map((id) => [id, new MessageMac(keyBytes(id, keys[id]))]));
  if (typeof signWith !== 'string' || !macs.has(signWith))
    throw wrong('signWith', `must be the id of one of the keys: ${ids.join(', ')}`);
  if (maxClockDifferenceMs !== Infinity) CHECKS.wholeNumber('maxClockDifferenceMs', maxClockDifferenceMs, 1);
  return { signWith, macs, maxClockDifferenceMs };
}

function keyBytes(id: string, key: unknown): Uint8Array {
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw wrong('keys', `must give key ${id} as a string or a Uint8Array`);
  const bytes = Uint8Array.from(Buffer.from(key));
  if (bytes.length >= MIN_KEY_BYTES) return bytes;
  throw wrong('keys', `must give key ${id} at least ${MIN_KEY_BYTES} bytes (got ${bytes.length})`);
}

function wrong(option: string, must: string): InvalidOptionError {
  const of = option === 'secret' ? '' : " of 'secret'";
  return new InvalidOptionError(`Option '${option}'${of} ${must}. ${OUTCOME}`, { option });
}
