import { HEAP_BYTES, heapBytesOfArray, LONGEST_HASHED, weightOfNames } from '../../term';
import type { ByteReader } from './byte-reader';
import { WeightLimitError } from './decode-error';
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
 * Reads the names of a new shape, which may be referred to later in the item.
 *
 * @throws DecodeError if no Writer writes such names; HeapLimitError if they take more memory than is left; WeightLimitError if one is too long.
 */
export function readShape(bytes: ByteReader & HeapCounter): KnownShape {
  const start = bytes.position;
  const count = bytes.count(2);
  bytes.charge(heapBytesOfArray(count) + count * HEAP_BYTES.string, weightOfNames(count));
  // oxlint-disable-next-line unicorn/no-new-array -- of that size: one that grows gets room for sixteen more, in each item of a bundle
  const names = new Array<string>(count);
  for (let i = 0; i < count; i += 1) names[i] = bytes.string();
  if (names.some(({ length }) => length > LONGEST_HASHED))
    throw new WeightLimitError(
      `Byte ${bytes.position}: a property whose name has more than ${LONGEST_HASHED} characters.`,
    );
  if (names.includes('__proto__')) bytes.fail('a property named __proto__');
  if (count > 1 && new Set(names).size !== count) bytes.fail('a property twice');
  const headBytes = bytes.position - start + 1;
  return { names, headBytes, references: mostReferencesToShape(headBytes, count) };
}
