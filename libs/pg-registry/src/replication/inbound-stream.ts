import type { Table } from '../table';
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
import { type Bundled, readBundle } from './bundle';
import { readChunk, readChunkHead } from './chunk-body';
import type { ScopeDigest } from '../cluster';
import { Gap } from './gap';
import { readOperations } from './operation-body';
import { Parking } from './parking';
import { readerOf, refusing, type StreamDeps } from './stream-deps';
import type { StreamOutput, StreamPeer } from './stream-output';
import { SyncTiming } from './sync-timing';
import { SyncWalk, type WaitingChunk } from './sync-walk';

/** So many bytes of parked operations are applied in one turn. */
const DRAIN_BYTES = 64 * 1024;

/**
 * How an incoming stream stands:
 * - `queued`: must sync, and waits for its turn.
 * - `walking`: a sync is under way; operations on entries at or below the cursor are applied, others are skipped.
 * - `live`: in sync but for operations that are still to come; every operation is applied.
 * - `overfull`: the peer has more entries than are accepted from one; it has none here until it says that it has fewer.
 */
export type Phase = 'queued' | 'walking' | 'live' | 'overfull';

/** Why a stream that was known must be synced again. */
export type ResyncReason =
  /** The owner has forgotten operations that are missing here, */
  | 'unrepairable'
  /** or was asked for them in vain; */
  | 'unanswered'
  /** an operation is larger than one may be here; */
  | 'too-large'
  /** what is known here is not what the owner has; */
  | 'different'
  /** or it was more than is accepted from one peer. */
  | 'overfull';

/** A body of the owner of a stream, behind its tag and run. */
export interface InboundFrame {
  readonly tag: number;
  readonly reader: Reader;
  /** Whether it came as the answer to an ask for repair. */
  readonly isAnswer: boolean;
}

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

  readonly #deps: StreamDeps;
  readonly #output: StreamOutput;

  constructor(
    readonly peer: StreamPeer,
    readonly run: number,
    deps: StreamDeps,
  ) {
    this.#deps = deps;
    this.#output = deps.output;

    const { options, parking } = deps.budget;
    this.#gap = new Gap(deps.random);
    this.#walk = new SyncWalk(deps.run);
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
  receiveDigest(theirs: ScopeDigest): void {
    if (theirs.count > this.#maxEntries) return this.#refuseOverfull();
    if (this.phase === 'overfull') this.phase = 'queued';
    this.#gap.hear(theirs.last);
    const isFirst = this.phase === 'queued' && this.#walk.cursor === 0;
    if (isFirst && theirs.count === 0 && agrees(this.#deps.table, this.peer, theirs)) {
      this.#appliedNumber = theirs.last;
      this.#becomeLive();
    }
    if (this.phase === 'live' && this.#appliedNumber === theirs.last) this.#compare(theirs);
  }

  /** Its turn to sync has come. `session` is higher than any before. */
  beginWalk(session: number, now: number): void {
    this.phase = 'walking';
    this.#walk.begin(session, now);
    this.#timing.begin(now);
    this.#output.count('walks');
    this.#sendSyncAsk();
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

  /**
   * A frame of the owner; a bundle is many, in order.
   *
   * @throws DecodeError for bytes that are no such frame; what came before them in a bundle has been applied.
   */
  receive({ tag, reader, isAnswer }: InboundFrame, now: number): void {
    if (tag === TAG.chunk) return this.#receiveChunk(reader, now);
    if (tag === TAG.appliedAsk) return this.#receiveAppliedAsk(reader);
    if (tag !== TAG.bundle) return this.#receiveBody({ tag, reader }, isAnswer);
    for (const body of readBundle(reader, this.run, (bytes) => readerOf(bytes, this.#deps)))
      this.#receiveBody(body, isAnswer);
  }

  #receiveBody({ tag, reader }: Bundled, isAnswer: boolean): void {
    if (tag === TAG.ops) this.#receiveOps(reader);
    else if (tag === TAG.part) this.#receivePart(reader);
    else this.#receiveTail(reader, isAnswer);
  }

  /** A frame of operations. @throws DecodeError before anything changes. */
  #receiveOps(reader: Reader): void {
    const head = readOpsHead(reader);
    const last = head.first + head.count - 1;
    if (!this.#isNews(last)) return;
    if (head.first <= this.#appliedNumber + 1) this.#apply(head, reader);
    else if (!this.#parking.park(head.first, last, reader.rest())) this.#output.count('unparked');
  }

  /** A part of a large operation. @throws DecodeError before anything changes. */
  #receivePart(reader: Reader): void {
    const head = readPartHead(reader);
    if (!this.#isNews(head.number)) return;
    const piece = reader.rest();
    // Its owner may have a higher limit: however often it sent this operation again, it would not fit.
    if (this.#parking.isTooLarge(head, piece.length)) return this.#resync('too-large');
    if (!this.#parking.parkPart(head, piece)) this.#output.count('unparked');
  }

  /** The owner's word on where its stream ends and what it can repair; `isAnswer`: and its answer to an ask. */
  #receiveTail(reader: Reader, isAnswer: boolean): void {
    const { oldest, last } = readTail(reader);
    this.#gap.hear(last);
    if (isAnswer) this.#gap.endAnswer();
    const missing = this.#appliedNumber + 1;
    if (this.#walk.cursor > 0 && oldest > missing && !this.#parking.has(missing))
      this.#resync('unrepairable');
  }

  /** A piece of the sync. @throws DecodeError before anything changes. */
  #receiveChunk(reader: Reader, now: number): void {
    const head = readChunkHead(reader);
    if (this.phase !== 'walking' || !this.#walk.wants(head)) return this.#output.count('late-chunks');
    this.#walk.keep(head, reader.rest(), now);
    this.#mergeDue();
  }

  /** The owner wants to hear when its operation is applied here. */
  #receiveAppliedAsk(reader: Reader): void {
    this.#wanted = Math.max(this.#wanted, readApplied(reader));
  }

  /** Does what is due. */
  tick(now: number): void {
    if (this.#drainAt <= now) this.#drain();
    if (this.#gap.deadline <= now) this.#askForGap(now);
    if (this.#walk.deadline <= now) this.#suspendWalk(true);
  }

  /** To be called after every input: what is missing, what is next, and who wants to know. */
  settle(now: number): void {
    const progressed = this.#appliedNumber > this.#settledNumber;
    this.#settledNumber = this.#appliedNumber;
    const news = this.#timing.take(this.phase === 'live', now);
    if (news?.first) this.#output.count('first-syncs');
    if (news !== undefined) this.#output.synced(this.peer, news.durationMs);
    if (this.#walk.cursor === 0) return;
    const isDue = this.#parking.has(this.#appliedNumber + 1);
    this.#drainAt = isDue ? now : Infinity;
    // A parked frame that is due fills the gap, or part of it, without asking anybody.
    this.#gap.settle(isDue ? this.#gap.heard : this.#appliedNumber, progressed, now);
    if (this.#wanted > 0 && this.phase === 'live' && this.#appliedNumber >= this.#wanted) this.#answer();
  }

  /** The stream is over: gives back its memory. Its entries are the caller's affair. */
  end(): void {
    this.#parking.clear();
  }

  get #maxEntries(): number {
    return this.#deps.budget.options.maxEntriesPerPeer;
  }

  /** Takes note of `last`; is there anything in operations up to it that could be applied or parked? */
  #isNews(last: number): boolean {
    if (this.phase === 'overfull') return false;
    this.#gap.hear(last);
    if (this.#walk.cursor === 0) return false;
    if (last <= this.applied) this.#output.count('known-operations');
    return last > this.applied;
  }

  /** Applies the operations of one frame that are next in line. */
  #apply(head: OpsHead, reader: Reader): void {
    const { table, pids } = this.#deps;
    let applied = 0;
    for (const operation of readOperations(reader, head, this.peer, pids)) {
      this.#mergeDue();
      if (operation.number !== this.#appliedNumber + 1) continue;
      this.#output.diff(table.applyRemote(this.peer.incarnation, operation, this.#walk.cursor), 'peer');
      this.#appliedNumber = operation.number;
      applied += 1;
    }
    if (applied > 0) this.#output.count('operations-in', applied);
    this.#mergeDue();
    this.#checkSize();
  }

  /** Applies some of the parked frames whose turn it is. */
  #drain(): void {
    let bytes = 0;
    while (bytes < DRAIN_BYTES) {
      const frame = this.#parking.take(this.#appliedNumber + 1);
      if (frame === undefined) return;
      bytes += frame.body.length;
      const head = { first: frame.first, count: frame.last - frame.first + 1 };
      refusing(this.#output, () => this.#apply(head, readerOf(frame.body, this.#deps)));
    }
  }

  /** Merges the chunks whose moment it is. */
  #mergeDue(): void {
    for (let chunk = this.#walk.next(); chunk !== undefined; chunk = this.#walk.next()) {
      const due = chunk;
      const { at } = due.head;
      if (this.#walk.cursor === 0) this.#appliedNumber = at;
      this.#gap.hear(at);
      if (at > this.#appliedNumber) return;
      if (at < this.#appliedNumber) {
        this.#output.count('overtaken-chunks');
        return this.#suspendWalk(false);
      }
      if (!refusing(this.#output, () => this.#merge(due))) return this.#suspendWalk(true);
    }
  }

  #merge({ head, rows }: WaitingChunk): void {
    const { table, pids } = this.#deps;
    const chunk = readChunk(readerOf(rows, this.#deps), head, this.peer, pids);
    this.#output.diff(table.mergeChunk(this.peer.incarnation, chunk), 'sync');
    if (this.#walk.advance(head)) this.#sendSyncAsk();
    else this.#becomeLive();
    this.#checkSize();
  }

  #becomeLive(): void {
    this.phase = 'live';
    this.#walk.finish();
    this.#timing.reach();
  }

  #sendSyncAsk(): void {
    this.#output.send(this.peer, 'sync', writeSyncAsk(this.#deps.scratch, this.run, this.#walk.ask));
  }

  /** Ends the session; the stream queues for the next one, which goes on at the cursor. */
  #suspendWalk(timedOut: boolean): void {
    this.#walk.suspend(timedOut);
    this.phase = 'queued';
    this.#output.count(timedOut ? 'stalled-walks' : 'suspended-walks');
  }

  /** What is known cannot be brought up to date by operations: walk through all entries again. */
  #resync(why: ResyncReason): void {
    this.#walk.restart();
    this.#gap.reset();
    this.#parking.clear();
    this.#drainAt = Infinity;
    this.phase = 'queued';
    this.#output.count(`resyncs-${why}`);
  }

  #askForGap(now: number): void {
    if (this.#gap.putOff(now)) return;
    if (!this.#gap.ask(now)) return this.#resync('unanswered');
    const from = this.applied + 1;
    const to = Math.max(from, Math.min(this.#gap.heard, this.#parking.first - 1));
    this.#output.send(this.peer, 'repair', writeRepairAsk(this.#deps.scratch, this.run, { from, to }));
    this.#output.count('repair-asks');
  }

  /** Both sides speak of the same moment: they must have the same entries. */
  #compare(theirs: ScopeDigest): void {
    if (agrees(this.#deps.table, this.peer, theirs)) return;
    const message = `What is known of ${this.peer.node} differs from what it has after its operation ${theirs.last}: syncing again. This is a bug or corrupted memory.`;
    this.#output.warn('digest-mismatch', message);
    this.#resync('different');
  }

  #checkSize(): void {
    if (this.#deps.table.digest(this.peer.incarnation).count > this.#maxEntries) this.#refuseOverfull();
  }

  #refuseOverfull(): void {
    if (this.phase === 'overfull') return;
    this.#resync('overfull');
    this.phase = 'overfull';
    const message = `${this.peer.node} has more than ${this.#maxEntries} entries (maxEntriesPerPeer): none of them are shown here.`;
    this.#output.warn('overfull', message);
    this.#output.diff(this.#deps.table.removeOwner(this.peer.incarnation), 'peer');
  }

  #answer(): void {
    this.#wanted = 0;
    const body = writeApplied(this.#deps.scratch, TAG.appliedAnswer, this.run, this.#appliedNumber);
    this.#output.send(this.peer, 'applied', body);
  }
}

/** Does the table hold the same entries of `peer` as `theirs` says of the same moment? */
function agrees(table: Table, peer: StreamPeer, theirs: ScopeDigest): boolean {
  const ours = table.digest(peer.incarnation);
  return ours.count === theirs.count && ours.hashHigh === theirs.hashHigh && ours.hashLow === theirs.hashLow;
}
