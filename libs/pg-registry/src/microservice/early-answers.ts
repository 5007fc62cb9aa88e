/** So many bytes may answers of one node take in memory that wait for values which were sent ahead of them. */
export const MOST_EARLY_BYTES = 67_108_864;

/**
 * What answers take in memory that are there before the values which their owner says it has sent ahead, by its node: an owner that answers a thousand
 * requests with the number of values that it never sends must not fill this node.
 */
export class EarlyAnswers {
  readonly #bytes = new Map<string, number>();

  /** Counts an answer of a node, if there is room for it. A single one has room however large it is. */
  keep(node: string, bytes: number): boolean {
    const before = this.#bytes.get(node) ?? 0;
    if (before > 0 && before + bytes > MOST_EARLY_BYTES) return false;
    this.#bytes.set(node, before + bytes);
    return true;
  }

  /** An answer that was counted waits no longer. */
  release(node: string, bytes: number): void {
    const left = (this.#bytes.get(node) ?? 0) - bytes;
    if (left > 0) this.#bytes.set(node, left);
    else this.#bytes.delete(node);
  }
}
