import { Observable, type Subscription } from 'rxjs';
import type { SharedTurns } from '../lifetime';
import { MailboxFullError, ValueTooLargeError } from '../term';
import { plainPayload } from './payload';
import { subscribeTo } from './reply-source';
import { type Answer, WINDOW } from './rpc-message';
import { MOST_WAITING_BYTES, MOST_WAITING_OF_NODE, type StreamBacklog } from './stream-backlogs';
import { countExactly, LONG_TEXT, roughBytesOf, type WaitingValue } from './waiting-value';

/** How many values may wait for a caller that takes them more slowly than they come. With one more the stream fails. */
export const MAX_WAITING = 65_536;

/** So many bytes of values are sent in one step, as they are counted while they wait, or one value. */
const MOST_OF_BATCH = 131_072;

/** Whether and how the source has ended. */
type End = 'running' | 'complete' | 'failed';

/** What a writer needs of its server. */
export interface ReplyWriterDeps {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** The node of the caller. */
  readonly node: string;
  /** When values are sent. */
  readonly turns: SharedTurns;
  /** What waits for the node. */
  readonly backlog: StreamBacklog;
  /** Sends values to the caller. @throws ValueTooLargeError if they do not fit into one frame. */
  readonly send: (ahead: number, values: readonly unknown[]) => void;
  /** Called before the first {@link send}: from now on the writer needs the caller's credit. */
  readonly onStreaming: () => void;
  /** Told of what the source threw when its subscription was ended. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the answer to one request, at the owner: sends the values of an Observable to the caller.
 *
 *     next ─► waiting ── credit, the turn has time ──► ahead, as batches        complete ─► the last value is the answer
 *
 * An Observable that completes in the turn in which it emits its only value becomes a single answer, as does a handler without Observable.
 */
export class ReplyWriter {
  #waiting: WaitingValue[] = [];
  /** How many of them, the first ones, are counted exactly. */
  #counted = 0;
  #ahead = 0;
  #allowed = WINDOW;
  #end: End = 'running';
  readonly #errors: unknown[] = [];
  #flushScheduled = false;
  #subscription: Subscription | undefined;
  #settle!: { resolve(answer: unknown): void; reject(error: unknown): void };

  readonly #deps: ReplyWriterDeps;

  constructor(deps: ReplyWriterDeps) {
    this.#deps = deps;
  }

  /** Subscribes to the source, and resolves with the {@link Answer}, whose parts are not in normal form yet. */
  async write(source: Observable<unknown>): Promise<unknown> {
    const { signal } = this.#deps;
    signal.throwIfAborted();
    const onAbort = (): void => this.#abandon(signal.reason);
    const answer = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    signal.addEventListener('abort', onAbort, { once: true });
    // Inside of an Observable, so that the subscription is there before the first value: a source that emits many at once can be ended among them.
    new Observable((subscriber) => {
      this.#subscription = subscriber;
      subscribeTo(source, subscriber, this.#deps.onError);
    }).subscribe({
      next: (value) => this.#next(value),
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#finish('complete'),
    });
    return answer.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Takes the caller's credit. A smaller one that comes late changes nothing, and none allows more than {@link WINDOW} beyond what was sent. */
  allow(upTo: number): void {
    this.#allowed = Math.max(this.#allowed, Math.min(upTo, this.#ahead + WINDOW));
    this.#flushInTurn();
  }

  #next(value: unknown): void {
    if (this.#end !== 'running') return;
    try {
      this.#keep(value);
    } catch (error) {
      // It has no plain payload, or too much waits.
      return this.#abandon(error);
    }
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flushInTurn();
      this.#countInTurn();
    });
  }

  /** @throws MailboxFullError if it is more than may wait; InvalidValueError for a payload that contains itself */
  #keep(value: unknown): void {
    const { backlog } = this.#deps;
    if (backlog.waiting >= MOST_WAITING_OF_NODE)
      throw full(`The callers of one node are ${MOST_WAITING_OF_NODE} values behind their streams`);
    if (this.#waiting.length >= MAX_WAITING)
      throw full(`The caller is ${MAX_WAITING} values behind the stream`);
    const payload = plainPayload(value);
    const bytes = roughBytesOf(payload);
    // A single value has room however large it is: it may be the answer.
    if (backlog.bytes > 0 && backlog.bytes + bytes > MOST_WAITING_BYTES)
      throw full(`The callers of one node are ${MOST_WAITING_BYTES} bytes behind their streams`);
    if (bytes <= LONG_TEXT && this.#counted === this.#waiting.length) this.#counted += 1;
    this.#waiting.push({ payload, bytes });
    this.#deps.turns.count(bytes);
    backlog.waiting += 1;
    backlog.bytes += bytes;
  }

  #fail(error: unknown): void {
    this.#errors.push(error ?? { status: 'error', message: String(error) });
    this.#finish('failed');
  }

  #finish(end: End): void {
    if (this.#end !== 'running') return;
    this.#end = end;
    // A single answer needs no turn: it is encoded when it is sent.
    if (this.#waiting.length <= 1) this.#flush();
    else this.#flushInTurn();
  }

  #flushInTurn(): void {
    if (this.#sendable > 0) this.#deps.turns.run(this.#deps.node, this.#flush);
  }

  /** How many values the caller takes of those that wait. At the end the last one is not sent ahead. */
  get #sendable(): number {
    const stay = this.#end === 'running' ? 0 : 1;
    return Math.min(this.#waiting.length - stay, this.#allowed - this.#ahead);
  }

  /** Sends a batch of values. At the end the last value becomes the answer. A field: its place among the steps of the node is by identity. */
  readonly #flush = (): void => {
    try {
      const count = this.#batch();
      if (count > 0) {
        if (this.#ahead === 0) this.#deps.onStreaming();
        const taken = this.#take(count);
        for (const { bytes } of taken) this.#deps.turns.count(bytes);
        this.#send(taken.map(({ payload }) => payload));
      }
      if (this.#end !== 'running' && this.#waiting.length <= 1) {
        const answer = this.#answer();
        this.#take(this.#waiting.length);
        this.#settle.resolve(answer);
      }
    } catch (error) {
      // A value has no normal form, or is too large.
      return this.#abandon(error);
    }
    this.#flushInTurn();
  };

  #countInTurn(): void {
    const { turns, node } = this.#deps;
    if (this.#counted < this.#waiting.length) turns.later(node, this.#count);
  }

  /** Counts some of the values that wait exactly: most of those that the caller takes are sent before their turn comes. A field, as {@link #flush}. */
  readonly #count = (): void => {
    const { backlog, turns } = this.#deps;
    let bytes = 0;
    while (this.#counted < this.#waiting.length && bytes < MOST_OF_BATCH) {
      const waiting = this.#waiting[this.#counted];
      this.#counted += 1;
      backlog.bytes += countExactly(waiting);
      bytes += waiting.bytes;
    }
    turns.count(bytes);
    this.#countInTurn();
  };

  /** How many values may be sent in one step: what is encoded at once must not hold the node. */
  #batch(): number {
    const most = this.#sendable;
    let bytes = 0;
    for (let count = 0; count < most; count += 1) {
      bytes += this.#waiting[count].bytes;
      if (bytes > MOST_OF_BATCH) return Math.max(count, 1);
    }
    return most;
  }

  /** Sends values in halves if they are too large for one frame. A single value that is too large ends the stream. */
  #send(values: readonly unknown[]): void {
    try {
      this.#deps.send(this.#ahead, values);
      this.#ahead += values.length;
    } catch (error) {
      if (!(error instanceof ValueTooLargeError) || values.length === 1) throw error;
      const half = Math.ceil(values.length / 2);
      this.#send(values.slice(0, half));
      this.#send(values.slice(half));
    }
  }

  #answer(): { readonly [Part in keyof Answer]: unknown } {
    return {
      ahead: this.#ahead,
      values: this.#waiting.map(({ payload }) => payload),
      errors: this.#errors.map(plainPayload),
    };
  }

  /** Runs the source's teardown. Called by the listener of a signal, where what it throws would end the Node.js process. */
  #unsubscribe(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch (error) {
      this.#deps.onError(error);
    }
  }

  /** Takes the first values out of those that wait. */
  #take(count: number): readonly WaitingValue[] {
    const { backlog } = this.#deps;
    const taken = this.#waiting.splice(0, count);
    this.#counted = Math.max(0, this.#counted - count);
    backlog.waiting -= count;
    for (const { bytes } of taken) backlog.bytes -= bytes;
    return taken;
  }

  /** Ends the subscription, and rejects the answer. */
  #abandon(error: unknown): void {
    const { turns, node } = this.#deps;
    this.#end = 'failed';
    turns.drop(node, this.#flush);
    turns.drop(node, this.#count);
    this.#take(this.#waiting.length);
    this.#settle.reject(error);
    this.#unsubscribe();
  }
}

function full(why: string): MailboxFullError {
  return new MailboxFullError(`${why}, which is the limit. The stream was ended.`);
}
