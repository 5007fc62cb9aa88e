import {
  boundedText,
  formatKey,
  InvalidArgumentError,
  isObject,
  type Key,
  OptionChecks,
  propertyOfThrown,
  quoteText,
} from '../term';
import type { ProcessClass } from '../process';
import type { EntityGuard, EntityPlacement } from './host';

/** Why an entity was started. */
export type StartCause =
  /** It was called, and did not live. */
  | 'call'
  /** Another node handed it over. */
  | 'hand-over'
  /** Its node crashed, and its class says `restart: 'eager'`. */
  | 'restart';

/** What `onProcessStart` of an entity gets. */
export interface EntityStart<K = Key, S = unknown> {
  /** Which entity of its type it is. */
  readonly key: K;
  /** What `onHandOver` of its last life returned, if that life was moved; otherwise undefined. */
  readonly state: S | undefined;
  /** Why it was started. */
  readonly cause: StartCause;
  /**
   * With guard `'lease'`, the fencing token of the lease: higher than that of every earlier life of this key. Whatever the entity writes to
   * can keep the highest one, and refuse lower ones. Otherwise undefined.
   */
  readonly token: number | undefined;
}

/** Hooks that the class of an entity may implement, beside those of every process class. All run as its process, one at a time. */
export interface EntityLifecycle<S = unknown> {
  /** Runs when the entity is moved, after its last handler. Returns what its next life gets as `state`: a value. */
  onHandOver?(): S | Promise<S>;
  /** Runs after a split of the cluster in which two entities of one key lived: gets the state of the one that ended. */
  onMerge?(other: S): unknown;
}

/** The options of `@Entity`. */
export interface EntityOptions {
  /**
   * What keeps two entities of one key apart. `'view'` (the default): what the nodes see of each other; while the cluster is split, each side
   * may have one, and afterwards one of them ends. `'lease'`: a cluster name, so that at most one believes that it is the entity, in a split,
   * too; it needs a store of leases (JetStream with `natsTransport`), and where the store cannot be reached no entity starts, and those that
   * live end with the reason `'lost'`. All nodes that offer a type must say the same.
   */
  readonly guard?: EntityGuard;
  /**
   * Where an entity is started. `'hash'` (the default): all nodes that offer the type get an even share. `'local'`: on the node of the first
   * caller, if that offers the type, else as with `'hash'`. A function gets the key and the hosts that can take it, the best by hash first,
   * and returns the name of one of their nodes; it runs on a node that offers the type. Two callers may choose differently, so anything but `'hash'` needs guard `'lease'`.
   */
  readonly placement?: 'hash' | 'local' | EntityPlacement;
  /** Ends an entity that was not called for so long, in milliseconds. Default 600,000; Infinity for never. */
  readonly idleMs?: number;
  /**
   * What happens to an entity whose node crashed: `'on-call'` (the default) starts it when it is called next, `'eager'` at once.
   */
  readonly restart?: 'on-call' | 'eager';
  /** So many entities of the type live on one node at most; callers ask the next node then. Default 100,000. */
  readonly maxPerNode?: number;
  /** Whether a call that the entity waits for itself is handled at once, while it waits. Default: it fails with `ReentrantCallError`. */
  readonly reentrant?: boolean;
  /** Whether an error of a handler ends the entity. Default `'stay'`. */
  readonly onError?: 'stay' | 'exit';
  /** The version of what `onHandOver` returns. A node with another one starts the entity without its state. Default 1. */
  readonly stateVersion?: number;
}

/** An entity type after the checks, with every default filled in. */
export interface EntityDefinition extends Required<EntityOptions> {
  readonly name: string;
}

/** A class with `@Entity`. */
export type EntityClass<T extends object = object> = ProcessClass<T>;

const NAMES = [
  'guard',
  'placement',
  'idleMs',
  'restart',
  'maxPerNode',
  'reentrant',
  'onError',
  'stateVersion',
];
const CHECKS: OptionChecks = new OptionChecks('No entity can be started.', '@Entity');
const TYPE = Symbol('pg-registry:entity-type');

/**
 * Checks the options of an entity type and fills in the defaults.
 *
 * @throws InvalidOptionError naming the option that is wrong or unknown.
 */
export function normalEntityType(name: unknown, options: EntityOptions): EntityDefinition {
  CHECKS.name('type', name);
  CHECKS.names(options, NAMES);
  const {
    guard = 'view',
    placement = 'hash',
    idleMs = 600_000,
    restart = 'on-call',
    maxPerNode = 100_000,
    reentrant = false,
    onError = 'stay',
    stateVersion = 1,
  } = options;
  if (typeof idleMs !== 'number' || !(idleMs > 0))
    throw CHECKS.error('idleMs', idleMs, 'a number of milliseconds > 0, or Infinity');
  CHECKS.oneOf('guard', guard, ['view', 'lease']);
  if (typeof placement !== 'function') CHECKS.oneOf('placement', placement, ['hash', 'local']);
  if (placement !== 'hash' && guard !== 'lease')
    throw CHECKS.error(
      'placement',
      placement,
      "'hash' unless guard is 'lease', which decides between two callers",
    );
  CHECKS.oneOf('restart', restart, ['on-call', 'eager']);
  CHECKS.wholeNumber('maxPerNode', maxPerNode, 1);
  CHECKS.boolean('reentrant', reentrant);
  CHECKS.oneOf('onError', onError, ['stay', 'exit']);
  CHECKS.wholeNumber('stateVersion', stateVersion, 0);
  return Object.freeze({
    name,
    guard,
    placement,
    idleMs,
    restart,
    maxPerNode,
    reentrant,
    onError,
    stateVersion,
  });
}

/** Notes that a class is an entity type. */
export function setEntityType(target: object, type: EntityDefinition): void {
  Object.defineProperty(target, TYPE, { value: type });
}

/** Returns the entity type of exactly this class; undefined if it has no `@Entity`. Never throws. */
export function entityTypeOf(target: unknown): EntityDefinition | undefined {
  if (typeof target !== 'function' || !Object.hasOwn(target, TYPE)) return undefined;
  // Only setEntityType writes it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Reflect.get(target, TYPE) as EntityDefinition;
}

/**
 * Returns the name of an entity type that is given by its class or its name.
 *
 * @throws InvalidArgumentError for a class without `@Entity`, and for what is neither.
 */
export function typeNameOf(given: unknown): string {
  if (typeof given === 'string' && given !== '') return given;
  const type = entityTypeOf(given);
  if (type !== undefined) return type.name;
  if (typeof given === 'function') {
    const name = quoteText(boundedText(propertyOfThrown(given, 'name')));
    throw new InvalidArgumentError(
      `The class ${name} has no @Entity('type'), so it is no entity type. Nothing was sent.`,
    );
  }
  const what = isObject(given) ? 'an object' : typeof given;
  throw new InvalidArgumentError(
    `An entity type must be given by its class or by its name (got ${what}). Nothing was sent.`,
  );
}

/** Formats an entity for messages: `'document' 'a'`. */
export function nameOf({ type, key }: { readonly type: string; readonly key: Key }): string {
  return `${quoteText(type)} ${formatKey(key)}`;
}
