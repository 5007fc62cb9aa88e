import type { RemoteCause, ScopeDigest } from '../cluster';
import type { RemoteOperation, SyncChunk } from '../table';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

/** The entries of one peer in this node's table. Every change of them comes out as its exact diff. */
export class PeerEntries {
  readonly #peer: StreamPeer;
  readonly #deps: StreamDeps;

  constructor(peer: StreamPeer, deps: StreamDeps) {
    this.#peer = peer;
    this.#deps = deps;
  }

  /** Whether the peer has more entries here than are accepted from one. */
  get areTooMany(): boolean {
    const { table, budget } = this.#deps;
    return table.countOf(this.#peer.incarnation) > budget.options.maxEntriesPerPeer;
  }

  /** Whether the table holds the same entries as `theirs` says of the same moment. */
  agreeWith(theirs: ScopeDigest): boolean {
    const ours = this.#deps.table.digest(this.#peer.incarnation);
    return (
      ours.count === theirs.count && ours.hashHigh === theirs.hashHigh && ours.hashLow === theirs.hashLow
    );
  }

  /** Applies an operation to the entries with numbers up to `cursor`. */
  apply(operation: RemoteOperation, cursor: number): void {
    const { table, output } = this.#deps;
    output.diff(table.applyRemote(this.#peer.incarnation, operation, cursor), 'peer');
  }

  /** Turns the entries of the chunk's range into those of the chunk. */
  merge(chunk: SyncChunk): void {
    const { table, output } = this.#deps;
    output.diff(table.mergeChunk(this.#peer.incarnation, chunk), 'sync');
  }

  /** Removes all of them, in one diff. */
  remove(cause: RemoteCause): void {
    const { table, output } = this.#deps;
    output.diff(table.removeOwner(this.#peer.incarnation), cause);
  }
}
