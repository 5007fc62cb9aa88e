import { isPid } from '../pid';
import type { Key } from '../value';
import { isArray } from '../value-kind';

/** A key with more parts is large, all levels together: an array within counts as one, and so does each of its parts. */
const MOST_PARTS = 16;
/** A longer text makes a key large. */
const LONGEST_TEXT = 1000;
/** A larger bigint does, too: to write its digits takes longer than to look them up. */
const LARGEST_BIGINT = 2n ** 512n;

/**
 * Whether it may take long to look a key up: it has many parts, a long text, a large bigint, or a part that is neither a simple value nor an
 * array nor a pid. Peers choose keys, and may change an entry thousands of times in a turn. Looks at 17 parts at most.
 */
export function isLargeKey(key: Key): boolean {
  return partsLeft(key, MOST_PARTS) < 0;
}

/** How many parts a key may have beyond those that this one has; negative if it is large. */
function partsLeft(key: Key, left: number): number {
  if (typeof key === 'string') return key.length > LONGEST_TEXT ? -1 : left;
  if (typeof key === 'bigint') return key > LARGEST_BIGINT || key < -LARGEST_BIGINT ? -1 : left;
  if (typeof key !== 'object' || key === null || isPid(key)) return left;
  if (!isArray(key)) return -1;
  let rest = left - key.length;
  for (let at = 0; at < key.length && rest >= 0; at += 1) rest = partsLeft(key[at], rest);
  return rest;
}
