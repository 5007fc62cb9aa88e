import type { RemoteCause, ScopeDigest } from '../../cluster';
import { type Reader, WeightLimitError } from '../../wire';
import { readApplied, readOpsHead, readPartHead, readTail, TAG, writeRepairAsk, writeSyncAsk } from '../body';
import { type Bundled, readBundle } from '../bundle';
import { type ChunkReader, readChunkHead } from '../chunk-body';
import { ChunkPieces } from '../chunk-pieces';
import { OperationReader, TooManyEntriesError } from '../operation-body';
import { type InboundDeps, readerOf } from '../stream-deps';
import type { StreamPeer } from '../stream-output';
import { AppliedAnswer } from './applied-answer';
import { GapRepair } from './gap-repair';
import { type Excess, PeerEntries } from './peer-entries';
import { OperationQueue } from './operation-queue';
import type { SyncTiming } from './sync-timing';
import { SyncWalk } from './sync-walk';

/**
 * The operations of one peer's run of the scope, on their way in: one stream, applied in order, each once.
 *
 *     queued ── its turn to sync ──► walking ── last chunk merged ──► live
 *       └───────────── the owner has no entries ────────────────────────▲
 *
 *     walking        ── no chunk in time, or operations overtook it ──► queued; walks on from the cursor
 *     walking, live  ── a gap that cannot be repaired, a too large operation, differing digests ──► queued; walks from the start
 *     any            ── more than `maxEntriesPerPeer` or `maxPeerBytes` ──► overfull ── a hello, see `PeerEntries` ──► queued
 *
 * A `walking` stream applies operations on entries up to the cursor and skips others; a `live` one applies all; those of an `overfull`
 * one leave. While it is queued or walking, entries stay: the walk turns them into what the owner has, with the exact events.
 *
 * Of a frame with operations first … last, what is contained in {@link applied} is skipped and what is next in line is applied. What is
 * ahead waits in an {@link OperationQueue}, and {@link GapRepair} says when to ask for the gap. So do the frames that follow when so much
 * was applied that other work must have its turn. {@link SyncWalk} says when a chunk is merged.
 */
export class InboundStream {
  phase: 'queued' | 'walking' | 'live' | 'overfull' = 'queued';
  #appliedNumber = 0;
  /** `appliedNumber` when `settle` looked last whether there is a gap. */
  #settledNumber = 0;
  readonly #entries: PeerEntries;
  readonly #gap: GapRepair;
  readonly #walk: SyncWalk;
  readonly #operations: OperationQueue;
  readonly #pieces = new ChunkPieces();
  #drainAt = Infinity;
  readonly #answer: AppliedAnswer;
  readonly #deps: InboundDeps;

  constructor(
    readonly peer: StreamPeer,
    readonly run: number,
    /** How long its first sync takes, and whether anybody waits for it. */
    readonly timing: SyncTiming,
    deps: InboundDeps,
  ) {
    this.#deps = deps;
    const { options, parking: pool } = deps.budget;
    this.#entries = new PeerEntries(peer, deps);
    this.#answer = new AppliedAnswer(peer, run, deps);
    this.#gap = new GapRepair(deps.random);
    const maxBytes = Math.floor(options.parkingBytes / 2);
    this.#walk = new SyncWalk({ askerRun: deps.run, pool, holder: peer.incarnation, maxBytes });
    this.#operations = new OperationQueue(peer, this.#entries, deps);
  }

  /** The last operation of the owner that is contained in what is known here; 0 while a sync has not begun to merge. */
  get applied(): number {
    return this.#walk.cursor === 0 ? 0 : this.#appliedNumber;
  }

  /** The last operation that the owner is known to have. */
  get heard(): number {
    return Math.max(this.applied, this.#gap.heard);
  }
  /** When `tick` has something to do. */
  get deadline(): number {
    return Math.min(this.#drainAt, this.#gap.deadline, this.#walk.deadline, this.timing.giveUpAt);
  }

  /** A queued stream may begin to walk from this moment on. */
  get notBefore(): number {
    return this.#walk.notBefore;
  }

  /** What the owner's hello says. In sync from the start if there is nothing to fetch. */
  receiveDigest(theirs: ScopeDigest, now: number): void {
    if (theirs.count > this.#deps.budget.options.maxEntriesPerPeer) return this.#refuse('number', now);
    if (this.phase === 'overfull') {
      if (!this.#entries.mayReturn(theirs, now)) return;
      this.phase = 'queued';
    }
    this.#gap.hear(theirs.last);
    const isFirst = this.phase === 'queued' && this.#walk.cursor === 0;
    if (isFirst && theirs.count === 0 && this.#entries.agreeWith(theirs)) {
      this.#appliedNumber = theirs.last;
      this.#becomeLive();
    }
    const isSameMoment = this.phase === 'live' && this.#appliedNumber === theirs.last;
    if (isSameMoment && !this.#entries.check(theirs)) this.#resync('different');
  }

  /** Its turn to sync has come. `session` is higher than any before. */
  beginWalk(session: number, now: number): void {
    this.phase = 'walking';
    this.#walk.begin(session, now);
    this.timing.begin(now);
    this.#deps.output.count('walks');
    this.#sendSyncAsk();
  }

  /** The own connection is back: what was asked for may be lost. */
  connected(now: number): void {
    if (this.phase !== 'walking') return;
    this.#walk.deadline = now;
    this.timing.begin(now);
  }

  /** The owner can be reached again: its silence is no reason to be patient. */
  recovered(now: number): void {
    if (this.phase === 'walking') this.#walk.hasten(now);
    this.#gap.hasten(now);
  }

  /**
   * A body of the owner, behind its tag and run; a bundle is many, in order.
   *
   * @param isAnswer Whether it came as the answer to an ask for repair
   * @throws DecodeError for bytes that are no such frame; what came before them in a bundle has been applied.
   */
  receive({ tag, reader }: Bundled, isAnswer: boolean, now: number): void {
    if (tag === TAG.ops) return this.#receiveOps(reader, now);
    if (tag === TAG.part) return this.#receivePart(reader);
    if (tag === TAG.chunk || tag === TAG.piece) return this.#receiveChunk({ tag, reader }, now);
    if (tag === TAG.tail) return this.#receiveTail(reader, isAnswer);
    if (tag === TAG.appliedAsk) this.#answer.want(readApplied(reader));
    else {
      for (const body of readBundle(reader, this.run, (bytes) => readerOf(bytes, this.#deps)))
        this.receive(body, isAnswer, now);
    }
  }

  /** A frame of operations. @throws DecodeError for what cannot be read; what came before it in the frame has been applied. */
  #receiveOps(reader: Reader, now: number): void {
    const head = readOpsHead(reader);
    const last = head.first + head.count - 1;
    if (!this.#isNews(last)) return;
    const { output, budget, pids } = this.#deps;
    const { inHand, buffer } = this.#operations;
    const isNext = inHand === undefined && head.first <= this.#appliedNumber + 1;
    if (isNext && budget.rowsLeft > 0)
      this.#operations.inHand = new OperationReader(reader, head, this.peer, pids);
    else if (!buffer.add(head.first, last, reader.rest())) output.count('unparked');
    this.#apply(now);
  }

  /** A part of a large operation. @throws DecodeError before anything changes. */
  #receivePart(reader: Reader): void {
    const head = readPartHead(reader);
    if (!this.#isNews(head.number)) return;
    const piece = reader.rest();
    // Its owner may have a higher limit: however often it sent this operation again, it would not fit.
    if (this.#operations.buffer.isTooLarge(head, piece.length)) return this.#resync('too-large');
    if (!this.#operations.buffer.addPart(head, piece)) this.#deps.output.count('unparked');
  }

  /** Where the owner's stream ends, and what it can repair. `isAnswer`: this ends its answer to an ask. */
  #receiveTail(reader: Reader, isAnswer: boolean): void {
    const { oldest, last } = readTail(reader);
    this.#gap.hear(last);
    if (isAnswer) this.#gap.endAnswer();
    const missing = this.#appliedNumber + 1;
    if (this.#walk.cursor > 0 && oldest > missing && !this.#operations.has(missing - 1))
      this.#resync('unrepairable');
  }

  /** A chunk of the sync, or a piece of one that is too large for a frame. @throws DecodeError for what is none */
  #receiveChunk({ tag, reader }: Bundled, now: number): void {
    const whole = tag === TAG.piece ? this.#pieces.add(reader, this.#deps) : reader;
    if (whole === undefined) return;
    const head = readChunkHead(whole);
    if (this.phase !== 'walking' || !this.#walk.wants(head)) return this.#deps.output.count('late-chunks');
    const chunk = this.#entries.chunk(head, whole.rest().slice());
    const isDue = this.#walk.isDue(chunk, this.#appliedNumber);
    // One that is due waits if the turn has no room, and if there is memory for it.
    const waits = (!isDue || this.#deps.budget.rowsLeft <= 0) && this.#walk.keep(chunk, now);
    if (isDue && !waits) this.#merge(chunk, now);
    else if (!waits) return this.#deps.output.count('unparked');
    this.#mergeDue(now);
  }

  /** Does what is due. */
  tick(now: number): void {
    if (this.#drainAt <= now) this.#drain(now);
    if (this.#gap.deadline <= now && !this.#operations.has(this.#appliedNumber)) this.#askForGap(now);
    if (this.#walk.deadline <= now) this.#suspendWalk(true, now);
    if (this.timing.giveUpAt <= now) this.timing.giveUp();
  }

  /** To be called after every input: asks for what is missing, schedules what is next, and answers the owner. */
  settle(now: number): void {
    if (this.timing.hasNews) this.timing.tell(this.phase === 'live', now);
    this.#drainAt = this.phase === 'walking' && this.#walk.hasDue(this.#appliedNumber) ? now : Infinity;
    if (this.#walk.cursor === 0) return;
    // What is here fills the gap without asking anybody.
    if (this.#operations.has(this.#appliedNumber)) this.#drainAt = now;
    else {
      const progressed = this.#appliedNumber > this.#settledNumber;
      this.#settledNumber = this.#appliedNumber;
      if (this.#gap.heard > this.#appliedNumber || this.#gap.deadline !== Infinity)
        this.#gap.settle(this.#appliedNumber, progressed, now);
    }
    if (this.#answer.wanted > 0 && this.phase === 'live') this.#answer.reached(this.#appliedNumber);
  }

  /** The stream is over: its entries leave. */
  end(cause: RemoteCause): void {
    this.#entries.remove(cause);
    this.release();
  }

  /** Gives back its memory, without touching its entries. */
  release(): void {
    this.#operations.clear();
    this.#walk.clear();
    this.#entries.release();
  }

  /** Takes note of `last`. Returns whether operations up to it can be applied or kept. */
  #isNews(last: number): boolean {
    if (this.phase === 'overfull') return false;
    this.#gap.hear(last);
    if (this.#walk.cursor === 0 && !this.#walk.hasDue(this.#appliedNumber)) return false;
    if (last <= this.#appliedNumber) this.#deps.output.count('known-operations');
    return last > this.#appliedNumber;
  }

  /** Applies what is next in line, as far as the turn has room. @throws DecodeError for what cannot be read; what came before is applied */
  #apply(now: number): void {
    let applied = 0;
    try {
      while (this.phase !== 'walking' || !this.#isBehindChunk(now)) {
        const operation = this.#operations.next(this.#appliedNumber);
        if (operation === undefined) break;
        this.#entries.apply(operation, this.#walk.cursor);
        this.#appliedNumber = operation.number;
        applied += 1;
      }
    } catch (error) {
      if (!(error instanceof TooManyEntriesError || error instanceof WeightLimitError)) throw error;
      this.#resync('too-large'); // However often its owner sent this operation again, it would not become smaller.
    } finally {
      if (applied > 0) this.#deps.output.count('operations-in', applied);
      const excess = this.#entries.takeStock();
      if (excess !== undefined) this.#refuse(excess, now);
    }
  }

  /** Of a walking stream: merges what is due. Returns whether a chunk is left that comes before the next operation. */
  #isBehindChunk(now: number): boolean {
    this.#mergeDue(now);
    return this.#walk.hasDue(this.#appliedNumber);
  }

  /** Goes on with what waited for this turn. */
  #drain(now: number): void {
    try {
      this.#apply(now);
    } catch (error) {
      this.#deps.output.refuse(error);
    }
  }

  /** Merges the chunks whose moment it is, as far as the turn has room. */
  #mergeDue(now: number): void {
    for (let chunk = this.#walk.next(); chunk !== undefined; chunk = this.#walk.next()) {
      const { at } = chunk.head;
      if (this.#walk.cursor > 0 && at > this.#appliedNumber) return this.#gap.hear(at);
      if (this.#walk.cursor > 0 && at < this.#appliedNumber) {
        this.#deps.output.count('overtaken-chunks');
        return this.#suspendWalk(false, now);
      }
      if (this.#deps.budget.rowsLeft <= 0) return;
      this.#merge(chunk, now);
    }
  }

  /** Merges a part of a chunk whose moment it is. */
  #merge(chunk: ChunkReader, now: number): void {
    this.#gap.hear(chunk.head.at);
    try {
      this.#entries.merge(chunk, this.#walk.hasRoomFor(chunk));
    } catch (error) {
      this.#deps.output.refuse(error);
      return this.#suspendWalk(true, now);
    }
    const excess = this.#entries.takeStock();
    if (excess !== undefined) return this.#refuse(excess, now);
    if (this.#walk.cursor === 0) this.#appliedNumber = chunk.head.at;
    this.timing.progress(this.#entries.rows.size.heapBytes, now);
    if (this.#walk.advance(chunk, now)) {
      if (chunk.head.to === Infinity) this.#becomeLive();
      else this.#sendSyncAsk();
    } else if (!this.#walk.keep(chunk, now)) this.#suspendWalk(true, now);
  }

  #becomeLive(): void {
    this.phase = 'live';
    this.#walk.finish();
    this.timing.reach();
  }

  #sendSyncAsk(): void {
    this.#deps.output.ask(this.peer, 'sync', writeSyncAsk(this.#deps.scratch, this.run, this.#walk.ask));
  }

  /** Ends the session; the stream queues for the next one, which goes on at the cursor. */
  #suspendWalk(timedOut: boolean, now: number): void {
    this.#walk.suspend(timedOut);
    this.timing.rest(now);
    this.phase = 'queued';
    this.#deps.output.count(timedOut ? 'stalled-walks' : 'suspended-walks');
  }

  /** Operations cannot bring what is known up to date: the next walk begins at the first entry. Counted by the reason. */
  #resync(why: 'unrepairable' | 'unanswered' | 'too-large' | 'different' | 'overfull'): void {
    this.#walk.restart();
    this.#gap.reset();
    this.#operations.clear();
    this.#drainAt = Infinity;
    this.phase = 'queued';
    this.#deps.output.count(`resyncs-${why}`);
  }

  #askForGap(now: number): void {
    if (this.#gap.putOff(now)) return;
    if (!this.#gap.ask(now)) return this.#resync('unanswered');
    const from = this.applied + 1;
    const to = Math.max(from, Math.min(this.#gap.heard, this.#operations.buffer.first - 1));
    this.#deps.output.send(this.peer, 'repair', writeRepairAsk(this.#deps.scratch, this.run, { from, to }));
    this.#deps.output.count('repair-asks');
  }

  #refuse(excess: Excess, now: number): void {
    if (this.phase === 'overfull') return;
    this.#resync('overfull');
    this.timing.rest(now);
    this.phase = 'overfull';
    this.#entries.refuse(excess, now);
  }
}
