import type { Diff, Table } from '../table';
import type { PidInterner, ValueLimits } from '../term';
import { type StreamKind, Writer } from '../wire';
import { Acknowledgements } from './acknowledgements';
import { openBody, readApplied, readRepairAsk, readSyncAsk, TAG } from './body';
import type { ReplicationBudget } from './budget';
import { EffectList, type ReplicationEffect, type ScopeDigest, type StreamPeer } from './effect';
import { type InboundContext, readerOf, refusing } from './inbound-context';
import { receiveFrame } from './inbound-frame';
import type { InboundStream } from './inbound-stream';
import { InboundStreams } from './inbound-streams';
import { LagProbe } from './lag-probe';
import { OutboundStream } from './outbound-stream';
import { SyncDesk } from './sync-desk';

/** Most bytes of an entry in a join beside key and value: difference of the entry number, difference of the pid id. */
const JOIN_ENTRY_BYTES = 16;

type Effects = readonly ReplicationEffect[];
const NOTHING: Effects = Object.freeze([]);

/** What a Replicator works with. */
export interface ReplicatorOptions {
  readonly scope: string;
  /** Rises each time the node starts the scope. */
  readonly run: number;
  readonly node: string;
  readonly incarnation: string;
  readonly table: Table;
  readonly pids: PidInterner;
  /** What own entries may take: for `fits` only; what peers send is bound by the wire's own limits. */
  readonly limits: ValueLimits;
  /** Shared by the Replicators of the node; it carries the protocol's options. */
  readonly budget: ReplicationBudget;
  /** In [0, 1): spreads what many would do at once. */
  readonly random: () => number;
}

/** A Replicator in numbers, for `stats()` of the node. */
export interface ReplicatorStats {
  readonly last: number;
  readonly followers: number;
  readonly streams: number;
  readonly unsynced: number;
  readonly unsentOperations: number;
}

/**
 * Replication of one running scope: sends the own operations to whoever follows, and applies the operations of every peer that
 * runs the scope. It does no I/O and knows no time of its own: reads, commands and inputs with `now` in milliseconds,
 * effects as a list, one `nextDeadline()`.
 *
 * It composes
 * - an {@link OutboundStream} with its repair desk, and a {@link SyncDesk}: the own entries, for others;
 * - {@link InboundStreams}, one per peer that has announced the scope: its entries, here;
 * - {@link Acknowledgements}: who has applied what, and a {@link LagProbe}: how long that takes.
 *
 * *Followers* are the peers that have announced the scope, and those that ask to be synced before their announcement came; while
 * there are none, own operations are only counted.
 *
 * A peer's stream begins with its announcement and ends when the peer, or its run of the scope, does: its entries leave in one diff.
 * Frames of a run that is over are dropped; frames of a run that is not known are not applied, and the peer is asked for its hello.
 */
export class Replicator {
  readonly scope: string;
  readonly run: number;
  readonly #table: Table;
  readonly #incarnation: string;
  readonly #limits: ValueLimits;
  readonly #budget: ReplicationBudget;
  readonly #context: InboundContext;
  readonly #outbound: OutboundStream;
  readonly #desk: SyncDesk;
  readonly #acknowledgements: Acknowledgements;
  readonly #lag: LagProbe;
  readonly #followers = new Set<string>();
  readonly #streams: InboundStreams;

  constructor({ scope, run, incarnation, table, pids, limits, budget, random }: ReplicatorOptions) {
    const scratch = new Writer();
    this.scope = scope;
    this.run = run;
    this.#table = table;
    this.#incarnation = incarnation;
    this.#budget = budget;
    this.#context = { run, table, pids, budget, scratch, random };
    this.#limits = limits;
    this.#streams = new InboundStreams(this.#context);
    this.#outbound = new OutboundStream(run, budget);
    this.#desk = new SyncDesk(run, table, this.#outbound, budget);
    this.#acknowledgements = new Acknowledgements(run, budget, scratch);
    this.#lag = new LagProbe(run, budget, scratch);
  }

  /** Number of the last own operation. The next write passes `last + 1` to the table as its revision. */
  get last(): number {
    return this.#outbound.last;
  }

  /** Is no followed stream waiting for, or in, its first sync? */
  get synced(): boolean {
    return this.#streams.synced;
  }

  /** What a hello says of the own entries. Call `flush` first: what it says must have been sent. */
  digest(): ScopeDigest {
    const { count, hashHigh, hashLow } = this.#table.digest(this.#incarnation);
    return { run: this.run, last: this.last, count, hashHigh, hashLow };
  }

  /** The last operation of a peer that is contained in what is known of it; undefined if its stream is not followed. */
  appliedOf(incarnation: string): number | undefined {
    return this.#streams.get(incarnation)?.applied;
  }

  /** Would a join of so many processes, whatever its key and value, stay within `maxOpBytes`? Costs nothing. */
  fits(pids: number): boolean {
    const { maxKeyBytes, maxValueBytes } = this.#limits;
    return pids * JOIN_ENTRY_BYTES + maxKeyBytes + maxValueBytes <= this.#budget.options.maxOpBytes;
  }

  stats(): ReplicatorStats {
    const { last, unsentOperations } = this.#outbound;
    const { size: streams, unsynced } = this.#streams;
    return { last, followers: this.#followers.size, streams, unsynced, unsentOperations };
  }

  /** When `tick` is due; Infinity: never; not after `now`: as soon as the turn is over. */
  nextDeadline(): number {
    if (!this.#budget.online) return this.#acknowledgements.deadline;
    return Math.min(
      this.#acknowledgements.deadline,
      this.#lag.deadline,
      this.#outbound.deadline,
      this.#desk.deadline,
      this.#streams.deadline,
    );
  }

  /** The table has made `diff` with revision `last + 1`: this is operation `last + 1`. An empty diff is none. */
  write(diff: Diff, now: number): Effects {
    if (this.writeUnfollowed(diff)) return NOTHING;
    const effects = new EffectList();
    this.#outbound.write(diff, now, effects);
    if (this.#budget.wantsSample(now)) this.#lag.written(this.last, this.#streams.peers(), now);
    return this.#finish(effects);
  }

  /** Like {@link write}, if it has nothing to do but to count. @returns False if somebody follows; nothing was done then. */
  writeUnfollowed(diff: Diff): boolean {
    if (diff.length === 0) return true;
    if (this.#followers.size > 0) return false;
    this.#outbound.count();
    return true;
  }

  /** Sends what waits, as far as the connection takes it. */
  flush(now: number): Effects {
    const effects = new EffectList();
    this.#outbound.flush(now, effects);
    return this.#finish(effects);
  }

  /**
   * Have all peers that follow the scope now applied what was written here before? Ends in one `replicated` effect with this
   * id, possibly in the answer: nobody left, or, at `deadline`, the names of those who have not.
   */
  replicated(id: number, now: number, deadline: number): Effects {
    const effects = new EffectList();
    this.#outbound.flush(now, effects);
    this.#acknowledgements.ask(id, this.last, this.#streams.peers(), now, deadline, effects);
    return this.#finish(effects);
  }

  /** The scope stops: gives back what the budget lent, and ends every `replicated()`. No diff: the table goes with it. */
  stop(): Effects {
    const effects = new EffectList();
    this.#acknowledgements.stop(effects);
    this.#streams.clear();
    this.#followers.clear();
    this.#outbound.stop();
    return effects.list();
  }

  /**
   * A hello of an accepted peer lists the scope. The first time its stream is followed, from a sync on; a higher run
   * replaces the stream, and the old run's entries leave at once; else what it says is compared with what is known. A lower run is old news.
   */
  announced(peer: StreamPeer, digest: ScopeDigest, now: number): Effects {
    const effects = new EffectList();
    this.#followRun(peer, digest.run, now, effects)?.receiveDigest(digest, effects);
    return this.#settled(peer, now, effects);
  }

  /**
   * The scope has started here, and a peer's last hello listed it already. What that hello said of the stream may be out of date, and
   * what the peer sent since was not heard here: only a sync tells.
   */
  runsAlready(peer: StreamPeer, run: number, now: number): Effects {
    const effects = new EffectList();
    this.#followRun(peer, run, now, effects);
    return this.#settled(peer, now, effects);
  }

  /** The peer is gone, or does not run the scope any more: all its entries leave, in one diff. */
  peerDown(incarnation: string, cause: 'peer' | 'node-down', now: number): Effects {
    const effects = new EffectList();
    this.#desk.forget(incarnation);
    this.#outbound.repair.forget(incarnation);
    const stream = this.#streams.get(incarnation);
    if (stream !== undefined) this.#streams.end(stream, cause, now, effects);
    this.#acknowledgements.dropOut(incarnation, effects);
    this.#lag.dropOut(incarnation);
    if (this.#followers.delete(incarnation) && this.#followers.size === 0) this.#outbound.follow(false, now);
    return this.#finish(effects);
  }

  /** The peer was out of reach and is not any more: whoever waited longer and longer for its answers asks again soon. */
  peerRecovered(incarnation: string, now: number): Effects {
    this.#streams.recovered(incarnation, now);
    return NOTHING;
  }

  /** A frame of an accepted peer, behind envelope and scope name. Never throws for what is in it. */
  receive(peer: StreamPeer, kind: StreamKind, body: Uint8Array, now: number): Effects {
    if (peer.incarnation === this.#incarnation) return NOTHING;
    const effects = new EffectList();
    refusing(peer, effects, () => this.#dispatch(peer, kind, body, now, effects));
    return this.#settled(peer, now, effects);
  }

  /** The own connection is there, or back. The budget knows already. */
  connected(now: number): Effects {
    this.#outbound.connected(now);
    this.#acknowledgements.connected(now);
    this.#streams.connected(now);
    return this.tick(now);
  }

  /** The own connection is gone; the budget knows already. Operations wait, asks rest. */
  disconnected(): Effects {
    this.#outbound.repair.disconnected();
    return NOTHING;
  }

  /** A flush is done; the budget knows already. What waited for it goes on. */
  flushed(now: number): Effects {
    return this.tick(now);
  }

  /** Does what is due: at most one chunk for others and some parked operations of one stream, so that the loop stays free. */
  tick(now: number): Effects {
    const effects = new EffectList();
    this.#acknowledgements.tick(now, effects);
    if (!this.#budget.online) return this.#finish(effects);
    // Before new operations: whoever waits for a repair can only park those.
    this.#outbound.repair.serve(now, effects);
    this.#outbound.tick(now, effects);
    this.#lag.tick(now, effects);
    if (this.#desk.deadline <= now) this.#desk.serve(now, effects);
    this.#streams.tick(now, effects);
    return this.#finish(effects);
  }

  #dispatch(peer: StreamPeer, kind: StreamKind, body: Uint8Array, now: number, effects: EffectList): void {
    const reader = readerOf(body, this.#context);
    const { tag, run } = openBody(reader, kind);
    if (tag === TAG.repairAsk || tag === TAG.syncAsk || tag === TAG.appliedAnswer) {
      if (run !== this.run) return effects.count('foreign-run');
      if (tag === TAG.repairAsk)
        return this.#outbound.repair.answer(peer, readRepairAsk(reader), now, effects);
      if (tag === TAG.appliedAnswer) {
        return this.#heardOfApplied(peer, readApplied(reader), now, effects);
      }
      this.#desk.admit(peer, readSyncAsk(reader), now);
      return this.#follow(peer.incarnation, now);
    }
    const stream = this.#streams.get(peer.incarnation);
    if (stream?.run !== run) {
      effects.count('foreign-run');
      if (stream === undefined || stream.run < run) effects.add({ type: 'discover', peer });
      return;
    }
    receiveFrame(stream, { tag, reader, isAnswer: kind === 'repair' }, this.#context, now, effects);
  }

  #heardOfApplied(peer: StreamPeer, number: number, now: number, effects: EffectList): void {
    this.#acknowledgements.answered(peer.incarnation, number, effects);
    this.#lag.answered(peer, number, now, effects);
  }

  /** The stream of the peer's run, followed from now on if it was not; undefined if a later run is known. */
  #followRun(peer: StreamPeer, run: number, now: number, effects: EffectList): InboundStream | undefined {
    let stream = this.#streams.get(peer.incarnation);
    if (stream !== undefined && stream.run > run) return undefined;
    if (stream !== undefined && stream.run < run) {
      this.#streams.end(stream, 'peer', now, effects);
      this.#acknowledgements.dropOut(peer.incarnation, effects);
      this.#lag.dropOut(peer.incarnation);
      stream = undefined;
    }
    this.#follow(peer.incarnation, now);
    return stream ?? this.#streams.begin(peer, run);
  }

  #settled(peer: StreamPeer, now: number, effects: EffectList): Effects {
    const stream = this.#streams.get(peer.incarnation);
    if (stream !== undefined) this.#streams.settle(stream, now, effects);
    return this.#finish(effects);
  }

  #follow(incarnation: string, now: number): void {
    if (this.#followers.has(incarnation)) return;
    this.#followers.add(incarnation);
    this.#outbound.follow(true, now);
  }

  #finish(effects: EffectList): Effects {
    if (this.#budget.wantsFlush()) effects.add({ type: 'flush' });
    return effects.list();
  }
}
