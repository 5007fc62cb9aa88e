import type { Effect, Endpoint, ScopeDigest } from '../cluster';
import type { Replicator, StreamPosition, Streams } from '../replication';
import type { Diff } from '../table';
import type { Turn } from './turn';

/** What a {@link ScopeStream} is given. */
export interface ScopeStreamDeps {
  readonly streams: Streams;
  /** Its clock: the time of the turn under way. */
  readonly endpoint: Pick<Endpoint, 'now'>;
  readonly turn: Pick<Turn, 'begin' | 'end'>;
  /** A number that no other wait of this node has. */
  readonly nextWaitId: () => number;
}

/**
 * The stream of one run of a scope to its peers. Starting a scope returns it, and the scope keeps it: no write looks a scope up.
 *
 * Its commands return effects, as those of the `PeerProtocol` do. Once it is stopped, writes are counted and sent nowhere.
 */
export class ScopeStream {
  /** The own operations: the number of the last one. The next write's revision is one more. */
  readonly operations: { readonly last: number };
  /** The incarnations of the peers that follow the stream. */
  readonly followers: ReadonlySet<string>;
  readonly #replicator: Replicator;
  readonly #deps: ScopeStreamDeps;

  constructor(replicator: Replicator, deps: ScopeStreamDeps) {
    this.operations = replicator.operations;
    this.followers = replicator.followers;
    this.#replicator = replicator;
    this.#deps = deps;
  }

  /** Rises each time the node starts the scope. */
  get run(): number {
    return this.#replicator.run;
  }

  /** Whether no followed stream of a peer waits for its first sync, or is in it. */
  get synced(): boolean {
    return this.#replicator.synced;
  }

  /** Whether a join of this many processes, whatever its key and value, stays within `maxOpBytes`. Costs nothing. */
  fits(pids: number): boolean {
    return this.#replicator.fits(pids);
  }

  /** What a hello says of the own entries. */
  digest(): ScopeDigest {
    return this.#replicator.digest();
  }

  /** The last operation of a peer that is contained in what is known of it; undefined if its stream is not followed. */
  appliedOf(incarnation: string): number | undefined {
    return this.#replicator.appliedOf(incarnation);
  }

  /** How far the stream of each followed peer has come. Costs the number of peers. */
  positions(): readonly StreamPosition[] {
    return this.#replicator.positions();
  }

  /**
   * Numbers a write that no peer follows: then nothing is sent and no deadline moves, so there are neither effects nor a timer to
   * look at. Twice as fast as {@link write} for a register and unregister. To be called only while {@link followers} is empty.
   */
  writeUnfollowed(diff: Diff): void {
    this.#replicator.writeUnfollowed(diff);
  }

  /** Replicates what a write changed in the scope's table. */
  write(diff: Diff, now: number): Effect[] {
    const { endpoint, turn } = this.#deps;
    if (!turn.begin(now)) return [];
    this.#replicator.write(diff, endpoint.now);
    return turn.end();
  }

  /** Waits until the present peers have applied all that was written; ends in one `replicated` effect with the id. */
  replicated(timeoutMs: number, now: number): { readonly id: number; readonly effects: Effect[] } {
    const { endpoint, turn, nextWaitId } = this.#deps;
    const id = nextWaitId();
    if (!turn.begin(now)) return { id, effects: [] };
    this.#replicator.replicated(id, endpoint.now, endpoint.now + timeoutMs);
    return { id, effects: turn.end() };
  }

  /** Stops the scope; peers drop its entries. Nothing if it has stopped. */
  stop(now: number): Effect[] {
    const { streams, turn } = this.#deps;
    if (!turn.begin(now)) return [];
    streams.stop(this.#replicator);
    return turn.end();
  }
}
