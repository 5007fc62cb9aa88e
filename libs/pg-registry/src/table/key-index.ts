import type { Key, KeyToken } from '../term';
import { KeyRows } from './key-rows';
import { KeyTrie, tokenOf } from './key-trie';
import { Row } from './row';
import { hashToken, ShardedMap } from './sharded-map';
import type { ProcessRows } from './process-rows';

/**
 * What is stored under a key: the row itself as long as it is the only one and nobody has asked about the key, so that
 * such a key costs nothing but its place in the Map; {@link KeyRows} as soon as there is a second row or an answer to keep.
 * Measured for a million keys: 156 bytes per entry, the key's text not counted; with KeyRows from the start it would be 260.
 */
export type Slot = Row | KeyRows;

/** All rows by key. Array keys are in a trie, all others in a Map by their token. */
export class KeyIndex {
  private readonly flat = new ShardedMap<KeyToken, Slot>(hashToken);
  private readonly arrays = new KeyTrie<Slot>();
  private madeKeys: readonly Key[] | undefined = undefined;
  private madeLocalKeys: readonly Key[] | undefined = undefined;

  /** What is stored under a key, for a change or for what is no answer to keep. */
  slot(key: Key): Slot | undefined {
    return isArrayKey(key) ? this.arrays.get(key) : this.flat.get(tokenOf(key));
  }

  /** The rows of a key, for an answer about it. */
  rowsOf(key: Key): KeyRows | undefined {
    const slot = this.slot(key);
    if (!(slot instanceof Row)) return slot;
    const rows = new KeyRows(slot);
    this.setSlot(key, rows);
    return rows;
  }

  /** All rows of keys that are arrays and begin with the elements of `prefix`. Cost: the answer. */
  rowsBelow(prefix: readonly Key[]): Row[] {
    const found: Row[] = [];
    for (const slot of this.arrays.below(prefix)) {
      if (slot instanceof Row) found.push(slot);
      else for (const row of slot.rows()) found.push(row);
    }
    return found;
  }

  /** Every key that has a row, in no particular order. Frozen, and the same array until a key comes or goes. */
  keys(): readonly Key[] {
    return (this.madeKeys ??= Object.freeze(Array.from(this.slots(), (slot) => slot.key)));
  }

  /** Every key that has a row of this node. Frozen, and the same array until the rows of this node change. */
  localKeys(): readonly Key[] {
    return (this.madeLocalKeys ??= Object.freeze(
      Array.from(this.slots())
        .filter((slot) => (slot instanceof Row ? slot.isOwn : slot.ownSize > 0))
        .map((slot) => slot.key),
    ));
  }

  /** Adds a row to its key, where `slot` is stored now. */
  add(row: Row, slot: Slot | undefined): void {
    if (slot === undefined) {
      this.setSlot(row.key, row);
      this.madeKeys = undefined;
    } else if (slot instanceof Row) {
      const rows = new KeyRows(slot);
      rows.add(row);
      this.setSlot(row.key, rows);
    } else slot.add(row);
    if (row.isOwn) this.madeLocalKeys = undefined;
  }

  remove(row: Row): void {
    const isAlone = row.previous === undefined && row.next === undefined;
    const slot = isAlone ? undefined : this.slot(row.key);
    if (slot instanceof KeyRows) slot.remove(row);
    else {
      this.deleteSlot(row.key);
      this.madeKeys = undefined;
    }
    if (row.isOwn) this.madeLocalKeys = undefined;
  }

  /** Puts `row`, which has the key of `old`, where `old` was. */
  replace(old: Row, row: Row): void {
    const slot = this.slot(old.key);
    if (slot instanceof KeyRows) slot.replace(old, row);
    else this.setSlot(row.key, row);
  }

  private setSlot(key: Key, slot: Slot): void {
    if (isArrayKey(key)) this.arrays.set(key, slot);
    else this.flat.set(tokenOf(key), slot);
  }

  private deleteSlot(key: Key): void {
    if (isArrayKey(key)) this.arrays.delete(key);
    else this.flat.delete(tokenOf(key));
  }

  private *slots(): Iterable<Slot> {
    yield* this.flat.values();
    yield* this.arrays.below([]);
  }
}

/** The row that `process` registered last among the rows of a key. Constant time. */
export function newestIn(slot: Slot | undefined, process: ProcessRows): Row | undefined {
  if (slot instanceof Row) return slot.process === process ? slot : undefined;
  return slot?.newestOf(process);
}

/** The first row of this node among the rows of a key. Constant time if there is none. */
export function ownRowIn(slot: Slot | undefined): Row | undefined {
  if (slot instanceof Row) return slot.isOwn ? slot : undefined;
  return slot?.ownRows()[0];
}

/** `Array.isArray` does not narrow a readonly array out of a union. */
function isArrayKey(key: Key): key is readonly Key[] {
  return Array.isArray(key);
}
