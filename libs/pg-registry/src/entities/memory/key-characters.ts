import { canonicalText, type Key } from '../../term';

/**
 * How many characters of keys that peers chose a memory holds, with what it notes of them as text. In the heap an array in a key may take
 * 50 bytes for each of its characters.
 */
export const MOST_CHARACTERS = 262_144;

/** Counts the characters of a key. O(size of the key). */
export function charactersOf(key: Key): number {
  return canonicalText(key).length;
}
