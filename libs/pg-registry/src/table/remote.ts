import { sameKey, samePid } from '../term';
import { changePerKey, NO_CHANGE, updatePerKey, type Diff } from './diff';
import type { Indexes } from './indexes';
import type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
import type { Row } from './row';

/** {@link Table.applyRemote}. */
export function applyOperation(
  indexes: Indexes,
  owner: string,
  operation: RemoteOperation,
  cursor: number,
): Diff {
  if (owner === indexes.own.incarnation) return NO_CHANGE;
  const groups = operation.groups.map((group) => applyGroup(indexes, owner, group, operation.number, cursor));
  return groups.length === 1 ? groups[0] : groups.flat();
}

function applyGroup(
  indexes: Indexes,
  owner: string,
  group: RemoteGroup,
  revision: number,
  cursor: number,
): Diff {
  switch (group.kind) {
    case 'join': {
      const joined: Row[] = [];
      for (const { number, pid, value } of group.entries) {
        const isNew = number <= cursor && pid.incarnation === owner && !indexes.owner(owner)?.get(number);
        if (isNew) joined.push(indexes.insert(number, group.key, pid, value, revision));
      }
      return changePerKey('join', joined);
    }
    case 'leave': {
      const left: Row[] = [];
      for (const number of group.numbers) {
        const row = number <= cursor ? indexes.owner(owner)?.get(number) : undefined;
        if (row === undefined) continue;
        indexes.remove(row);
        left.push(row);
      }
      return changePerKey('leave', left);
    }
    case 'update': {
      const rows: Row[] = [];
      const old: Row[] = [];
      for (const { number, value } of group.entries) {
        const row = number <= cursor ? indexes.owner(owner)?.get(number) : undefined;
        if (row === undefined) continue;
        old.push(row);
        rows.push(indexes.replace(row, value, revision));
      }
      return updatePerKey(rows, old);
    }
  }
}

/** {@link Table.mergeChunk}. */
export function mergeChunk(indexes: Indexes, owner: string, chunk: SyncChunk): Diff {
  if (owner === indexes.own.incarnation) return NO_CHANGE;
  const listed = new Map<number, SyncRow>();
  for (const row of chunk.rows) {
    if (row.number > chunk.from && row.number <= chunk.to && row.pid.incarnation === owner)
      listed.set(row.number, row);
  }

  const left: Row[] = [];
  for (const row of indexes.owner(owner)?.between(chunk.from, chunk.to) ?? []) {
    const theirs = listed.get(row.number);
    if (row.revision > chunk.at || (theirs !== undefined && isSameEntry(row, theirs))) continue;
    indexes.remove(row);
    left.push(row);
  }

  const joined: Row[] = [];
  const updated: Row[] = [];
  const old: Row[] = [];
  for (const { number, key, pid, value, revision } of listed.values()) {
    const row = indexes.owner(owner)?.get(number);
    if (row === undefined) joined.push(indexes.insert(number, key, pid, value, revision));
    else if (row.revision <= chunk.at && row.revision !== revision) {
      old.push(row);
      updated.push(indexes.replace(row, value, revision));
    }
  }
  return [...changePerKey('leave', left), ...changePerKey('join', joined), ...updatePerKey(updated, old)];
}

/** An entry never changes its key or process: a row that differs there is none of the owner's any more. */
function isSameEntry(row: Row, theirs: SyncRow): boolean {
  return samePid(row.pid, theirs.pid) && sameKey(row.key, theirs.key);
}
