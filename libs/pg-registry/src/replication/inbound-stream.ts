import type { Reader } from '../wire';
import {
  type OpsHead,
  readApplied,
  readOpsHead,
  readPartHead,
  readTail,
  TAG,
  writeApplied,
  writeRepairAsk,
  writeSyncAsk,
} from './body';
import { readChunk, readChunkHead } from './chunk-body';
import type { EffectList, ScopeDigest, StreamPeer } from './effect';
import { Gap } from './gap';
import {
  agrees,
  type InboundContext,
  type Phase,
  readerOf,
  refusing,
  type ResyncReason,
} from './inbound-context';
import { readOperations } from './operation-body';
import { Parking } from './parking';
import { SyncTiming } from './sync-timing';
import { SyncWalk, type WaitingChunk } from './sync-walk';

/** So many bytes of parked operations are applied in one turn. */
const DRAIN_BYTES = 64 * 1024;

/**
 * The operations of one peer's run of the scope, on their way in: one stream, applied in order, each once.
 *
 * `applied` is the last operation that is contained in what is known here. Of a frame with operations first … last
 * - what is known is skipped, and what is next in line is applied;
 * - what is ahead is parked, and the gap is asked for, see {@link Gap}; after its repair the parked frames follow, some per turn.
 *
 * If the owner cannot repair the gap, or its digest shows that we hold something else, the stream is synced: back to `queued`, with the
 * cursor at 0. Entries stay in the table meanwhile; the walk turns them, chunk by chunk, into what the owner has, with the exact events.
 *
 * A chunk is the picture after operation `at`, and operations above the cursor were skipped. So it is merged only at the moment
 * when applied = `at`: if it came before operations up to `at` it waits for them; if operations after `at` came before it, it is
 * thrown away and asked for again (on one connection this does not happen: the owner sends both in order). At cursor 0 nothing is
 * known, whatever was applied: then the first chunk says what `applied` is.
 */
export class InboundStream {
  phase: Phase = 'queued';
  #appliedNumber = 0;
  /** `appliedNumber` when `settle` looked last. */
  #settledNumber = 0;
  readonly #gap: Gap;
  readonly #walk: SyncWalk;
  readonly #parking: Parking;
  #drainAt = Infinity;
  readonly #timing = new SyncTiming();
  /** The operation whose application the owner wants to hear of; 0 if none. */
  #wanted = 0;

  readonly #context: InboundContext;

  constructor(
    readonly peer: StreamPeer,
    readonly run: number,
    context: InboundContext,
  ) {
    this.#context = context;

    const { options, parking } = context.budget;
    this.#gap = new Gap(context.random);
    this.#walk = new SyncWalk(context.run);
    this.#parking = new Parking(parking, Math.floor(options.parkingBytes / 2), options.maxOpBytes);
  }

  /** The last operation of the owner that is contained in what is known here; 0 while a sync has not begun to merge. */
  get applied(): number {
    return this.#walk.cursor === 0 ? 0 : this.#appliedNumber;
  }

  /** Has it ever been in sync? */
  get wasSynced(): boolean {
    return this.#timing.wasSynced;
  }

  /** When `tick` has something to do. */
  get deadline(): number {
    return Math.min(this.#drainAt, this.#gap.deadline, this.#walk.deadline);
  }

  /** A queued stream may begin to walk from this moment on. */
  get notBefore(): number {
    return this.#walk.notBefore;
  }

  /** What the owner's hello says. In sync from the start if there is nothing to fetch. */
  receiveDigest(theirs: ScopeDigest, effects: EffectList): void {
    if (theirs.count > this.#maxEntries) return this.#refuseOverfull(effects);
    if (this.phase === 'overfull') this.phase = 'queued';
    this.#gap.hear(theirs.last);
    const isFirst = this.phase === 'queued' && this.#walk.cursor === 0;
    if (isFirst && theirs.count === 0 && agrees(this.#context.table, this.peer, theirs)) {
      this.#appliedNumber = theirs.last;
      this.#becomeLive();
    }
    if (this.phase === 'live' && this.#appliedNumber === theirs.last) this.#compare(theirs, effects);
  }

  /** Its turn to sync has come. `session` is higher than any before. */
  beginWalk(session: number, now: number, effects: EffectList): void {
    this.phase = 'walking';
    this.#walk.begin(session, now);
    this.#timing.begin(now);
    effects.count('walks');
    this.#sendSyncAsk(effects);
  }

  /** The own connection is back: what was asked for may be lost. */
  connected(now: number): void {
    if (this.phase === 'walking') this.#walk.deadline = now;
  }

  /** The owner can be reached again: its silence was not for us to wait longer and longer for. */
  recovered(now: number): void {
    if (this.phase === 'walking') this.#walk.hasten(now);
    this.#gap.hasten(now);
  }

  /** A frame of operations. @throws DecodeError before anything changes. */
  receiveOps(reader: Reader, effects: EffectList): void {
    const head = readOpsHead(reader);
    const last = head.first + head.count - 1;
    if (!this.#isNews(last, effects)) return;
    if (head.first <= this.#appliedNumber + 1) this.#apply(head, reader, effects);
    else if (!this.#parking.park(head.first, last, reader.rest())) effects.count('unparked');
  }

  /** A part of a large operation. @throws DecodeError before anything changes. */
  receivePart(reader: Reader, effects: EffectList): void {
    const head = readPartHead(reader);
    if (!this.#isNews(head.number, effects)) return;
    const piece = reader.rest();
    // Its owner may have a higher limit: however often it sent this operation again, it would not fit.
    if (this.#parking.isTooLarge(head, piece.length)) return this.#resync('too-large', effects);
    if (!this.#parking.parkPart(head, piece)) effects.count('unparked');
  }

  /** The owner's word on where its stream ends and what it can repair; `isAnswer`: and its answer to an ask. */
  receiveTail(reader: Reader, isAnswer: boolean, effects: EffectList): void {
    const { oldest, last } = readTail(reader);
    this.#gap.hear(last);
    if (isAnswer) this.#gap.endAnswer();
    const missing = this.#appliedNumber + 1;
    if (this.#walk.cursor > 0 && oldest > missing && !this.#parking.has(missing))
      this.#resync('unrepairable', effects);
  }

  /** A piece of the sync. @throws DecodeError before anything changes. */
  receiveChunk(reader: Reader, now: number, effects: EffectList): void {
    const head = readChunkHead(reader);
    if (this.phase !== 'walking' || !this.#walk.wants(head)) return effects.count('late-chunks');
    this.#walk.keep(head, reader.rest(), now);
    this.#mergeDue(effects);
  }

  /** The owner wants to hear when its operation is applied here. */
  receiveAppliedAsk(reader: Reader): void {
    this.#wanted = Math.max(this.#wanted, readApplied(reader));
  }

  /** Does what is due. */
  tick(now: number, effects: EffectList): void {
    if (this.#drainAt <= now) this.#drain(effects);
    if (this.#gap.deadline <= now) this.#askForGap(now, effects);
    if (this.#walk.deadline <= now) this.#suspendWalk(true, effects);
  }

  /** To be called after every input: what is missing, what is next, and who wants to know. */
  settle(now: number, effects: EffectList): void {
    const progressed = this.#appliedNumber > this.#settledNumber;
    this.#settledNumber = this.#appliedNumber;
    const news = this.#timing.take(this.phase === 'live', now);
    if (news !== undefined) effects.add({ type: 'synced', peer: this.peer, ...news });
    if (this.#walk.cursor === 0) return;
    const isDue = this.#parking.has(this.#appliedNumber + 1);
    this.#drainAt = isDue ? now : Infinity;
    // A parked frame that is due fills the gap, or part of it, without asking anybody.
    this.#gap.settle(isDue ? this.#gap.heard : this.#appliedNumber, progressed, now);
    if (this.#wanted > 0 && this.phase === 'live' && this.#appliedNumber >= this.#wanted)
      this.#answer(effects);
  }

  /** The stream is over: gives back its memory. Its entries are the caller's affair. */
  end(): void {
    this.#parking.clear();
  }

  get #maxEntries(): number {
    return this.#context.budget.options.maxEntriesPerPeer;
  }

  /** Takes note of `last`; is there anything in operations up to it that could be applied or parked? */
  #isNews(last: number, effects: EffectList): boolean {
    if (this.phase === 'overfull') return false;
    this.#gap.hear(last);
    if (this.#walk.cursor === 0) return false;
    if (last <= this.applied) effects.count('known-operations');
    return last > this.applied;
  }

  /** Applies the operations of one frame that are next in line. */
  #apply(head: OpsHead, reader: Reader, effects: EffectList): void {
    const { table, pids } = this.#context;
    let applied = 0;
    for (const operation of readOperations(reader, head, this.peer, pids)) {
      this.#mergeDue(effects);
      if (operation.number !== this.#appliedNumber + 1) continue;
      effects.diff(table.applyRemote(this.peer.incarnation, operation, this.#walk.cursor), 'peer');
      this.#appliedNumber = operation.number;
      applied += 1;
    }
    if (applied > 0) effects.count('operations-in', applied);
    this.#mergeDue(effects);
    this.#checkSize(effects);
  }

  /** Applies some of the parked frames whose turn it is. */
  #drain(effects: EffectList): void {
    let bytes = 0;
    while (bytes < DRAIN_BYTES) {
      const frame = this.#parking.take(this.#appliedNumber + 1);
      if (frame === undefined) return;
      bytes += frame.body.length;
      const head = { first: frame.first, count: frame.last - frame.first + 1 };
      refusing(this.peer, effects, () => this.#apply(head, readerOf(frame.body, this.#context), effects));
    }
  }

  /** Merges the chunks whose moment it is. */
  #mergeDue(effects: EffectList): void {
    for (let chunk = this.#walk.next(); chunk !== undefined; chunk = this.#walk.next()) {
      const due = chunk;
      const { at } = due.head;
      if (this.#walk.cursor === 0) this.#appliedNumber = at;
      this.#gap.hear(at);
      if (at > this.#appliedNumber) return;
      if (at < this.#appliedNumber) {
        effects.count('overtaken-chunks');
        return this.#suspendWalk(false, effects);
      }
      if (!refusing(this.peer, effects, () => this.#merge(due, effects)))
        return this.#suspendWalk(true, effects);
    }
  }

  #merge({ head, rows }: WaitingChunk, effects: EffectList): void {
    const { table, pids } = this.#context;
    const chunk = readChunk(readerOf(rows, this.#context), head, this.peer, pids);
    effects.diff(table.mergeChunk(this.peer.incarnation, chunk), 'sync');
    if (this.#walk.advance(head)) this.#sendSyncAsk(effects);
    else this.#becomeLive();
    this.#checkSize(effects);
  }

  #becomeLive(): void {
    this.phase = 'live';
    this.#walk.finish();
    this.#timing.reach();
  }

  #sendSyncAsk(effects: EffectList): void {
    effects.send(this.peer, 'sync', writeSyncAsk(this.#context.scratch, this.run, this.#walk.ask));
  }

  /** Ends the session; the stream queues for the next one, which goes on at the cursor. */
  #suspendWalk(timedOut: boolean, effects: EffectList): void {
    this.#walk.suspend(timedOut);
    this.phase = 'queued';
    effects.count(timedOut ? 'stalled-walks' : 'suspended-walks');
  }

  /** What is known cannot be brought up to date by operations: walk through all entries again. */
  #resync(why: ResyncReason, effects: EffectList): void {
    this.#walk.restart();
    this.#gap.reset();
    this.#parking.clear();
    this.#drainAt = Infinity;
    this.phase = 'queued';
    effects.count(`resyncs-${why}`);
  }

  #askForGap(now: number, effects: EffectList): void {
    if (this.#gap.putOff(now)) return;
    if (!this.#gap.ask(now)) return this.#resync('unanswered', effects);
    const from = this.applied + 1;
    const to = Math.max(from, Math.min(this.#gap.heard, this.#parking.first - 1));
    effects.send(this.peer, 'repair', writeRepairAsk(this.#context.scratch, this.run, { from, to }));
    effects.count('repair-asks');
  }

  /** Both sides speak of the same moment: they must have the same entries. */
  #compare(theirs: ScopeDigest, effects: EffectList): void {
    if (agrees(this.#context.table, this.peer, theirs)) return;
    const message = `What is known of ${this.peer.node} differs from what it has after its operation ${theirs.last}: syncing again. This is a bug or corrupted memory.`;
    effects.add({ type: 'warn', reason: 'digest-mismatch', message, peer: this.peer });
    this.#resync('different', effects);
  }

  #checkSize(effects: EffectList): void {
    if (this.#context.table.digest(this.peer.incarnation).count > this.#maxEntries)
      this.#refuseOverfull(effects);
  }

  #refuseOverfull(effects: EffectList): void {
    if (this.phase === 'overfull') return;
    this.#resync('overfull', effects);
    this.phase = 'overfull';
    const message = `${this.peer.node} has more than ${this.#maxEntries} entries (maxEntriesPerPeer): none of them are shown here.`;
    effects.add({ type: 'warn', reason: 'overfull', message, peer: this.peer });
    effects.diff(this.#context.table.removeOwner(this.peer.incarnation), 'peer');
  }

  #answer(effects: EffectList): void {
    this.#wanted = 0;
    const body = writeApplied(this.#context.scratch, TAG.appliedAnswer, this.run, this.#appliedNumber);
    effects.send(this.peer, 'applied', body);
  }
}
