import type { Key, Pid, Value } from '../term';
import type { Entry } from './entry';

/*
 * Every row is in three lists at once. This is who writes which link; no other file does:
 *
 *   by key      siblings ─► KeyRows         previous ◄─ row ─► next     key-rows.ts      all rows of the key, in lookup order
 *   by process  process ──► ProcessRows        older ◄─ row ─► newer    process-rows.ts  all rows of the process, key by key
 *   by number   process.owner ─► OwnerRows     a place in a Page        page.ts          all rows of the owner, ascending
 *
 * `process` is set once, when the row is made. The row's key leads to its list through key-index.ts. Whatever changes more
 * than one list is in indexes.ts, with the order in which that must happen. The interfaces below are what a row, and one
 * list, know of the other lists, so that no two files import each other.
 */

/** The rows of one owner, as other lists see them: an `OwnerRows`. */
export interface RowsOfOwner {
  readonly incarnation: string;
  readonly isOwn: boolean;
  /** The highest number ever added. */
  readonly highest: number;
  readonly count: number;
  remove(row: Row): void;
  replace(old: Row, row: Row): void;
}

/** The rows of one process, as other lists see them: a `ProcessRows`. */
export interface RowsOfProcess {
  readonly pid: Pid;
  readonly owner: RowsOfOwner;
  readonly count: number;
  newestUnder(key: Key): Row | undefined;
  remove(row: Row): void;
  replace(old: Row, row: Row): void;
}

/** The rows of one key, as other lists see them: a `KeyRows`. */
export interface RowsOfKey {
  readonly key: Key;
  readonly size: number;
  readonly hasEntries: boolean;
  remove(row: Row): void;
  replace(old: Row, row: Row): void;
}

/**
 * One stored registration, at one revision.
 *
 * The content of a row never changes: an update puts a *new* row with the same number in the old one's place. So a row that
 * was handed out in a diff stays exact for as long as it is kept. Only its links to other rows, which
 * belong to the table's lists, change; they are cut when the row leaves the table.
 */
export class Row {
  /** Rises with every registration of a node, across its scopes. With the incarnation it identifies the entry for ever. */
  readonly number: number;
  /** Number of the owner's last operation that touched the entry. */
  readonly revision: number;
  /** The same object in all rows of this key, so inside the table keys compare by identity. */
  readonly key: Key;
  readonly value: Value;
  /** @internal The list of its process; it knows the pid and, through its owner, whether the row is our own. */
  readonly process: RowsOfProcess;

  /** @internal All rows of the key; undefined while this is the only one and nobody has asked about the key. Written by key-rows.ts. */
  siblings: RowsOfKey | undefined = undefined;
  /** @internal The row before this one in the lookup order of the key. Written by key-rows.ts. */
  previous: Row | undefined = undefined;
  /** @internal The row after this one in the lookup order of the key. Written by key-rows.ts. */
  next: Row | undefined = undefined;
  /** @internal The row before this one in the list of its process. Written by process-rows.ts. */
  older: Row | undefined = undefined;
  /** @internal The row after this one in the list of its process. Written by process-rows.ts. */
  newer: Row | undefined = undefined;

  #madeEntry: Entry<Key, Value> | undefined = undefined;

  /** @internal only the table makes rows. */
  constructor(number: number, key: Key, process: RowsOfProcess, value: Value, revision: number) {
    this.number = number;
    this.revision = revision;
    this.key = key;
    this.value = value;
    this.process = process;
  }

  /** The registered process. */
  get pid(): Pid {
    return this.process.pid;
  }

  /** Whether this node is the owner. */
  get isOwn(): boolean {
    return this.process.owner.isOwn;
  }

  /** The row as users see it: made at the first call, the same frozen object afterwards. */
  get entry(): Entry<Key, Value> {
    return (this.#madeEntry ??= Object.freeze({
      id: `${this.pid.incarnation}:${this.number}`,
      key: this.key,
      pid: this.pid,
      value: this.value,
    }));
  }
}

/** @internal Whether two rows of one table have the same key: identity is enough, see {@link Row.key}; NaN equals itself. */
export function shareKey(a: Row, b: Row): boolean {
  return Object.is(a.key, b.key);
}
