import { type Endpoint, type OwnScopes, type Peer, Schedule, type ScopeNews } from '../cluster';
import { type PidInterner, ScopeNotRunningError, type ValueLimits, quoteText } from '../term';
import { FRAME_OVERHEAD_BYTES, Reader, type StreamKind, Writer } from '../wire';
import { ReplicationBudget, type ReplicationMemory } from './budget';
import { Replicator, type ScopeStart } from './replicator';
import { StreamOutput, type StreamPeer } from './stream-output';
import type { Arrival } from './inbound/sync-timing';

const MAX_SCOPE_BYTES = 128;

/** What {@link Streams} are given. */
export interface StreamsDeps {
  readonly endpoint: Endpoint;
  readonly ownScopes: OwnScopes;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly peers: ReadonlyMap<string, Peer>;
  /** For tests: how many rows of peers are removed in one turn of the event loop. */
  readonly rowsPerTurn?: number | undefined;
  /** Asks a node to introduce itself, at most once a second. */
  readonly ask: (node: string) => void;
  /** Introduces this node to a node that waits for it: whatever is sent there next is not a stranger's any more. */
  readonly introduce: (node: string) => void;
  /** The set of running scopes changed. */
  readonly changed: () => void;
}

/**
 * The scopes that run here, each with its Replicator, by name: a name is looked up where a frame or a hello brings it.
 *
 *     started ── subscribe, flush ──► announced ── each hello that lists it ──► its Replicator follows that peer
 *
 * A scope is announced only after its subscription has reached the server: a peer that hears of it may send at once. Deadlines
 * of all scopes share one heap, so a thousand quiet scopes cost nothing.
 */
export class Streams {
  readonly #running = new Map<string, Replicator>();
  /** When which Replicator is due. */
  readonly schedule = new Schedule<Replicator>();
  readonly #budget: ReplicationBudget;
  readonly #scratch = new Writer();
  #runs = 0;
  #connected = false;

  readonly #deps: StreamsDeps;

  constructor(deps: StreamsDeps) {
    this.#deps = deps;

    this.#budget = new ReplicationBudget(deps.endpoint.options, deps.rowsPerTurn);
  }

  /** What replication holds at present, over all scopes. */
  get memory(): ReplicationMemory {
    return this.#budget.memory;
  }

  /** Every running scope was announced, so that it follows all who have it, and none is in its first sync with anybody. */
  get synced(): boolean {
    for (const { isAnnounced, synced } of this.#running.values()) if (!isAnnounced || !synced) return false;
    return true;
  }

  /** Where the entries of each peer are, in each scope. */
  *arrivals(): Iterable<readonly [StreamPeer, Arrival]> {
    for (const replicator of this.#running.values()) yield* replicator.arrivals();
  }

  /** The stream of a running scope. @throws ScopeNotRunningError */
  get(scope: string): Replicator {
    const replicator = this.#running.get(scope);
    if (replicator === undefined)
      throw new ScopeNotRunningError(`Scope '${scope}' does not run on this node.`);
    return replicator;
  }

  /** Makes the stream of a scope that does not run; its run is higher than any before. */
  add({ receiver, ...start }: ScopeStart): Replicator {
    const { endpoint, pids, limits, ask, introduce } = this.#deps;
    const { scope } = start;
    const onFlushed = (): void => this.#flushed();
    const output = new StreamOutput({ endpoint, scope, receiver, ask, introduce, onFlushed });
    const replicator = new Replicator({
      ...start,
      run: (this.#runs += 1),
      incarnation: endpoint.incarnation,
      pids,
      limits,
      output,
      budget: this.#budget,
      scratch: this.#scratch,
      schedule: this.schedule,
      random: endpoint.random,
      nodesWithScope: () => Array.from(this.#peersWith(scope), ({ peer }) => peer.node),
    });
    this.#running.set(scope, replicator);
    return replicator;
  }

  /** Connects a stream that was added. Without a connection it waits for one. */
  start(replicator: Replicator): void {
    if (!this.#connected) return;
    const { endpoint } = this.#deps;
    replicator.connected(endpoint.now);
    endpoint.subscribe(endpoint.subjects.everyOps(replicator.scope));
    endpoint.afterFlush(() => this.#announce(replicator));
  }

  /** Ends a stream; nothing if it has ended. */
  stop(replicator: Replicator): void {
    if (replicator.isStopped) return;
    const { endpoint, ownScopes, changed } = this.#deps;
    const { scope } = replicator;
    replicator.stop();
    this.#running.delete(scope);
    ownScopes.delete(scope);
    endpoint.unsubscribe(endpoint.subjects.everyOps(scope));
    if (replicator.isAnnounced) changed();
  }

  /** The connection is there: operations written without one are sent as unsent, and every scope is subscribed. */
  connected(): void {
    const { endpoint } = this.#deps;
    this.#connected = true;
    // The server's largest message is known only now, and may be another's after a reconnect.
    this.limited();
    this.#budget.connected();
    for (const replicator of this.#running.values()) {
      endpoint.subscribe(endpoint.subjects.everyOps(replicator.scope));
      replicator.connected(endpoint.now);
    }
  }

  /** The endpoint's frames may be larger or smaller from now on. */
  limited(): void {
    const { endpoint } = this.#deps;
    this.#budget.limitBodies(endpoint.maxFrameBytes - FRAME_OVERHEAD_BYTES);
    for (const replicator of this.#running.values()) replicator.limited(endpoint.now);
  }

  /** The subscriptions have reached the server. */
  subscribed(): void {
    for (const replicator of this.#running.values()) this.#announce(replicator);
  }

  disconnected(): void {
    const { endpoint } = this.#deps;
    this.#connected = false;
    this.#budget.disconnected();
    for (const replicator of this.#running.values()) replicator.disconnected(endpoint.now);
  }

  /** Sends everything that is pending. */
  flush(): void {
    for (const replicator of this.#running.values()) replicator.flush(this.#deps.endpoint.now);
  }

  /** A hello listed a scope. */
  listed(peer: Peer, news: ScopeNews): void {
    const replicator = this.#running.get(news.name);
    if (replicator === undefined || !replicator.isAnnounced) return;
    const { endpoint } = this.#deps;
    if (replicator.keys !== news.keys) {
      endpoint.warn(
        'key-mode',
        `Scope ${quoteText(news.name)} has ${replicator.keys} keys here and ${news.keys} keys on node ${quoteText(peer.node)}.`,
        news.name,
      );
    }
    replicator.announced(peer, news, endpoint.now);
  }

  /** A peer stopped a scope. */
  gone({ incarnation }: Peer, scope: string): void {
    this.#running.get(scope)?.peerDown(incarnation, 'peer', this.#deps.endpoint.now);
  }

  /** A peer can be reached again: what it was asked meanwhile is lost, and asked again without waiting. */
  recovered({ incarnation }: Peer): void {
    for (const replicator of this.#running.values())
      replicator.peerRecovered(incarnation, this.#deps.endpoint.now);
  }

  /** A peer is no more: its entries leave all scopes. */
  removed({ incarnation }: Peer): void {
    for (const replicator of this.#running.values())
      replicator.peerDown(incarnation, 'node-down', this.#deps.endpoint.now);
  }

  /**
   * A frame about a stream, from a peer. `subjectScope` is what the subject says, where it says one.
   *
   * @throws DecodeError if the body does not begin with a scope's name
   */
  receive(peer: Peer, kind: StreamKind, body: Uint8Array, subjectScope: string | undefined): void {
    const reader = new Reader(body);
    const scope = reader.string(MAX_SCOPE_BYTES);
    const replicator = this.#running.get(scope);
    const isOther = subjectScope !== undefined && subjectScope !== scope;
    if (replicator === undefined || !replicator.isAnnounced || isOther) {
      this.#deps.endpoint.count('frames-without-scope'); // Race: it was stopped here while the frame was on its way.
      return;
    }
    replicator.receive(peer, kind, body.subarray(reader.position), this.#deps.endpoint.now);
  }

  tick(): void {
    const { now } = this.#deps.endpoint;
    this.#budget.beginTurn();
    const due: Replicator[] = [];
    // First all that are due: one that is due again at once has its next turn later.
    for (let next = this.schedule.takeDue(now); next !== undefined; next = this.schedule.takeDue(now))
      due.push(next);
    for (const replicator of due) replicator.tick(now);
  }

  *#peersWith(scope: string): Iterable<{ readonly peer: Peer; readonly run: number }> {
    for (const peer of this.#deps.peers.values()) {
      const news = peer.scopes.get(scope);
      if (news !== undefined) yield { peer, run: news.run };
    }
  }

  #announce(replicator: Replicator): void {
    // Race: it was stopped, or stopped and started again, while the flush was under way.
    if (replicator.isAnnounced || replicator.isStopped) return;
    const { ownScopes, endpoint, changed } = this.#deps;
    const { scope: name, keys } = replicator;
    ownScopes.add({
      name,
      get last() {
        return replicator.operations.last;
      },
      news: () => {
        replicator.flush(endpoint.now);
        return { name, keys, ...replicator.digest() };
      },
    });
    changed();
    replicator.announce(this.#peersWith(name), endpoint.now);
  }

  /** What waited for the client to catch up goes on. */
  #flushed(): void {
    this.#budget.flushed();
    for (const replicator of this.#running.values()) replicator.tick(this.#deps.endpoint.now);
  }
}
