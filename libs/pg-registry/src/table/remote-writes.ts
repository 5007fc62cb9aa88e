import { sameKey, samePid, type Value } from '../term';
import { changePerKey, NO_CHANGE, oneChange, updatePerKey, type Diff } from './diff';
import type { Indexes } from './indexes';
import type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
import type { Row } from './row';

/** Follows the streams and syncs of other nodes, for `Table`. Each method leaves the rows of this node alone. */
export class RemoteWrites {
  readonly #indexes: Indexes;

  constructor(indexes: Indexes) {
    this.#indexes = indexes;
  }

  /** Applies an operation of another node; see `Table.applyRemote`. */
  apply(owner: string, { number: revision, groups }: RemoteOperation, cursor: number): Diff {
    if (owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const reach: OperationReach = { owner, revision, cursor };
    return groups.length === 1
      ? this.#applyGroup(groups[0], reach)
      : groups.flatMap((group) => this.#applyGroup(group, reach));
  }

  #applyGroup(group: RemoteGroup, reach: OperationReach): Diff {
    if (group.kind === 'leave') return this.#leave(group.numbers, reach);
    if (group.kind === 'update') return this.#update(group.entries, reach);
    const { owner, revision, cursor } = reach;
    const joined: Row[] = [];
    for (const { number, pid, value } of group.entries) {
      if (number > cursor || pid.incarnation !== owner) continue;
      if (this.#indexes.owner(owner)?.get(number) !== undefined) continue;
      joined.push(this.#indexes.insert(number, group.key, pid, value, revision));
    }
    return oneChange('join', joined);
  }

  #leave(numbers: readonly number[], { owner, cursor }: OperationReach): Diff {
    const left: Row[] = [];
    for (const number of numbers) {
      const row = number <= cursor ? this.#indexes.owner(owner)?.get(number) : undefined;
      if (row === undefined) continue;
      this.#indexes.remove(row);
      left.push(row);
    }
    return changePerKey('leave', left);
  }

  #update(
    entries: readonly { readonly number: number; readonly value: Value }[],
    { owner, revision, cursor }: OperationReach,
  ): Diff {
    const old: Row[] = [];
    const rows: Row[] = [];
    for (const { number, value } of entries) {
      const row = number <= cursor ? this.#indexes.owner(owner)?.get(number) : undefined;
      if (row === undefined) continue;
      old.push(row);
      rows.push(this.#indexes.replace(row, value, revision));
    }
    return updatePerKey(rows, old);
  }

  /** Makes a range of another node's entries equal to a chunk; see `Table.mergeChunk`. */
  merge(owner: string, chunk: SyncChunk): Diff {
    if (owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const listed = chunk.rows
      .filter(({ number, pid }) => number > chunk.from && number <= chunk.to && pid.incarnation === owner)
      .toSorted((a, b) => a.number - b.number);
    const left = this.#removeUnlisted(owner, chunk, listed);

    const joined: Row[] = [];
    const updated: Row[] = [];
    const old: Row[] = [];
    for (const { number, key, pid, value, revision } of listed) {
      const row = this.#indexes.owner(owner)?.get(number);
      if (row === undefined) joined.push(this.#indexes.insert(number, key, pid, value, revision));
      else if (row.revision <= chunk.at && row.revision !== revision) {
        old.push(row);
        updated.push(this.#indexes.replace(row, value, revision));
      }
    }
    return [...changePerKey('leave', left), ...changePerKey('join', joined), ...updatePerKey(updated, old)];
  }

  /** Removes the rows that the owner no longer has, but none that an operation after the chunk has touched. */
  #removeUnlisted(owner: string, { from, to, at: takenAt }: SyncChunk, listed: readonly SyncRow[]): Row[] {
    const left: Row[] = [];
    let at = 0;
    for (const row of this.#indexes.owner(owner)?.between(from, to) ?? []) {
      while (at < listed.length && listed[at].number < row.number) at += 1;
      const isListed = at < listed.length && isSameEntry(row, listed[at]);
      if (isListed || row.revision > takenAt) continue;
      this.#indexes.remove(row);
      left.push(row);
    }
    return left;
  }

  /** Removes all entries of another node; see `Table.removeOwner`. */
  removeOwner(owner: string): Diff {
    if (owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const rows = this.#indexes.owner(owner)?.between(-1, Infinity).toReversed() ?? [];
    for (const row of rows) this.#indexes.remove(row);
    return changePerKey('leave', rows);
  }
}

/** Whose rows an operation changes, as which revision, and up to which entry number. */
interface OperationReach {
  readonly owner: string;
  readonly revision: number;
  readonly cursor: number;
}

/** An entry never changes its key or process: so the owner has replaced a row that differs there. */
function isSameEntry(row: Row, theirs: SyncRow): boolean {
  return row.number === theirs.number && samePid(row.pid, theirs.pid) && sameKey(row.key, theirs.key);
}
