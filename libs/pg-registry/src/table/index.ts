/**
 * table/ — the entries of one running scope and their indexes.
 *
 * Lives here: {@link Table} and what its mutations take and return. A table is pure, synchronous and deterministic: it
 * knows no time, no transport and no listeners. Every mutation is atomic and returns its {@link Diff}; nobody else needs to
 * find out what changed. Reads cost their answer and hand out frozen arrays that are kept until the key changes.
 *
 * Inside: one {@link Row} object per entry, found by key (KeyIndex), by process (ProcessRows) and by owner and entry
 * number (OwnerRows, in pages), the lists being linked through the rows; `Indexes` changes the three together.
 *
 * Assumes: keys, values and pids are in normal form. May import: term, match.
 */
export type { Digest } from './digest';
export type { Change, Diff } from './diff';
export { NO_CHANGE } from './diff';
export type { Entry } from './entry';
export type { PagePicture } from './page';
export type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
export { Row } from './row';
export { Table, type TableOptions } from './table';
export { TableReads } from './table-reads';
