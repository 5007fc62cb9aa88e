/**
 * Guards that tell the kinds of values in normal form apart, for the functions that compare and print them. For objects of
 * the caller see plain.ts.
 * TypeScript's own `instanceof` and `Array.isArray` do not narrow read-only types.
 */
import { bytesKind, type Bytes } from './bytes';
import type { Value } from './value';

/** A plain object of values. */
export type ValueRecord = { readonly [name: string]: Value };

/** Tells whether a value is an array. */
export const isArray: (value: Value) => value is readonly Value[] = Array.isArray;
/** Tells whether a value is a date. */
export const isDate = (value: Value): value is Date => value instanceof Date;
/** Tells whether a value is a map. */
export const isMap = (value: Value): value is ReadonlyMap<Value, Value> => value instanceof Map;
/** Tells whether a value is a set. */
export const isSet = (value: Value): value is ReadonlySet<Value> => value instanceof Set;
/** Tells whether a value is bytes: a typed array or an ArrayBuffer. */
export const isBytes = (value: Value): value is Bytes =>
  typeof value === 'object' && value !== null && bytesKind(value) !== undefined;
/** Tells whether a value is a plain object. For normal forms: an object without a prototype is a record too, but not normal. */
export const isRecord = (value: Value): value is ValueRecord =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
