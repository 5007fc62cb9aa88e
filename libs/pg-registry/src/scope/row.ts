import type { Entry } from '../table';
import type { Key } from '../term';

/**
 * One kind of row of a scope: a key type and the type of the values under it. A scope's rows are a union of these:
 *
 * ```ts
 * type Rows = Row<readonly ['doc', string], { title: string }> | Row<'leader', null>;
 * ```
 */
export type Row<K extends Key = Key, V = unknown> = readonly [key: K, value: V];

/** The keys of the rows `R`. */
export type KeyOf<R extends Row> = R[0];

/** The type of the values that the rows `R` keep under keys of type `K`. */
export type ValueOf<R extends Row, K> = K extends unknown
  ? R extends readonly [infer RowKey, infer RowValue]
    ? K extends RowKey
      ? RowValue
      : never
    : never
  : never;

/**
 * The value as the last argument of a registration: it may be left out where `null`, the default, is a value of the
 * row.
 */
export type ValueArgument<R extends Row, K> =
  null extends ValueOf<R, K> ? [value?: ValueOf<R, K>] : [value: ValueOf<R, K>];

/** The entries of the rows `R`. */
export type EntryOf<R extends Row> = R extends readonly [infer K, infer V] ? Entry<K, V> : never;
