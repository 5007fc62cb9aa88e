import { sameKey, samePid } from '../term';
import { changePerKey, NO_CHANGE, oneChange, updatePerKey, type Diff } from './diff';
import type { Indexes } from './indexes';
import type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
import type { Row } from './row';

/** {@link Table.applyRemote}. */
export function applyOperation(
  indexes: Indexes,
  owner: string,
  { number: revision, groups }: RemoteOperation,
  cursor: number,
): Diff {
  if (owner === indexes.own.incarnation) return NO_CHANGE;
  const find = (number: number) => (number <= cursor ? indexes.owner(owner)?.get(number) : undefined);

  const apply = (group: RemoteGroup): Diff => {
    if (group.kind === 'leave') {
      const left: Row[] = [];
      for (const number of group.numbers) {
        const row = find(number);
        if (row === undefined) continue;
        indexes.remove(row);
        left.push(row);
      }
      return changePerKey('leave', left);
    }
    if (group.kind === 'update') {
      const old: Row[] = [];
      const rows: Row[] = [];
      for (const { number, value } of group.entries) {
        const row = find(number);
        if (row === undefined) continue;
        old.push(row);
        rows.push(indexes.replace(row, value, revision));
      }
      return updatePerKey(rows, old);
    }
    const joined: Row[] = [];
    for (const { number, pid, value } of group.entries) {
      if (number > cursor || pid.incarnation !== owner || find(number) !== undefined) continue;
      joined.push(indexes.insert(number, group.key, pid, value, revision));
    }
    return oneChange('join', joined);
  };
  return groups.length === 1 ? apply(groups[0]) : groups.flatMap(apply);
}

/** {@link Table.mergeChunk}. */
export function mergeChunk(indexes: Indexes, owner: string, chunk: SyncChunk): Diff {
  if (owner === indexes.own.incarnation) return NO_CHANGE;
  const listed = chunk.rows
    .filter(({ number, pid }) => number > chunk.from && number <= chunk.to && pid.incarnation === owner)
    .toSorted((a, b) => a.number - b.number);

  const left: Row[] = [];
  let at = 0;
  for (const row of indexes.owner(owner)?.between(chunk.from, chunk.to) ?? []) {
    while (at < listed.length && listed[at].number < row.number) at += 1;
    const isListed = at < listed.length && isSameEntry(row, listed[at]);
    if (isListed || row.revision > chunk.at) continue;
    indexes.remove(row);
    left.push(row);
  }

  const joined: Row[] = [];
  const updated: Row[] = [];
  const old: Row[] = [];
  for (const { number, key, pid, value, revision } of listed) {
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
  return row.number === theirs.number && samePid(row.pid, theirs.pid) && sameKey(row.key, theirs.key);
}
