import { InvalidArgumentError, InvalidOptionError, sameValue, type Value } from '../term';
import { describe } from './argument-checks';
import type { ListenerToken, RegistryListener } from './listener';

/** Whether a key may have many entries, or at most one per node. */
export type KeysMode = 'duplicate' | 'unique';

/** What a scope is started with. Mirrors the options of `PgRegistry.start_link/2`. */
export interface ScopeOptions {
  /** Nodes of a cluster share the scopes that have one name. */
  readonly name: string;
  /** Default `'duplicate'`. With `'unique'` a key has at most one holder on each node; nodes do not negotiate it. */
  readonly keys?: KeysMode;
  /** Only 1: one Node.js process has one thread of writes, so there is no contention to spread. */
  readonly partitions?: 1;
  /** Objects, or tokens of providers, that hear of every entry that comes or goes; default none. */
  readonly listeners?: readonly (ListenerToken | RegistryListener)[];
  /** The scope's metadata at its start; default none. */
  readonly meta?: Readonly<Record<string, Value>>;
}

/** Checked options with every default filled in. */
export interface NormalScopeOptions extends ScopeOptions {
  readonly keys: KeysMode;
  readonly partitions: 1;
  readonly listeners: readonly (ListenerToken | RegistryListener)[];
  readonly meta: Readonly<Record<string, Value>>;
}

/** The scope that always exists. */
export const DEFAULT_SCOPE = 'pg';

const OPTIONS = ['name', 'keys', 'partitions', 'listeners', 'meta'];
const MAX_NAME_LENGTH = 200;
/** Would not survive the way to a peer. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Checks the options of a scope and fills in the defaults. The first failing check decides: unknown options, name,
 * partitions, keys, listeners, meta. The values of `meta` are checked when the scope starts, against the node's limits.
 *
 * @param input A name, options, or a definition.
 * @returns A frozen copy.
 * @throws InvalidArgumentError for something else than these, and for options without a name.
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed.
 */
export function normalScopeOptions(input: string | ScopeOptions): NormalScopeOptions {
  const options = typeof input === 'string' ? { name: input } : input;
  if (!isPlainObject(options)) {
    throw new InvalidArgumentError(
      'A scope is given by its name, its options or a definition. Nothing was started.',
      {},
    );
  }
  checkNames(options);
  const { name, partitions = 1, keys = 'duplicate', listeners = [], meta = {} } = options;
  checkName(name);
  checkPartitions(partitions);
  if (keys !== 'duplicate' && keys !== 'unique')
    throw wrong('keys', keys, "'duplicate' (the default) or 'unique'");
  checkListeners(listeners);
  if (!isPlainObject(meta)) throw wrong('meta', meta, 'a plain object of values by string key');
  return Object.freeze({
    name,
    keys,
    partitions,
    listeners: Object.freeze([...listeners]),
    meta: Object.freeze({ ...meta }),
  });
}

/** The name in a name, options or a definition, checked like {@link normalScopeOptions} does. */
export function scopeName(input: string | ScopeOptions): string {
  return normalScopeOptions(input).name;
}

/** Whether two sets of options start the same scope: the same listeners in the same order, equal metadata. */
export function sameScopeOptions(a: NormalScopeOptions, b: NormalScopeOptions): boolean {
  return (
    a.name === b.name &&
    a.keys === b.keys &&
    a.listeners.length === b.listeners.length &&
    a.listeners.every((listener, index) => listener === b.listeners[index]) &&
    sameValue(a.meta, b.meta)
  );
}

/** The options as a short text for messages: `{ name: 'docs', keys: 'unique', listeners: [Audit] }`. */
export function formatScopeOptions(options: NormalScopeOptions): string {
  const parts = [`name: '${options.name}'`, `keys: '${options.keys}'`];
  if (options.listeners.length > 0)
    parts.push(`listeners: [${options.listeners.map(formatListener).join(', ')}]`);
  const meta = Object.keys(options.meta);
  if (meta.length > 0) parts.push(`meta: { ${meta.join(', ')} }`);
  return `{ ${parts.join(', ')} }`;
}

/** A listener as a short text for messages: its class's name, its token. */
export function formatListener(listener: ListenerToken | RegistryListener): string {
  if (typeof listener === 'function') return listener.name;
  return typeof listener === 'object' ? 'an object' : String(listener);
}

function checkNames(options: object): void {
  const unknown = Object.keys(options).filter((option) => !OPTIONS.includes(option));
  if (unknown.length === 0) return;
  const offenders = unknown.map((option) => `'${option}'`).join(', ');
  throw new InvalidOptionError(
    `Unknown scope option ${offenders}; valid are ${OPTIONS.join(', ')}. Nothing was started.`,
    { option: unknown[0] },
  );
}

function checkName(name: unknown): asserts name is string {
  if (name === undefined) {
    throw new InvalidArgumentError("The options of a scope need a 'name'. Nothing was started.", {});
  }
  if (
    typeof name !== 'string' ||
    name.length === 0 ||
    name.length > MAX_NAME_LENGTH ||
    LONE_SURROGATE.test(name)
  ) {
    throw wrong('name', name, `a string of 1 to ${MAX_NAME_LENGTH} characters`);
  }
}

function checkPartitions(partitions: unknown): asserts partitions is 1 {
  if (partitions === 1) return;
  if (Number.isInteger(partitions) && Number(partitions) > 1) {
    throw new InvalidOptionError(
      `partitions: ${String(partitions)} is not supported: partitions spread the contention of writers over cores, and a Node.js ` +
        `process has one thread of writes. Leave the option out, or use several scopes. Nothing was started.`,
      { option: 'partitions' },
    );
  }
  throw wrong('partitions', partitions, '1 (the default)');
}

function checkListeners(
  listeners: unknown,
): asserts listeners is readonly (ListenerToken | RegistryListener)[] {
  const allowed =
    'a list of provider tokens (string, symbol, class) and of objects with onRegister or onUnregister';
  if (!Array.isArray(listeners)) throw wrong('listeners', listeners, allowed);
  for (const listener of listeners as unknown[]) {
    if (!isToken(listener) && !isListener(listener)) throw wrong('listeners', listener, allowed);
  }
}

function isToken(value: unknown): value is ListenerToken {
  return (
    (typeof value === 'string' && value !== '') || typeof value === 'symbol' || typeof value === 'function'
  );
}

function isListener(value: unknown): value is RegistryListener {
  if (typeof value !== 'object' || value === null) return false;
  return (
    ('onRegister' in value && typeof value.onRegister === 'function') ||
    ('onUnregister' in value && typeof value.onUnregister === 'function')
  );
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(option: string, value: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError(
    `Scope option '${option}' is ${allowed}, not ${describe(value)}. Nothing was started.`,
    { option },
  );
}
