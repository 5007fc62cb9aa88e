import { HEAP_BYTES, heapBytesOfArray, weightOfNames } from '../../term';
import type { ByteReader } from './byte-reader';
import type { HeapCounter } from './heap-counter';
import { mostReferencesToShape } from './references';

/** The names of an object's properties, and how many bytes they took where they were written. */
export interface KnownShape {
  readonly names: readonly string[];
  readonly headBytes: number;
  /** How often it may still be referred to. */
  references: number;
}

/**
 * Reads the names of a new shape and adds it to the known ones, which may be referred to later in the item.
 *
 * @throws DecodeError if no Writer writes such names; HeapLimitError if they take more memory than is left.
 */
export function readShape(bytes: ByteReader & HeapCounter, known: KnownShape[]): KnownShape {
  const start = bytes.position;
  const count = bytes.count(2);
  const names: string[] = [];
  bytes.charge(heapBytesOfArray(count) + count * HEAP_BYTES.string, weightOfNames(count));
  for (let i = 0; i < count; i += 1) names.push(bytes.string());
  if (names.includes('__proto__')) bytes.fail('a property named __proto__');
  if (count > 1 && new Set(names).size !== count) bytes.fail('a property twice');
  const headBytes = bytes.position - start + 1;
  const shape = { names, headBytes, references: mostReferencesToShape(headBytes, count) };
  known.push(shape);
  return shape;
}
