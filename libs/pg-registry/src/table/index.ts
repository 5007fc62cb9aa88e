/**
 * The entries of one running scope and their indexes.
 *
 * A table is synchronous and deterministic: it knows no time, no transport and no listeners. Every mutation is atomic and
 * returns its {@link Diff}, so no other code needs to find out what changed. A read costs its answer; it returns frozen
 * arrays, which the table keeps until the key changes.
 *
 * Inside: {@link Table} hands each call to one of three parts.
 *
 *   own-writes.ts      changes the entries of this node
 *   remote-entries.ts  changes those of another node as its stream and its syncs say
 *   indexes.ts         holds every {@link Row} in three orders and changes the three together:
 *     key-index.ts      by key: a trie (key-trie.ts) whose Maps are split (sharded-map.ts), then the list in key-rows.ts
 *     owner-rows.ts     by owner and entry number: pages (page.ts), and a digest over them (digest.ts)
 *     process-rows.ts   by process: a list for each
 *
 * Two of these lists are linked through the rows themselves. row.ts draws the links and says which file writes which.
 *
 * Assumes: keys, values and pids are in normal form. May import: term, match.
 */
export { sameDigest } from './digest';
export type { Change, Diff } from './diff';
export { MOST_ENTRIES, operationsOf } from './diff';
export type { Entry } from './entry';
export type { EntryNumbers } from './own-writes';
export { RemoteEntries } from './remote-entries';
export type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
export { Row } from './row';
export { Table } from './table';
