import {
  InvalidArgumentError,
  isObject,
  OptionChecks,
  sameValue,
  type Value,
  boundedText,
  orElse,
  propertyOfThrown,
} from '../term';
import type { ListenerToken, RegistryListener } from './listener';

/*
 * Where a scope's options are checked, before anything is started: `normalScopeOptions`. The checks that options of all kinds share are in
 * `term/options.ts`.
 */

/** Whether a key may have many entries, or at most one per node. */
export type KeysMode = 'duplicate' | 'unique';

/** The options of a scope. Mirrors the options of `PgRegistry.start_link/2`. */
export interface ScopeOptions {
  /** 1 to 128 bytes. Nodes that run a scope of the same name share its entries. */
  readonly name: string;
  /** Default `'duplicate'`. With `'unique'` a key has at most one holder on each node; nodes do not negotiate it. */
  readonly keys?: KeysMode;
  /** Only 1, because a Node.js process writes in one thread. */
  readonly partitions?: 1;
  /** Objects, or tokens of providers, that are told of every entry that comes or goes. Default: none. */
  readonly listeners?: readonly (ListenerToken | RegistryListener)[];
  /** The scope's metadata at its start. Default: none. */
  readonly meta?: Readonly<Record<string, Value>>;
}

/** Options of a scope after the checks, with every default filled in. */
export interface NormalScopeOptions extends ScopeOptions {
  readonly keys: KeysMode;
  readonly partitions: 1;
  readonly listeners: readonly (ListenerToken | RegistryListener)[];
  readonly meta: Readonly<Record<string, Value>>;
}

/** The name of the scope that every node runs. */
export const DEFAULT_SCOPE = 'pg';

const NAMES = ['name', 'keys', 'partitions', 'listeners', 'meta'];
const KEYS_MODES = ['duplicate', 'unique'] as const;
const LISTENERS =
  'a list of provider tokens (string, symbol, class) and of objects with onRegister or onUnregister';
const NOTHING_STARTED = 'Nothing was started.';
const CHECKS: OptionChecks = new OptionChecks(NOTHING_STARTED, 'a scope');

/**
 * Checks the options of a scope and fills in the defaults, before anything is started. The first failing check decides:
 * unknown options, name, partitions, keys, listeners, meta. The values of `meta` are checked when the scope starts, against
 * the node's limits.
 *
 * @param input A name, options, or a definition.
 * @returns A frozen copy.
 * @throws InvalidArgumentError for anything else, and for options without a name.
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed.
 */
export function normalScopeOptions(input: string | ScopeOptions): NormalScopeOptions {
  const options = typeof input === 'string' ? { name: input } : input;
  if (!isObject(options)) {
    throw new InvalidArgumentError(
      `A scope must be given by its name, its options or a definition. ${NOTHING_STARTED}`,
    );
  }
  CHECKS.names(options, NAMES);
  const { name, partitions = 1, keys = 'duplicate', listeners = [], meta = {} } = options;
  if (name === undefined)
    throw new InvalidArgumentError(`The options of a scope must have a 'name'. ${NOTHING_STARTED}`);
  CHECKS.name('name', name);
  if (partitions !== 1)
    throw CHECKS.error('partitions', partitions, '1, because a Node.js process writes in one thread');
  CHECKS.oneOf('keys', keys, KEYS_MODES);
  CHECKS.list('listeners', listeners, LISTENERS);
  for (const listener of listeners as readonly unknown[])
    if (!isToken(listener) && !isListener(listener)) throw CHECKS.error('listeners', listener, LISTENERS);
  if (!isObject(meta)) throw CHECKS.error('meta', meta, 'an object of values by string key');
  return Object.freeze({
    name,
    keys,
    partitions,
    listeners: Object.freeze([...listeners]),
    meta: Object.freeze(copyOf(meta)),
  });
}

function copyOf(meta: NormalScopeOptions['meta']): NormalScopeOptions['meta'] {
  const copy = orElse(() => ({ ...meta }), undefined);
  if (copy === undefined) throw CHECKS.error('meta', meta, 'an object of values that can be read');
  return copy;
}

/** Returns the name of a scope that is given by its name, options or a definition. Checks and throws like {@link normalScopeOptions}. */
export function scopeName(input: string | ScopeOptions): string {
  return normalScopeOptions(input).name;
}

/** Tells whether two sets of options start the same scope: same listeners in the same order, equal metadata. */
export function sameScopeOptions(a: NormalScopeOptions, b: NormalScopeOptions): boolean {
  return (
    a.name === b.name &&
    a.keys === b.keys &&
    a.listeners.length === b.listeners.length &&
    a.listeners.every((listener, index) => listener === b.listeners[index]) &&
    sameValue(a.meta, b.meta)
  );
}

/** Formats options as a short text for messages: `{ name: 'docs', keys: 'unique', listeners: [Audit] }`. */
export function formatScopeOptions(options: NormalScopeOptions): string {
  const parts = [`name: '${options.name}'`, `keys: '${options.keys}'`];
  if (options.listeners.length > 0)
    parts.push(`listeners: [${options.listeners.map(formatListener).join(', ')}]`);
  const meta = Object.keys(options.meta);
  if (meta.length > 0) parts.push(`meta: { ${meta.join(', ')} }`);
  return `{ ${parts.join(', ')} }`;
}

/** Formats a listener as a short text for messages: the name of its class, or its token. */
export function formatListener(listener: ListenerToken | RegistryListener): string {
  if (typeof listener === 'object') return 'an object';
  return boundedText(typeof listener === 'function' ? propertyOfThrown(listener, 'name') : listener);
}

function isToken(value: unknown): value is ListenerToken {
  return (
    (typeof value === 'string' && value !== '') || typeof value === 'symbol' || typeof value === 'function'
  );
}

function isListener(value: unknown): value is RegistryListener {
  if (typeof value !== 'object' || value === null) return false;
  return [propertyOfThrown(value, 'onRegister'), propertyOfThrown(value, 'onUnregister')].some(
    (method) => typeof method === 'function',
  );
}
