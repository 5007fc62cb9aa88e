import type { Key, Pid, Value } from '../term';
import type { Entry } from './entry';
import type { KeyRows } from './key-rows';
import type { ProcessRows } from './process-rows';

/**
 * One stored registration, at one revision.
 *
 * What a row says never changes: an update puts a *new* row with the same number in the old one's place. So a row that
 * was handed out in a {@link Diff} stays exact for as long as anybody keeps it. Only its links to other rows, which
 * belong to the table's lists, change; they are cut when the row leaves the table.
 */
export class Row {
  /** Rises with every registration of a node, across its scopes; with the incarnation it names the entry for ever. */
  readonly number: number;
  /** Number of the owner's last operation that touched the entry. */
  readonly revision: number;
  /** The same object in all rows of this key, so inside the table keys compare by identity. */
  readonly key: Key;
  readonly value: Value;
  /** @internal the list that this row is in; it knows the pid and, through its owner, whether the row is our own. */
  readonly process: ProcessRows;

  /** @internal all rows of the key; undefined while this is the only one and nobody has asked about the key. */
  siblings: KeyRows | undefined = undefined;
  /** @internal neighbours in lookup order among the rows of the key. */
  previous: Row | undefined = undefined;
  /** @internal */
  next: Row | undefined = undefined;
  /** @internal neighbours among the rows of the process. */
  older: Row | undefined = undefined;
  /** @internal */
  newer: Row | undefined = undefined;

  #madeEntry: Entry<Key, Value> | undefined = undefined;

  /** @internal only the table makes rows. */
  constructor(number: number, key: Key, process: ProcessRows, value: Value, revision: number) {
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
