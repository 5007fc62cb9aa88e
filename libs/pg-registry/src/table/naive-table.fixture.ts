import { sameKey, samePid, type Key, type Pid, type Value } from '../term';
import type { RemoteOperation, SyncChunk } from '.';

/** A row of the model. */
export interface Stored {
  readonly number: number;
  readonly key: Key;
  readonly pid: Pid;
  readonly value: Value;
  readonly revision: number;
}

/** A table made of one array in lookup order, walked by loops: slow, and plain enough to be believed. */
export class NaiveTable {
  rows: Stored[] = [];
  /** The highest number that an owner has used since it last had no row. */
  readonly #highest = new Map<string, number>();

  add(row: Stored): void {
    const owner = row.pid.incarnation;
    this.#highest.set(owner, Math.max(row.number, this.#highest.get(owner) ?? -1));
    const later = this.rows.filter((other) => sameOwnerAndKey(other, row) && other.number > row.number);
    const successor = later.toSorted((a, b) => a.number - b.number)[0];
    this.rows.splice(successor === undefined ? this.rows.length : this.rows.indexOf(successor), 0, row);
  }

  find(owner: string, number: number): Stored | undefined {
    return this.rows.find((row) => row.pid.incarnation === owner && row.number === number);
  }

  removeIf(isGone: (row: Stored) => boolean): void {
    this.rows = this.rows.filter((row) => !isGone(row));
    for (const owner of this.#highest.keys())
      if (!this.rows.some((row) => row.pid.incarnation === owner)) this.#highest.delete(owner);
  }

  update(old: Stored, value: Value, revision: number): void {
    this.rows = this.rows.map((row) => (row === old ? { ...old, value, revision } : row));
  }

  newest(key: Key, pid: Pid): Stored | undefined {
    const rows = this.rows.filter((row) => sameKey(row.key, key) && samePid(row.pid, pid));
    return rows.toSorted((a, b) => b.number - a.number)[0];
  }

  applyRemote(owner: string, { number: revision, groups }: RemoteOperation, cursor: number): void {
    for (const group of groups) {
      if (group.kind === 'join') {
        for (const { number, pid, value } of group.entries) {
          if (number > cursor || pid.incarnation !== owner) continue;
          if (number <= (this.#highest.get(owner) ?? -1)) continue;
          this.add({ number, key: group.key, pid, value, revision });
        }
        continue;
      }
      const entries =
        group.kind === 'leave' ? group.numbers.map((number) => ({ number, value: null })) : group.entries;
      for (const { number, value } of entries) {
        const row = number <= cursor ? this.find(owner, number) : undefined;
        if (row && group.kind === 'leave') this.removeIf((other) => other === row);
        else if (row) this.update(row, value, revision);
      }
    }
  }

  mergeChunk(owner: string, { from, to, at, rows }: SyncChunk): void {
    const listed = rows.filter(
      (row) => row.number > from && row.number <= to && row.pid.incarnation === owner,
    );
    for (const row of this.rows.filter(
      ({ pid, number }) => pid.incarnation === owner && number > from && number <= to,
    )) {
      if (row.revision > at) continue;
      const theirs = listed.find(({ number }) => number === row.number);
      if (theirs && sameKey(theirs.key, row.key) && samePid(theirs.pid, row.pid)) {
        if (theirs.revision !== row.revision) this.update(row, theirs.value, theirs.revision);
      } else this.removeIf((other) => other === row);
    }
    for (const row of listed) if (!this.find(owner, row.number)) this.add(row);
  }
}

const sameOwnerAndKey = (a: Stored, b: Stored) =>
  a.pid.incarnation === b.pid.incarnation && sameKey(a.key, b.key);
