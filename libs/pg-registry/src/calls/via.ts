import { canonicalText, formatKey, InvalidArgumentError, type Key, type Value } from '../term';

/** Which member is asked; see {@link Via.pick}. */
export type PickStrategy = 'local-first' | 'random' | 'round-robin' | HashBy;

const STRATEGIES: readonly unknown[] = ['local-first', 'random', 'round-robin'];

/** Sends what belongs together to the same member; made by {@link hashBy}. */
export class HashBy {
  /** @internal The canonical text of what is hashed. */
  readonly text: string;

  /** @internal */
  constructor(text: string) {
    this.text = text;
    Object.freeze(this);
  }
}

/**
 * Picks by rendezvous hashing: on every node the same member for the same `x`, and when members come and go only what the
 * new or lost member had changes hands.
 *
 * @throws InvalidValueError if `x` is no key.
 */
export function hashBy(x: Key): HashBy {
  return new HashBy(canonicalText(x));
}

/**
 * A name that stands for whoever is registered under it: usable wherever a destination is asked for, and to register.
 * Immutable. Mirrors `{:via, PgRegistry, {scope, key, value}}`.
 */
export class Via {
  /** The name of the scope in which it is looked up. */
  readonly scope: string;
  /** Under which key. */
  readonly key: Key;
  /** Stored when something is registered under the name, else ignored. */
  readonly value: Value;
  /** Which of several members is meant. */
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
   * The same name with another way of choosing among several members. Suspect and draining nodes are passed over while there
   * are others.
   *
   * @param strategy `'local-first'` (the default): any member of this node, else any; `'random'`; `'round-robin'`: one after
   *   the other, counted per name on this node; or {@link hashBy}.
   * @throws InvalidArgumentError for anything else.
   */
  pick(strategy: PickStrategy): Via {
    if (!STRATEGIES.includes(strategy) && !(strategy instanceof HashBy)) {
      throw new InvalidArgumentError("A pick is 'local-first', 'random', 'round-robin' or hashBy(x).");
    }
    return new Via(this.scope, this.key, this.value, strategy);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Via <${this.scope}> (${formatKey(this.key)})`;
  }
}

/**
 * Names whoever is registered under `key` in a scope. The key is looked at when the name is used.
 *
 * @param scope The scope's name, or what `defineScope` made of it.
 * @param value Stored when something is registered under the name; `null` unless given.
 * @throws InvalidArgumentError if the scope is neither.
 */
export function via(scope: string | { readonly name: string }, key: Key, value: Value = null): Via {
  const name: unknown = typeof scope === 'object' && scope !== null ? scope.name : scope;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      'The first argument of via(scope, key) is the name of a scope or its definition.',
    );
  }
  return new Via(name, key, value, 'local-first');
}
