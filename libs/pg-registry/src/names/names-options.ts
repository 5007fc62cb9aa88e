import { isObject, OptionChecks } from '../term';
import { LONGEST_TTL_MS, type Takeover } from './lease/lease-records';

/** The options of cluster names. */
export interface NamesOptions {
  /**
   * How long a node that says nothing keeps its names, in milliseconds, from 1,000 to 3,600,000. It renews them each third of this
   * time. Default 10,000.
   */
  readonly ttlMs?: number;
  /**
   * When others may take the names of this node. `'lease'`: when it has released them or its time is over. `'crash'`: also as soon as
   * their registry has confirmed that this node crashed; a node whose connection was cut may believe a little longer, so use it where
   * the resource checks tokens. Default `'lease'`.
   */
  readonly takeover?: Takeover;
  /** The name of the store, with JetStream the stream. Default: one for each namespace. */
  readonly bucket?: string;
  /** How many servers keep each record, with JetStream: 1, 3 or 5. Default: 1 for a new store. */
  readonly replicas?: number;
  /** By how much the clock of a node may run fast or slow, as a share from 0 to 0.2. Default 0.05. */
  readonly maxClockDrift?: number;
}

/** {@link NamesOptions} after the checks, with every default filled in. */
export interface NormalNamesOptions {
  readonly ttlMs: number;
  readonly takeover: Takeover;
  readonly bucket: string | undefined;
  readonly replicas: number | undefined;
  readonly maxClockDrift: number;
}

const OPTIONS = ['ttlMs', 'takeover', 'bucket', 'replicas', 'maxClockDrift'];
const CHECKS: OptionChecks = new OptionChecks('Nothing was started.', '`names`');
const SHORTEST_TTL_MS = 1000;
const DEFAULT_TTL_MS = 10_000;
const MOST_DRIFT = 0.2;
const DEFAULT_DRIFT = 0.05;
const REPLICAS = [1, 3, 5];
/** Becomes the name of a stream and part of subjects. */
const BUCKET = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Checks the option `names` of a node and fills in the defaults.
 *
 * @returns False: the node has no cluster names.
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed.
 */
export function normalNamesOptions(given: false | NamesOptions = {}): false | NormalNamesOptions {
  if (given === false) return false;
  if (!isObject(given))
    throw new OptionChecks('Nothing was started.').error('names', given, 'false or an object');
  CHECKS.names(given, OPTIONS);
  const {
    ttlMs = DEFAULT_TTL_MS,
    takeover = 'lease',
    bucket,
    replicas,
    maxClockDrift = DEFAULT_DRIFT,
  } = given;
  CHECKS.wholeNumber('ttlMs', ttlMs, SHORTEST_TTL_MS, LONGEST_TTL_MS);
  CHECKS.oneOf('takeover', takeover, ['lease', 'crash']);
  if (bucket !== undefined && (typeof bucket !== 'string' || !BUCKET.test(bucket)))
    throw CHECKS.error('bucket', bucket, 'a name of 1 to 64 letters, digits, _ and -');
  if (replicas !== undefined && !REPLICAS.includes(replicas))
    throw CHECKS.error('replicas', replicas, '1, 3 or 5');
  if (typeof maxClockDrift !== 'number' || !(maxClockDrift >= 0 && maxClockDrift <= MOST_DRIFT))
    throw CHECKS.error('maxClockDrift', maxClockDrift, `a number from 0 to ${MOST_DRIFT}`);
  return Object.freeze({ ttlMs, takeover, bucket, replicas, maxClockDrift });
}
