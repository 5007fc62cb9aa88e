import type { Diff } from '../table';
import { Writer } from '../wire';
import { FULL_BODY_BYTES, joinBody, MAX_HEAD_BYTES, startBody, TAG, writeTail } from './body';
import type { ReplicationBudget } from './budget';
import { DeltaWriter } from './delta';
import type { StreamOutput } from './stream-output';
import { OperationRing } from './operation-ring';
import { writeOperation } from './operation-body';
import { RepairResponder } from './repair-responder';
import type { StreamDeps } from './stream-deps';

/**
 * A frame counts as recent for this many milliseconds. A stream without a recent frame sends in the call that writes, which is
 * faster than at the end of the turn.
 */
const FRAME_MS = 1;
/**
 * While this many are recent, frames leave when the turn is over. Code that registers, waits for the answer and registers again would
 * otherwise wait for {@link COALESCE_MS} each time.
 */
const FRAMES_IN_A_ROW = 8;
/** Beyond that, operations wait for each other at most this long. */
const COALESCE_MS = 5;
/** How long after the last operation its number is sent again. */
const TAIL_MS = [20, 100, 400, 1600] as const;

/**
 * The own operations of one run of a scope, on their way out.
 *
 * Every operation gets the next number and then goes through these stages:
 *
 *     unsent   a reference to its diff, while the connection is not open or earlier ones still wait
 *     batch    encoded behind others, for at most 5 ms or 64 KB
 *     ring     sent, and kept for repair while there is memory
 *     gone     only counted
 *
 * The stages hold consecutive numbers: ring.end … batch … unsent … last, without a gap. Nothing is encoded or kept while nobody
 * follows: a peer that comes later syncs. When an operation cannot be kept, because too many wait or it is larger
 * than `maxOpBytes`, the stream *collapses*: all stages are emptied, and only the number of the last operation is sent.
 * Peers find that they lag behind what can be repaired, and sync.
 *
 * A lost frame is noticed by the number of the next one. After the last operation there is no next one, so its number is sent
 * again after 20, 100, 400 and 1,600 ms of quiet.
 *
 * Tolerated: what was given to the client just before it noticed that the connection is gone is lost, though it counts as sent;
 * it is in the ring, and numbers and digests after the reconnect show the gap.
 */
export class OutboundStream {
  readonly repair: RepairResponder;
  /** Number of the last own operation, sent or not. */
  last = 0;
  /** When what waits is to be sent, as soon as the connection is open; Infinity if everything has been given to the client. */
  flushAt = Infinity;
  /** When the number of the last operation is to be sent again; Infinity: not any more. */
  tailAt = Infinity;
  #isRecording = false;
  readonly #ring: OperationRing;
  #unsent: Diff[] = [];
  #batched = 0;
  readonly #batch = new Writer();
  readonly #deltas = new DeltaWriter();
  #sentAt = -Infinity;
  /** When no frame counts any more. */
  #idleFrom = -Infinity;
  /** The moment from which the steps of the tail are counted, and the next of them. */
  #tailFrom = -Infinity;
  #tailStep = 0;

  readonly #run: number;
  readonly #budget: ReplicationBudget;
  readonly #output: StreamOutput;
  readonly #scratch: Writer;

  constructor(deps: StreamDeps) {
    this.#run = deps.run;
    this.#budget = deps.budget;
    this.#output = deps.output;
    this.#scratch = deps.scratch;

    this.#ring = new OperationRing(deps.budget.ring, 1);
    this.repair = new RepairResponder(deps, this.#ring);
  }

  /** Whether anybody follows this stream. A new follower, and all others with it, soon hears where the stream ends: it may have missed what was not kept. */
  follow(isFollowed: boolean, now: number): void {
    if (isFollowed !== this.#isRecording) {
      this.#isRecording = isFollowed;
      this.#forget();
    }
    if (isFollowed && this.last > 0) this.#startTail(now);
  }

  /** Numbers operations that no peer will ask for. */
  count(operations: number): void {
    this.last += operations;
    this.#ring.restart(this.last + 1);
  }

  /** Numbers the operation and takes it in. Its table has already changed; somebody follows. */
  write(diff: Diff, now: number): void {
    this.last += 1;
    if (this.#unsent.length > 0 || !this.#budget.open) this.#postpone(diff, now);
    else this.#encode(diff, now);
    if (this.flushAt !== Infinity || this.#ring.end > this.last) return; // it is due already, or has left in a full frame
    const counting = (this.#idleFrom - now) / FRAME_MS;
    if (counting <= 0) this.flush(now);
    else this.flushAt = counting > FRAMES_IN_A_ROW - 1 ? this.#sentAt + COALESCE_MS : now;
  }

  /** Sends what waits, as far as the connection takes it. */
  flush(now: number): void {
    while (this.#budget.open) {
      this.#sendBatch(now);
      if (this.#unsent.length === 0) break;
      this.#encodeUnsent(now);
    }
    this.flushAt = this.#ring.end > this.last ? Infinity : now;
  }

  tick(now: number): void {
    if (!this.#budget.open) return;
    if (this.flushAt <= now) this.flush(now);
    if (this.tailAt > now) return;
    // Steps that a long turn has skipped are skipped.
    while (this.tailAt <= now) {
      this.#tailStep += 1;
      this.tailAt = this.#tailFrom + (TAIL_MS[this.#tailStep] ?? Infinity);
    }
    this.#output.broadcast(writeTail(this.#scratch, this.#run, this.repair.tail()));
  }

  /** The connection is back: a peer that missed the last operations must hear of them though nothing new is written. */
  connected(now: number): void {
    if (this.#isRecording && this.last > 0) this.#startTail(now);
  }

  /** Bodies may be larger or smaller from now on. Forgets sent operations whose bodies could not be sent again: peers that miss them sync. */
  limited(now: number): void {
    this.#ring.dropLargerThan(this.#budget.maxBodyBytes);
    if (this.#batch.length <= this.#budget.maxBodyBytes - MAX_HEAD_BYTES) return;
    // Operations of one batch share what was written once, so it cannot be divided any more.
    if (this.#batched > 1) this.#collapse(now, 'the server takes smaller messages now');
    else this.#sendInParts(now);
  }

  /** Gives back all memory. */
  stop(): void {
    this.#isRecording = false;
    this.#forget();
  }

  #postpone(diff: Diff, now: number): void {
    this.#unsent.push(diff);
    if ((this.#budget.unsentOperations += 1) > this.#budget.options.maxUnsentOps)
      this.#collapse(now, 'too many operations wait');
  }

  #encodeUnsent(now: number): void {
    let taken = 0;
    while (taken < this.#unsent.length && this.#batch.length < FULL_BODY_BYTES && this.#budget.open) {
      this.#encode(this.#unsent[taken++], now);
    }
    // If the stream collapsed over one of them, the list is a new, empty one.
    this.#budget.unsentOperations -= this.#unsent.splice(0, taken).length;
  }

  /** Encodes the operation after the batch into it, and sends what is full. */
  #encode(diff: Diff, now: number): void {
    const before = this.#batch.length;
    writeOperation(this.#batch, diff, this.#deltas);
    this.#batched += 1;
    const most = this.#budget.maxBodyBytes - MAX_HEAD_BYTES;
    if (this.#batch.length > most && this.#batched > 1) {
      this.#batch.truncate(before);
      this.#batched -= 1;
      this.#sendBatch(now);
      writeOperation(this.#batch, diff, this.#deltas);
      this.#batched = 1;
    }
    if (this.#batch.length > most) this.#sendInParts(now);
    else if (this.#batch.length >= FULL_BODY_BYTES) this.#sendBatch(now);
  }

  #sendBatch(now: number): void {
    if (this.#batched === 0) return;
    startBody(this.#scratch, TAG.ops, this.#run);
    this.#scratch.uint(this.#ring.end);
    this.#scratch.uint(this.#batched);
    const body = joinBody(this.#scratch, this.#batch.view());
    this.#ring.add(this.#ring.end + this.#batched - 1, body);
    this.#output.count('operations-out', this.#batched);
    this.#emptyBatch();
    this.#send([body], now);
  }

  /** The batch is one operation, larger than a frame. */
  #sendInParts(now: number): void {
    if (this.#batch.length > this.#budget.options.maxOpBytes) {
      return this.#collapse(now, `an operation of ${this.#batch.length} bytes is larger than maxOpBytes`);
    }
    const whole = this.#batch.view();
    const size = this.#budget.maxBodyBytes - MAX_HEAD_BYTES;
    const parts = Math.ceil(whole.length / size);
    const bodies = Array.from({ length: parts }, (_, index) => {
      startBody(this.#scratch, TAG.part, this.#run);
      this.#scratch.uint(this.#ring.end);
      this.#scratch.uint(index);
      this.#scratch.uint(parts);
      return joinBody(this.#scratch, whole.subarray(index * size, (index + 1) * size));
    });
    this.#ring.addParts(bodies);
    this.#output.count('operations-out');
    this.#emptyBatch();
    this.#send(bodies, now);
  }

  #send(bodies: readonly Uint8Array[], now: number): void {
    for (const body of bodies) {
      this.#output.broadcast(body);
      this.#budget.published(body.length);
    }
    this.flushAt = Infinity;
    this.#sentAt = now;
    this.#idleFrom = Math.max(this.#idleFrom, now) + FRAME_MS;
    this.#startTail(now);
  }

  #startTail(now: number): void {
    this.#tailFrom = now;
    this.#tailStep = 0;
    this.tailAt = now + TAIL_MS[0];
  }

  #collapse(now: number, why: string): void {
    this.#forget();
    this.#startTail(now);
    this.#output.count('collapses');
    this.#output.warn('collapsed', `Peers must sync with this node again: ${why}.`);
  }

  /** Empties all stages: operations up to the last are only counted from now on. */
  #forget(): void {
    this.#budget.unsentOperations -= this.#unsent.length;
    this.#unsent = [];
    this.#emptyBatch();
    this.#ring.restart(this.last + 1);
    this.flushAt = Infinity;
    this.tailAt = Infinity;
  }

  #emptyBatch(): void {
    this.#batch.reset();
    this.#batched = 0;
    this.#deltas.reset();
  }
}
