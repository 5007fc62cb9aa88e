import type { Bytes } from './bytes';
import type { Pid } from './pid';

/**
 * What an entry can be registered under, compared by structure ({@link sameKey}): `['doc', 'a']` equals another
 * `['doc', 'a']`, objects whatever their property order, while `1`, `'1'` and `1n` differ and `NaN` equals `NaN`.
 */
export type Key =
  string | number | bigint | boolean | null | Pid | readonly Key[] | { readonly [name: string]: Key };

/** What an entry can hold as its value, and what messages between processes consist of. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Pid
  | Date
  | Bytes
  | readonly Value[]
  | { readonly [name: string]: Value }
  | ReadonlyMap<Value, Value>
  | ReadonlySet<Value>;

/** How large keys and values may be. Sizes are bytes in the codec when nothing repeats; see `size.ts`. */
export interface ValueLimits {
  /** Bytes of a key. Default 4,096. */
  readonly maxKeyBytes: number;
  /** Bytes of a value. Default 65,536: an entry is a fact about a process, not a document store. */
  readonly maxValueBytes: number;
  /** Levels of arrays, objects, Maps and Sets within each other, for keys and values. Default 32. */
  readonly maxDepth: number;
}

/** Limits that may be lower than the options say, because something else leaves less room. */
export interface EffectiveLimits extends ValueLimits {
  /** Why no more is allowed, as the end of a sentence. Undefined: the options say so. */
  readonly limitedBy?: string | undefined;
}

/** The limits of a node that sets none. */
export const DEFAULT_VALUE_LIMITS: ValueLimits = Object.freeze({
  maxKeyBytes: 4096,
  maxValueBytes: 65_536,
  maxDepth: 32,
});
