import { FIXED_SEED, type HashSeed, isLargeKey, type Key, type Value } from '../term';
import type { Entry } from './entry';
import { KeyRows } from './key-rows';
import { KeyTrie } from './key-trie';
import { Row, type RowsOfKey, type RowsOfProcess } from './row';

/**
 * What is stored under a key: the row itself as long as it is the only one and nobody has asked about the key, so that
 * such a key costs nothing but its place in the Map; {@link KeyRows} as soon as there is a second row or an answer to keep.
 * KeyRows from the start would take some 100 bytes more per key. A large key has them all the same: so its row is replaced without a look
 * at the key, and rows are grouped by their KeyRows.
 */
export type Slot = Row | KeyRows;

const NOTHING: readonly never[] = Object.freeze([]);

/** All rows by key. */
export class KeyIndex {
  readonly #slots: KeyTrie<Slot>;
  /**
   * The answers of `entries`, until their key changes. Each is in its KeyRows, too, but a look there waits for memory once
   * more: decision 17 in docs/decisions.md has the figures.
   */
  readonly #answers: KeyTrie<readonly Entry<Key, Value>[]>;
  #madeKeys: readonly Key[] | undefined = undefined;
  #madeLocalKeys: readonly Key[] | undefined = undefined;

  /** @param seed Of the node: peers choose keys. */
  constructor(seed: HashSeed = FIXED_SEED) {
    this.#slots = new KeyTrie(seed);
    this.#answers = new KeyTrie(seed);
  }

  /** What is stored under a key, for a change or a read whose answer is not kept. */
  slot(key: Key): Slot | undefined {
    return this.#slots.get(key);
  }

  /** The rows of a key, for an answer about it. */
  rowsOf(key: Key): KeyRows | undefined {
    const slot = this.#slots.get(key);
    if (!(slot instanceof Row)) return slot;
    const rows = new KeyRows(slot);
    this.#slots.set(key, rows);
    return rows;
  }

  /** `lookup(key)`. */
  entries(key: Key): readonly Entry<Key, Value>[] {
    const rows = this.rowsOf(key);
    if (rows === undefined) return NOTHING;
    if (!rows.hasEntries) this.#answers.set(rows.key, rows.entries());
    return rows.entries();
  }

  /** What {@link entries} answers, if it has been asked before and `key` is a primitive or an array of primitives. */
  keptEntries(key: unknown): readonly Entry<Key, Value>[] | undefined {
    return this.#answers.peek(key);
  }

  /** All rows of keys that are arrays and begin with the elements of `prefix`. Cost: the answer. */
  rowsBelow(prefix: readonly Key[]): Row[] {
    const found: Row[] = [];
    for (const slot of this.#slots.below(prefix)) {
      if (slot instanceof Row) found.push(slot);
      else for (const row of slot.rows()) found.push(row);
    }
    return found;
  }

  /** Every key that has a row, in no particular order. Frozen, and the same array until a key comes or goes. */
  keys(): readonly Key[] {
    return (this.#madeKeys ??= Object.freeze(this.#slots.values().map((slot) => slot.key)));
  }

  /** Every key that has a row of this node. Frozen, and the same array until the rows of this node change. */
  localKeys(): readonly Key[] {
    return (this.#madeLocalKeys ??= Object.freeze(
      this.#slots
        .values()
        .filter((slot) => (slot instanceof Row ? slot.isOwn : slot.ownSize > 0))
        .map((slot) => slot.key),
    ));
  }

  /** Adds a row to its key, where `slot` is stored now; `near` as in {@link KeyRows.add}. */
  add(row: Row, slot: Slot | undefined, near?: Row): void {
    if (slot === undefined) {
      this.#slots.set(row.key, isLargeKey(row.key) ? new KeyRows(row) : row);
      this.#madeKeys = undefined;
    } else if (slot instanceof Row) {
      const rows = new KeyRows(slot);
      rows.add(row);
      this.#slots.set(row.key, rows);
    } else {
      this.#forget(slot);
      slot.add(row, near);
    }
    if (this.#madeLocalKeys !== undefined && row.isOwn) this.#madeLocalKeys = undefined;
  }

  remove(row: Row): void {
    const { siblings } = row;
    if (siblings !== undefined) {
      this.#forget(siblings);
      siblings.remove(row);
    }
    if (siblings === undefined || siblings.size === 0) {
      this.#slots.delete(row.key);
      this.#madeKeys = undefined;
    }
    if (this.#madeLocalKeys !== undefined && row.isOwn) this.#madeLocalKeys = undefined;
  }

  /** Puts `row`, which has the key of `old`, where `old` was. */
  replace(old: Row, row: Row): void {
    const { siblings } = old;
    if (siblings === undefined) this.#slots.set(row.key, row);
    else {
      this.#forget(siblings);
      siblings.replace(old, row);
    }
  }

  /** Drops the answer about a key that is about to change. */
  #forget(rows: RowsOfKey): void {
    if (rows.hasEntries) this.#answers.delete(rows.key);
  }
}

/** What is stored under the key of a row. Constant time. */
export function slotOf(row: Row): Slot {
  return row.siblings instanceof KeyRows ? row.siblings : row;
}

/** The row that `process` registered last among the rows of a key. Constant time. */
export function newestIn(slot: Slot | undefined, process: RowsOfProcess): Row | undefined {
  if (slot instanceof Row) return slot.process === process ? slot : undefined;
  return slot?.newestOf(process);
}

/** The first row of this node among the rows of a key. Constant time if there is none. */
export function ownRowIn(slot: Slot | undefined): Row | undefined {
  if (slot instanceof Row) return slot.isOwn ? slot : undefined;
  return slot?.ownRows()[0];
}
