import {
  canonicalText,
  formatKey,
  InvalidArgumentError,
  type Key,
  type Value,
  isOwnError,
  InvalidValueError,
  normalKey,
  normalValue,
  PIDS_AS_GIVEN,
  propertyOfThrown,
  quoteText,
  type ValueLimits,
} from '../term';

/** How one member of a name is chosen; see {@link Via.pick}. */
export type PickStrategy = 'local-first' | 'random' | 'round-robin' | HashBy;

const STRATEGIES: readonly unknown[] = ['local-first', 'random', 'round-robin'];

/** Chooses the same member for the same value; made by {@link hashBy}. */
export class HashBy {
  /** Private, so that the published type, from which internal members are stripped, is not an empty one that a string fits. */
  readonly #text: string;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  /** @internal The canonical text of the hashed value. */
  get text(): string {
    return this.#text;
  }
}

/**
 * Chooses by rendezvous hashing: the same member for the same `x` on every node. When a member joins or leaves, only its own
 * share moves.
 *
 * @throws InvalidValueError if `x` is not a valid key.
 */
export function hashBy(x: Key): HashBy {
  try {
    return new HashBy(canonicalText(x));
  } catch (error) {
    if (isOwnError(error)) throw error;
    throw new InvalidValueError('The value of hashBy() must be a key that can be read, and is not.', {
      cause: error,
    });
  }
}

/**
 * A name that stands for the processes registered under it. Use it as a destination of calls, and to register. Immutable. Mirrors `{:via, PgRegistry, {scope, key, value}}`.
 */
export class Via {
  /** The scope in which the name is looked up. */
  readonly scope: string;
  /** The key under which processes are registered. */
  readonly key: Key;
  /** Stored when a process is registered under the name, otherwise ignored. */
  readonly value: Value;
  /** How one of several members is chosen. */
  readonly strategy: PickStrategy;

  /** @internal Use {@link via}. */
  constructor(scope: string, key: Key, value: Value, strategy: PickStrategy) {
    this.scope = scope;
    this.key = key;
    this.value = value;
    this.strategy = strategy;
    Object.freeze(this);
  }

  /**
   * Returns the same name with another way to choose among several members. Members on suspect and draining nodes are passed over
   * while there are others.
   *
   * @param strategy `'local-first'` (the default) takes a member of this node, else any; `'random'` any; `'round-robin'` one after the
   *   other, counted per name on this node; {@link hashBy} always the same for a value.
   * @throws InvalidArgumentError for any other strategy.
   */
  pick(strategy: PickStrategy): Via {
    if (!STRATEGIES.includes(strategy) && !(strategy instanceof HashBy)) {
      throw new InvalidArgumentError(
        "The strategy of pick() must be 'local-first', 'random', 'round-robin' or hashBy(x).",
      );
    }
    return new Via(this.scope, this.key, this.value, strategy);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Via <${this.scope}> (${formatKey(this.key)})`;
  }
}

/** Their scope's limits hold when a name is used. */
const UNLIMITED: ValueLimits = { maxKeyBytes: Infinity, maxValueBytes: Infinity, maxDepth: 256 };

/**
 * Makes a name for the processes registered under `key` in a scope. Key and value are copied: what becomes of an array later does
 * not change the name.
 *
 * @param scope The scope's name, or its definition by `defineScope`.
 * @param value Stored when a process is registered under the name. Default `null`.
 * @throws InvalidArgumentError if the scope is neither a name nor a definition, or the key is missing; InvalidValueError if the key or the value is none.
 */
export function via(scope: string | { readonly name: string }, key: Key, value: Value = null): Via {
  const name = typeof scope === 'object' ? propertyOfThrown(scope, 'name') : scope;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      'The first argument of via(scope, key) must be the name of a scope or its definition.',
    );
  }
  if ((key as Key | undefined) === undefined) {
    throw new InvalidArgumentError(
      `via(scope, key) must be given a scope and a key (got only ${quoteText(name)}). A key of the default scope is via('pg', ${quoteText(name)}).`,
    );
  }
  const keyCopy = normalKey(key, UNLIMITED, PIDS_AS_GIVEN);
  return new Via(name, keyCopy, normalValue(value, UNLIMITED, PIDS_AS_GIVEN), 'local-first');
}
