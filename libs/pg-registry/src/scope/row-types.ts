import type { Entry } from '../table';
import type { Key } from '../term';

/**
 * Describes one kind of entries of a scope at compile time: a type of keys and the type of the values under them. A scope's
 * rows are a union of these:
 *
 * ```ts
 * type Rows = Row<readonly ['doc', string], { title: string }> | Row<'leader', null>;
 * ```
 */
export type Row<K extends Key = Key, V = unknown> = readonly [key: K, value: V];

/** The type of the keys of the rows `R`. */
export type KeyOf<R extends Row> = R[0];

/** The type of the values that the rows `R` have under keys of type `K`. */
export type ValueOf<R extends Row, K> = K extends unknown
  ? R extends readonly [infer RowKey, infer RowValue]
    ? K extends RowKey
      ? RowValue
      : never
    : never
  : never;

/** The last argument of a registration, the value. It may be left out where `null`, the default, is a value of the row. */
export type ValueArgument<R extends Row, K> =
  null extends ValueOf<R, K> ? [value?: ValueOf<R, K>] : [value: ValueOf<R, K>];

/** The type of the entries of the rows `R`. */
export type EntryOf<R extends Row> = R extends readonly [infer K, infer V] ? Entry<K, V> : never;
