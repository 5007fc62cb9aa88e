/** How often each word occurs. A word has letters and digits, and apostrophes and hyphens between them; case is ignored. */
export type WordCounts = Map<string, number>;

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

/** Counts the words of `text` into `counts`. */
export function countWords(text: string, counts: WordCounts): void {
  for (const [word] of text.matchAll(WORD)) {
    const lower = word.toLowerCase();
    counts.set(lower, (counts.get(lower) ?? 0) + 1);
  }
}

/** Adds the counts of one part to the counts of the whole. */
export function addCounts(whole: WordCounts, part: ReadonlyMap<string, number>): void {
  for (const [word, count] of part) whole.set(word, (whole.get(word) ?? 0) + count);
}

/** Returns the number of all occurrences. */
export function totalOf(counts: WordCounts): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** Returns the `limit` most frequent words. Equal counts are in alphabetical order, so that two runs print the same. */
export function topOf(counts: WordCounts, limit: number): [word: string, count: number][] {
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limit);
}
