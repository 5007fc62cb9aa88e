import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { type CallLimits, DEFAULT_CALL_LIMITS } from '../calls';
import { DEFAULT_PROTOCOL_OPTIONS, type ProtocolOptions, protocolOptions } from '../cluster';
import { DEFAULT_EXIT_TIMEOUT_MS } from '../process';
import { MAX_WIRE_DEPTH } from '../wire';
import {
  DEFAULT_SCOPE,
  type NormalScopeOptions,
  normalScopeOptions,
  sameScopeOptions,
  type ScopeOptions,
  formatScopeOptions,
} from '../scope';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidOptionError,
  MAX_NAME_BYTES,
  OptionChecks,
  type ValueLimits,
  propertyOfThrown,
} from '../term';
import { type NamesOptions, normalNamesOptions, type NormalNamesOptions } from '../names';
import { type NormalObserverOptions, normalObserverOptions, type ObserverOptions } from '../observer';
import type { Transport } from '../transport';
import { LOG_LEVELS, type LogLevel } from './logger';
import { ENTRY_OVERHEAD_BYTES } from './size-limits';

/** The options of a node, all with defaults. {@link ProtocolOptions}, {@link ValueLimits} and {@link CallLimits} describe the inherited ones. */
export interface NodeOptions extends Partial<ProtocolOptions>, Partial<ValueLimits>, Partial<CallLimits> {
  /** Unique among the living nodes of the namespace. Default: host name, process id and 6 random characters. */
  readonly node?: string;
  /** Keeps apart clusters that share a broker: nodes see only nodes of their namespace. Default `'pg'`. */
  readonly namespace?: string;
  /** How nodes reach each other. Default `localTransport()`: only nodes of this Node.js process. */
  readonly transport?: Transport;
  /** Scopes that run from the start, besides `'pg'`, which every node runs. Listing `'pg'` sets its options. */
  readonly scopes?: readonly (string | ScopeOptions)[];
  /** How long the first connection may take before `connect()` rejects. Default 5000 ms. */
  readonly connectTimeoutMs?: number;
  /**
   * Whether `connect()` rejects if the broker refuses a subject, a subscription or a size of messages that the node needs. With false
   * the node starts and tries again; its health is down until the broker allows everything. Default true.
   */
  readonly requirePermissions?: boolean;
  /** How long calls in flight may take when the node drains, after the acknowledgements (`drainAckMs`). Default 10,000 ms. */
  readonly drainMs?: number;
  /** How long `onProcessExit` of a process class may take, and `onProcessStart` before a warning tells that it has not returned. Default 5000 ms. */
  readonly exitTimeoutMs?: number;
  /** How many messages may wait for one process; more are refused with `MailboxFullError`. Default 1000. */
  readonly mailboxCapacity?: number;
  /** Whether callers on other nodes get the stack traces of errors that handlers throw. Default false. */
  readonly remoteStacks?: boolean;
  /**
   * The least important lines that the node writes: `'log'` says who joins and goes, `'warn'` what needs a look, `'error'` what failed.
   * Default `'log'`. Nest's own `logger` option decides about all lines of the application.
   */
  readonly logLevel?: LogLevel;
  /** Cluster names: claims, locks and leaders. False: this node has none. Default: `{}`; they cost nothing until their first use. */
  readonly names?: false | NamesOptions;
  /** How others may look into this node, with `PgRegistryObserver` or the command `nestjs-pg-registry`. False: not at all. Default: `{}`. */
  readonly observer?: false | ObserverOptions;
}

/** Options of a node after the checks, with every default filled in. */
export interface NormalNodeOptions {
  readonly node: string;
  readonly namespace: string;
  readonly transport: Transport;
  readonly scopes: readonly NormalScopeOptions[];
  readonly connectTimeoutMs: number;
  readonly requirePermissions: boolean;
  readonly drainMs: number;
  readonly exitTimeoutMs: number;
  readonly mailboxCapacity: number;
  readonly remoteStacks: boolean;
  readonly logLevel: LogLevel;
  readonly names: false | NormalNamesOptions;
  readonly observer: false | NormalObserverOptions;
  readonly protocol: ProtocolOptions;
  readonly limits: ValueLimits;
  readonly calls: CallLimits;
}

const DEFAULT_NAMESPACE = 'pg';
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_DRAIN_MS = 10_000;
const DEFAULT_MAILBOX_CAPACITY = 1000;
const OWN_OPTIONS = [
  'node',
  'namespace',
  'transport',
  'scopes',
  'connectTimeoutMs',
  'requirePermissions',
  'drainMs',
  'exitTimeoutMs',
  'mailboxCapacity',
  'remoteStacks',
  'logLevel',
  'names',
  'observer',
];
const LIMIT_OPTIONS = Object.keys(DEFAULT_VALUE_LIMITS);
const CALL_OPTIONS = Object.keys(DEFAULT_CALL_LIMITS);
const PROTOCOL_OPTIONS = Object.keys(DEFAULT_PROTOCOL_OPTIONS);
const NAMES = [...OWN_OPTIONS, ...LIMIT_OPTIONS, ...CALL_OPTIONS, ...PROTOCOL_OPTIONS];
const CHECKS: OptionChecks = new OptionChecks('Nothing was started.');

/**
 * Checks a node's options and fills in the defaults.
 *
 * @param defaultTransport Makes the transport if none is given.
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed. Nothing was started.
 */
export function normalNodeOptions(given: NodeOptions, defaultTransport: () => Transport): NormalNodeOptions {
  CHECKS.names(given, NAMES);
  const { node = defaultNodeName(), namespace = DEFAULT_NAMESPACE, scopes = [] } = given;
  const { connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, transport = defaultTransport() } = given;
  const {
    drainMs = DEFAULT_DRAIN_MS,
    exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS,
    mailboxCapacity = DEFAULT_MAILBOX_CAPACITY,
    remoteStacks = false,
    logLevel = 'log',
    requirePermissions = true,
  } = given;
  CHECKS.name('node', node);
  CHECKS.name('namespace', namespace);
  CHECKS.wholeNumber('connectTimeoutMs', connectTimeoutMs, 1);
  CHECKS.wholeNumber('drainMs', drainMs, 1);
  CHECKS.wholeNumber('exitTimeoutMs', exitTimeoutMs, 1);
  CHECKS.wholeNumber('mailboxCapacity', mailboxCapacity, 1);
  CHECKS.boolean('remoteStacks', remoteStacks);
  CHECKS.oneOf('logLevel', logLevel, LOG_LEVELS);
  CHECKS.boolean('requirePermissions', requirePermissions);
  if (typeof propertyOfThrown(transport, 'connect') !== 'function') {
    const allowed = 'a transport: localTransport() or natsTransport({ servers })';
    throw CHECKS.errorWithoutValue('transport', transport, allowed);
  }
  CHECKS.list('scopes', scopes, 'a list of names, options and definitions');
  const limits: ValueLimits = { ...DEFAULT_VALUE_LIMITS, ...pick(given, LIMIT_OPTIONS) };
  for (const limit of LIMIT_OPTIONS) CHECKS.wholeNumber(limit, Reflect.get(limits, limit), 1);
  const maxBytes = shareOfHeap();
  const calls = { ...DEFAULT_CALL_LIMITS, maxCallBytesPerPeer: maxBytes, ...pick(given, CALL_OPTIONS) };
  for (const limit of CALL_OPTIONS) CHECKS.wholeNumber(limit, Reflect.get(calls, limit), 1);
  const protocol = protocolOptions({ maxPeerBytes: maxBytes, ...pick(given, PROTOCOL_OPTIONS) });
  checkSizes(limits, protocol);
  return Object.freeze({
    node,
    namespace,
    transport,
    scopes: startScopes(scopes),
    connectTimeoutMs,
    requirePermissions,
    drainMs,
    exitTimeoutMs,
    mailboxCapacity,
    remoteStacks,
    logLevel,
    names: normalNamesOptions(given.names),
    observer: normalObserverOptions(given.observer),
    protocol,
    limits: Object.freeze(limits),
    calls: Object.freeze(calls),
  });
}

/** An entry is never split: the largest key and value must fit into one frame. */
function checkSizes(
  { maxKeyBytes, maxValueBytes, maxDepth }: ValueLimits,
  { maxFrameBytes }: ProtocolOptions,
): void {
  const room = maxFrameBytes - ENTRY_OVERHEAD_BYTES;
  if (maxKeyBytes + maxValueBytes > room) {
    throw CHECKS.error(
      'maxValueBytes',
      maxValueBytes,
      `a whole number from 1 to ${room - maxKeyBytes}, so that it fits into maxFrameBytes together with maxKeyBytes`,
    );
  }
  CHECKS.wholeNumber('maxDepth', maxDepth, 1, MAX_WIRE_DEPTH);
}

/** What the entries of one peer may take, and its messages, unless an option says otherwise: a quarter of what V8's heap may. */
function shareOfHeap(): number {
  return Math.floor(getHeapStatistics().heap_size_limit / 4);
}

/** Makes a readable name that is unique without configuration: `web-7.4711-k3x9qp`. */
function defaultNodeName(): string {
  const random = [...randomBytes(6)].map((byte) => (byte % 36).toString(36)).join('');
  const tail = `.${process.pid}-${random}`;
  return hostname().slice(0, MAX_NAME_BYTES - tail.length) + tail;
}

/** Tells whether a scope is given by its name alone. It is then the same scope as one given elsewhere with any options. */
export function isNameOnly(input: string | ScopeOptions): boolean {
  return typeof input === 'string' || Object.keys(input).every((option) => option === 'name');
}

/**
 * Merges the scopes of a node, the default scope first.
 *
 * @throws InvalidOptionError for a scope that is given twice with different options.
 */
function startScopes(given: readonly (string | ScopeOptions)[]): readonly NormalScopeOptions[] {
  const scopes = new Map([[DEFAULT_SCOPE, normalScopeOptions(DEFAULT_SCOPE)]]);
  const withOptions = new Set<string>();
  for (const input of given) {
    const options = normalScopeOptions(input);
    const { name } = options;
    if (isNameOnly(input)) {
      if (!scopes.has(name)) scopes.set(name, options);
      continue;
    }
    if (withOptions.has(name)) checkSame(scopes.get(name)!, options);
    scopes.set(name, options);
    withOptions.add(name);
  }
  return [...scopes.values()];
}

function checkSame(one: NormalScopeOptions, other: NormalScopeOptions): void {
  if (sameScopeOptions(one, other)) return;
  throw new InvalidOptionError(
    `Option 'scopes' must give scope '${one.name}' the same options each time (got ${formatScopeOptions(one)} and ` +
      `${formatScopeOptions(other)}). Nothing was started.`,
    { option: 'scopes' },
  );
}

function pick(given: object, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
}
