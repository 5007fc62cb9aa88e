import type { DiffReceiver, Schedule, ScopeDigest } from '../cluster';
import { type Diff, MOST_ENTRIES, operationsOf, type Table } from '../table';
import type { ValueLimits } from '../term';
import type { Reader, StreamKind } from '../wire';
import { Acknowledgements } from './acknowledgements';
import { openBody, type Opened, readApplied, readRepairAsk, readSyncAsk, TAG } from './body';
import type { InboundStream } from './inbound/inbound-stream';
import { InboundStreams, type StreamPosition } from './inbound/inbound-streams';
import type { Arrival } from './inbound/sync-timing';
import { LagProbe } from './lag-probe';
import { OutboundStream } from './outbound-stream';
import { Removals } from './removals';
import { readerOf, type StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';
import { SyncResponder } from './sync-responder';

/** Most bytes of an entry in a join beside key and value: difference of the entry number, difference of the pid id. */
const JOIN_ENTRY_BYTES = 16;

/** A scope to be started. */
export interface ScopeStart {
  readonly scope: string;
  readonly keys: 'duplicate' | 'unique';
  /** Whether a peer that has several entries under one key is refused. Default false. */
  readonly onePerKey?: boolean;
  readonly table: Table;
  /** Takes the diffs that peers make. */
  readonly receiver: DiffReceiver;
}

/** What a {@link Replicator} is given. */
export interface ReplicatorDeps extends StreamDeps, Omit<ScopeStart, 'receiver'> {
  /** The incarnation of this node. */
  readonly incarnation: string;
  /** What own entries may take: for `fits` only; what peers send is bound by the wire's own limits. */
  readonly limits: ValueLimits;
  /** Where the Replicator notes when its `tick` is due. */
  readonly schedule: Schedule<Replicator>;
  /** Names of the peers that run the scope, as far as their hellos told. */
  readonly nodesWithScope: () => readonly string[];
}

/**
 * Replicates one running scope: sends the own operations to its followers, and applies the operations of every peer that runs
 * the scope. It does no I/O and knows no time of its own: reads, commands and inputs with `now` in milliseconds. What it wants
 * done goes into the protocol's list of effects, and when it wants to be ticked into the schedule.
 *
 * It composes
 * - an {@link OutboundStream} with its `RepairResponder`, and a {@link SyncResponder}: the own entries, for others;
 * - {@link InboundStreams}, one per peer that has announced the scope: its entries, here; and {@link Removals} of those that are gone;
 * - {@link Acknowledgements}: who has applied what, and a {@link LagProbe}: how long that takes.
 *
 * *Followers* are the peers that have announced the scope, or ask to be synced. While there are none, own operations are only counted.
 *
 * A peer's stream begins with its announcement and ends when the peer, or its run of the scope, does: its entries leave, in one diff unless
 * there are thousands. Frames of a run that is over are dropped; those of one that is not known lead to an ask for the peer's hello.
 */
export class Replicator {
  readonly scope: string;
  readonly keys: 'duplicate' | 'unique';
  readonly run: number;
  /** Peers were told of the scope; from here on it follows theirs. */
  isAnnounced = false;
  /** The scope has stopped: nothing is sent, and writes are only counted. */
  isStopped = false;
  readonly #outbound: OutboundStream;
  readonly #syncResponder: SyncResponder;
  readonly #acknowledgements: Acknowledgements;
  readonly #lag: LagProbe;
  /** The incarnations of the peers that follow the own stream. */
  readonly followers = new Set<string>();
  readonly #streams: InboundStreams;
  readonly #removals: Removals;

  readonly #deps: ReplicatorDeps;

  constructor(deps: ReplicatorDeps) {
    this.#deps = deps;
    this.scope = deps.scope;
    this.keys = deps.keys;
    this.run = deps.run;
    this.#removals = new Removals(deps);
    this.#streams = new InboundStreams({ ...deps, removals: this.#removals });
    this.#outbound = new OutboundStream(deps);
    this.#syncResponder = new SyncResponder(deps, this.#outbound);
    this.#acknowledgements = new Acknowledgements(deps, deps.nodesWithScope);
    this.#lag = new LagProbe(deps);
  }

  /** The own operations: the number of the last one. The next write passes the number after it to the table as its revision. */
  get operations(): { readonly last: number } {
    return this.#outbound;
  }

  /** Whether no followed stream waits for its first sync, or is in it. */
  get synced(): boolean {
    return this.#streams.synced;
  }

  /** Where the entries of each peer are that runs the scope. */
  arrivals(): Iterable<readonly [StreamPeer, Arrival]> {
    return this.#streams.arrivals();
  }

  /** What a hello says of the own entries. Call `flush` first: what it says must have been sent. */
  digest(): ScopeDigest {
    const { count, hashHigh, hashLow } = this.#deps.table.digest(this.#deps.incarnation);
    return { run: this.run, last: this.#outbound.last, count, hashHigh, hashLow };
  }

  /** The last operation of a peer that is contained in what is known of it; undefined if its stream is not followed. */
  appliedOf(incarnation: string): number | undefined {
    return this.#streams.byIncarnation.get(incarnation)?.applied;
  }

  /** How far the stream of each followed peer has come. Costs the number of peers. */
  positions(): readonly StreamPosition[] {
    return this.#streams.positions();
  }

  /** Whether each operation of a join of this many processes, whatever its key and value, stays within `maxOpBytes`. Costs nothing. */
  fits(pids: number): boolean {
    const { limits, budget } = this.#deps;
    const entryBytes = Math.min(pids, MOST_ENTRIES) * JOIN_ENTRY_BYTES;
    return entryBytes + limits.maxKeyBytes + limits.maxValueBytes <= budget.options.maxOpBytes;
  }

  /**
   * The table has made `diff` with revision `last + 1`: this is operation `last + 1`, or that and those after it (`operationsOf`). An empty
   * diff is not an operation.
   */
  write(diff: Diff, now: number): void {
    if (diff.length === 0) return;
    if (this.followers.size === 0) return this.writeUnfollowed(diff);
    if (diff.length === 1 && diff[0].rows.length <= MOST_ENTRIES) this.#outbound.write(diff, now);
    else for (const operation of operationsOf(diff)) this.#outbound.write(operation, now);
    if (this.#deps.budget.sampleAt <= now) {
      this.#deps.budget.sampled(now);
      this.#lag.written(this.#outbound.last, this.#streams.peers(), now);
    }
    this.#finish();
  }

  /** Like {@link write}, while nobody follows: there is nothing to do but to count. */
  writeUnfollowed(diff: Diff): void {
    if (diff.length === 0) return;
    const isOne = diff.length === 1 && diff[0].rows.length <= MOST_ENTRIES;
    this.#outbound.count(isOne ? 1 : operationsOf(diff).length);
  }

  /** Sends what waits, as far as the connection takes it. */
  flush(now: number): void {
    this.#outbound.flush(now);
    this.#finish();
  }

  /**
   * Asks the peers that follow the scope now whether they have applied what was written here before. Ends in one `replicated` effect
   * with this id, possibly at once: when all have, or at `deadline` with the names of those that have not.
   */
  replicated(id: number, now: number, deadline: number): void {
    if (!this.isAnnounced) {
      this.#acknowledgements.postpone(id, deadline);
      return this.#finish();
    }
    this.#outbound.flush(now);
    this.#acknowledgements.ask(id, this.#outbound.last, this.#streams.peers(), now, deadline);
    this.#finish();
  }

  /** The scope stops: gives back what the budget lent, and ends every `replicated()`. No diff: the table goes with it. */
  stop(): void {
    this.isStopped = true;
    this.#acknowledgements.stop();
    this.#streams.clear();
    this.#removals.clear();
    this.followers.clear();
    this.#outbound.stop();
    this.#deps.schedule.delete(this);
  }

  /**
   * Peers are told of the scope, and `known` lists those whose hellos have listed it already. What such a hello said of the stream may
   * be out of date, and what the peer sent since was not heard here: only a sync tells.
   */
  announce(known: Iterable<{ readonly peer: StreamPeer; readonly run: number }>, now: number): void {
    this.isAnnounced = true;
    for (const { peer, run } of known) {
      this.#followRun(peer, run, now);
      this.#settle(peer, now);
    }
    for (const { id, deadline } of this.#acknowledgements.takePostponed()) this.replicated(id, now, deadline);
    this.#finish();
  }

  /**
   * A hello of an accepted peer lists the scope. The first time its stream is followed, from a sync on; a higher run
   * replaces the stream, and the old run's entries leave at once; else what it says is compared with what is known. A lower run is old news.
   */
  announced(peer: StreamPeer, digest: ScopeDigest, now: number): void {
    this.#followRun(peer, digest.run, now)?.receiveDigest(digest, now);
    this.#settle(peer, now);
  }

  /** The peer is gone, or does not run the scope any more: all its entries leave, see {@link Removals}. */
  peerDown(incarnation: string, cause: 'peer' | 'node-down', now: number): void {
    this.#syncResponder.forget(incarnation);
    this.#outbound.repair.forget(incarnation);
    const stream = this.#streams.byIncarnation.get(incarnation);
    if (stream !== undefined) this.#streams.end(stream, cause, now);
    this.#acknowledgements.dropOut(incarnation);
    this.#lag.dropOut(incarnation);
    if (this.followers.delete(incarnation) && this.followers.size === 0) this.#outbound.follow(false, now);
    this.#finish();
  }

  /** The peer can be reached again: its stream asks again soon, however long it has waited for answers. */
  peerRecovered(incarnation: string, now: number): void {
    this.#streams.recovered(incarnation, now);
    this.#finish();
  }

  /** A frame of an accepted peer, behind envelope and scope name. Never throws for what is in it. */
  receive(peer: StreamPeer, kind: StreamKind, body: Uint8Array, now: number): void {
    if (peer.incarnation === this.#deps.incarnation) return;
    const stream = this.#streams.byIncarnation.get(peer.incarnation);
    try {
      const reader = readerOf(body, this.#deps);
      const { tag, run } = openBody(reader, kind);
      if (tag === TAG.repairAsk || tag === TAG.syncAsk || tag === TAG.appliedAnswer) {
        this.#receiveAboutOwn({ tag, run }, peer, reader, now);
      } else if (stream?.run === run) stream.receive({ tag, reader }, kind === 'repair', now);
      else {
        this.#deps.output.count('foreign-run');
        if (stream === undefined || stream.run < run) this.#deps.output.discover(peer);
      }
    } catch (error) {
      this.#deps.output.refuse(error);
    }
    if (stream !== undefined) this.#streams.settle(stream, now);
    this.#finish();
  }

  /** Bodies may be larger or smaller from now on; the budget knows how large. */
  limited(now: number): void {
    this.#outbound.limited(now);
    this.#finish();
  }

  /** The own connection is there, or back. The budget knows already. */
  connected(now: number): void {
    this.#outbound.connected(now);
    this.#acknowledgements.connected(now);
    this.#streams.connected(now);
    this.tick(now);
  }

  /** The own connection is gone; the budget knows already. Operations wait, asks rest. */
  disconnected(now: number): void {
    this.#streams.disconnected(now);
    this.#outbound.repair.disconnected();
    this.#acknowledgements.disconnected();
    this.#finish();
  }

  /** Does what is due: at most one chunk for others and some parked operations of one stream, so that the loop stays free. */
  tick(now: number): void {
    this.#acknowledgements.tick(now);
    this.#removals.tick();
    if (this.#deps.budget.online) {
      // Before new operations: a peer that waits for a repair can only park those.
      this.#outbound.repair.serve(now);
      this.#outbound.tick(now);
      this.#lag.tick(now);
      if (this.#syncResponder.deadline <= now) this.#syncResponder.serve(now);
      this.#streams.tick(now);
    }
    this.#finish();
  }

  /** What a peer asks or tells about the own stream. */
  #receiveAboutOwn({ tag, run }: Opened, peer: StreamPeer, reader: Reader, now: number): void {
    if (run !== this.run) return this.#deps.output.count('foreign-run');
    if (tag === TAG.repairAsk) return this.#outbound.repair.answer(peer, readRepairAsk(reader), now);
    if (tag === TAG.syncAsk) {
      this.#syncResponder.admit(peer, readSyncAsk(reader), now);
      return this.#follow(peer.incarnation, now);
    }
    const number = readApplied(reader);
    this.#acknowledgements.answered(peer.incarnation, number);
    this.#lag.answered(peer, number, now);
  }

  /** The stream of the peer's run, followed from now on if it was not; undefined if a later run is known. */
  #followRun(peer: StreamPeer, run: number, now: number): InboundStream | undefined {
    let stream = this.#streams.byIncarnation.get(peer.incarnation);
    if (stream !== undefined && stream.run > run) return undefined;
    if (stream !== undefined && stream.run < run) {
      this.#streams.end(stream, 'peer', now);
      this.#acknowledgements.dropOut(peer.incarnation);
      this.#lag.dropOut(peer.incarnation);
      stream = undefined;
    }
    this.#follow(peer.incarnation, now);
    return stream ?? this.#streams.begin(peer, run);
  }

  #follow(incarnation: string, now: number): void {
    if (this.followers.has(incarnation)) return;
    this.followers.add(incarnation);
    this.#outbound.follow(true, now);
  }

  /** Something happened to the peer's stream. */
  #settle(peer: StreamPeer, now: number): void {
    const stream = this.#streams.byIncarnation.get(peer.incarnation);
    if (stream !== undefined) this.#streams.settle(stream, now);
    this.#finish();
  }

  /** To be called at the end of every input: schedules the next `tick`. Not after now: as soon as the turn is over. */
  #finish(): void {
    const { budget, output, schedule } = this.#deps;
    if (budget.wantsFlush) {
      budget.beginFlush();
      output.flush();
    }
    const outbound = this.#outbound;
    let soonest = Math.min(this.#acknowledgements.deadline, this.#removals.deadline);
    if (budget.online) soonest = Math.min(soonest, this.#lag.deadline, this.#streams.schedule.next());
    if (budget.open)
      soonest = Math.min(soonest, outbound.flushAt, outbound.tailAt, this.#syncResponder.deadline);
    schedule.set(this, soonest);
  }
}
