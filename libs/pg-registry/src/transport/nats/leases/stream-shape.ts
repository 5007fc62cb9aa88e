import { MAX_RECORD_BYTES, RECORD_AGE_MS, REPEAT_MS } from '../../../names/lease-store';
import { boundedText } from '../../../term';
import { peek } from '../nats-client';

const NANOSECONDS = 1_000_000;
/** Room for the headers of a record beside its bytes. */
const HEADER_BYTES = 1024;
/** The first version whose replicated streams let only one of two writes on one revision succeed. */
const REPLICATING_VERSION: readonly number[] = [2, 10, 19];

/** What decides how the stream of a namespace is made. */
export interface StreamPlan {
  /** The name of the stream. */
  readonly bucket: string;
  /** The wildcard subject of all records. */
  readonly subjects: string;
  /** How many servers keep each record; undefined: one, but any number is accepted of a stream that exists. */
  readonly replicas: number | undefined;
}

/** The configuration with which the stream is made, in the form of the JetStream API. */
export function streamConfig({ bucket, subjects, replicas = 1 }: StreamPlan): object {
  return {
    name: bucket,
    subjects: [subjects],
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    discard: 'new',
    max_age: RECORD_AGE_MS * NANOSECONDS,
    duplicate_window: REPEAT_MS * NANOSECONDS,
    max_msg_size: MAX_RECORD_BYTES + HEADER_BYTES,
    deny_delete: true,
    deny_purge: true,
  };
}

/** A point in which a stream must be as planned, and what is allowed there. */
interface Point {
  readonly field: string;
  readonly allowed: string;
  readonly holds: (value: unknown, plan: StreamPlan) => boolean;
}

const isFalse = (value: unknown): boolean => value === undefined || value === false;
const isUnlimitedOr =
  (least: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && (value <= 0 || value >= least);

/** What the promises of a lease store rest on. Everything else of a stream may be as its owner likes. */
const POINTS: readonly Point[] = [
  {
    field: 'subjects',
    allowed: 'the subject of this namespace, and no other',
    holds: (value, { subjects }) => Array.isArray(value) && value.length === 1 && value[0] === subjects,
  },
  { field: 'storage', allowed: 'file', holds: (value) => value === 'file' },
  { field: 'retention', allowed: 'limits', holds: (value) => value === 'limits' },
  { field: 'discard', allowed: 'new', holds: (value) => value === 'new' },
  { field: 'discard_new_per_subject', allowed: 'false', holds: isFalse },
  { field: 'max_msgs_per_subject', allowed: '1', holds: (value) => value === 1 },
  {
    field: 'max_age',
    allowed: 'at least two hours, or none',
    holds: isUnlimitedOr(RECORD_AGE_MS * NANOSECONDS),
  },
  {
    field: 'duplicate_window',
    allowed: 'at least two minutes',
    holds: (value) => typeof value === 'number' && value >= REPEAT_MS * NANOSECONDS,
  },
  {
    field: 'max_msg_size',
    allowed: `at least ${MAX_RECORD_BYTES + HEADER_BYTES}, or none`,
    holds: isUnlimitedOr(MAX_RECORD_BYTES + HEADER_BYTES),
  },
  { field: 'deny_delete', allowed: 'true', holds: (value) => value === true },
  { field: 'deny_purge', allowed: 'true', holds: (value) => value === true },
  { field: 'allow_rollup_hdrs', allowed: 'false', holds: isFalse },
  { field: 'sealed', allowed: 'false', holds: isFalse },
  { field: 'no_ack', allowed: 'false', holds: isFalse },
  { field: 'mirror', allowed: 'none', holds: (value) => value === undefined || value === null },
  {
    field: 'sources',
    allowed: 'none',
    holds: (value) => value === undefined || value === null || (Array.isArray(value) && value.length === 0),
  },
  {
    field: 'subject_transform',
    allowed: 'none',
    holds: (value) => value === undefined || value === null,
  },
  {
    // With it the server says in anybody's name what somebody writes into a record.
    field: 'republish',
    allowed: 'none',
    holds: (value) => value === undefined || value === null,
  },
  {
    field: 'persist_mode',
    allowed: 'default',
    holds: (value) => value === undefined || value === '' || value === 'default',
  },
  {
    field: 'num_replicas',
    allowed: 'as many as option `replicas` says',
    holds: (value, { replicas }) => replicas === undefined || value === replicas,
  },
];

/**
 * Says in what a stream differs from the plan where that would break a promise of the store.
 *
 * @param config The `config` of the stream's information.
 * @returns A part of a sentence for each point: "storage is 'memory' (allowed: file)".
 */
export function faultsOfStream(config: unknown, plan: StreamPlan): readonly string[] {
  return POINTS.flatMap(({ field, allowed, holds }) => {
    const value = peek(config, field);
    return holds(value, plan) ? [] : [`${field} is ${boundedText(value)} (allowed: ${allowed})`];
  });
}

/** How many servers keep each record of a stream. */
export function replicasOf(config: unknown): number {
  const replicas = peek(config, 'num_replicas');
  return typeof replicas === 'number' ? replicas : 1;
}

/**
 * Whether a server of this version may keep several replicas: in earlier ones two writes on one revision can both succeed.
 *
 * @param version As the server says it: `2.10.19`, `2.11.0-RC.1`. One that cannot be read counts as too old.
 */
export function replicatesSafely(version: string | undefined): boolean {
  const [, ...parts] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const differences = parts.map((part, index) => Number(part) - REPLICATING_VERSION[index]);
  return parts.length > 0 && (differences.find((difference) => difference !== 0) ?? 0) >= 0;
}

/** The time at which a stream was made, in microseconds since 1970; undefined if it cannot be read. */
export function microsecondsOf(created: unknown): number | undefined {
  const [, seconds, fraction = ''] =
    (typeof created === 'string' && /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(created)) ||
    [];
  const ms = Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
