import type { Observable, Subscription } from 'rxjs';
import { MailboxFullError, ValueTooLargeError } from '../term';
import { plainPayload } from './payload';
import { type Answer, WINDOW } from './rpc-message';

/** Values that wait for a caller which takes them more slowly than they come; beyond it the stream fails. */
export const MAX_WAITING = 65_536;

/** How a stream ended at its source. */
type End = 'running' | 'complete' | 'failed';

/** What a writer needs of its server. */
export interface WriterSurroundings {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Hands values to the caller. @throws ValueTooLargeError if they do not fit into one frame. */
  readonly send: (ahead: number, values: readonly unknown[]) => void;
  /** A later credit will be wanted; told before the first {@link send}. */
  readonly onStreaming: () => void;
}

/**
 * The answer to one request, at its owner: an Observable on its way to the caller.
 *
 *     next ─► waiting ── credit, at the end of the turn ──► ahead, as batches        complete ─► the last value is the answer
 *
 * What completes in the turn in which it emits one value, as every handler without an Observable does, is a single answer.
 */
export class ReplyWriter {
  #waiting: unknown[] = [];
  #ahead = 0;
  #allowed = WINDOW;
  #end: End = 'running';
  readonly #errors: unknown[] = [];
  #flushScheduled = false;
  #subscription: Subscription | undefined;
  #settle!: { resolve(answer: unknown): void; reject(error: unknown): void };

  readonly #surroundings: WriterSurroundings;

  constructor(surroundings: WriterSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Subscribes to the source, and resolves with the {@link Answer}, its parts not yet in normal form. */
  async write(source: Observable<unknown>): Promise<unknown> {
    const { signal } = this.#surroundings;
    signal.throwIfAborted();
    const onAbort = (): void => this.#abandon(signal.reason);
    const answer = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#subscription = source.subscribe({
      next: (value) => this.#next(value),
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#finish('complete'),
    });
    // Failed within subscribe(): there was no subscription to end yet.
    if (this.#end !== 'running') this.#subscription.unsubscribe();
    return answer.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** The caller takes values up to this one. Earlier ones that come late change nothing. */
  allow(upTo: number): void {
    this.#allowed = Math.max(this.#allowed, upTo);
    this.#flush();
  }

  #next(value: unknown): void {
    if (this.#end !== 'running') return;
    if (this.#waiting.length >= MAX_WAITING) {
      return this.#abandon(
        new MailboxFullError(`The caller is ${MAX_WAITING} values behind the stream; the stream was ended.`),
      );
    }
    this.#waiting.push(value);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #fail(error: unknown): void {
    this.#errors.push(error ?? { status: 'error', message: String(error) });
    this.#finish('failed');
  }

  #finish(end: End): void {
    if (this.#end !== 'running') return;
    this.#end = end;
    this.#flush();
  }

  /** Sends what the caller takes; at the end the last value stays here and becomes the answer. */
  #flush(): void {
    const stay = this.#end === 'running' ? 0 : 1;
    const count = Math.min(this.#waiting.length - stay, this.#allowed - this.#ahead);
    try {
      if (count > 0) {
        if (this.#ahead === 0) this.#surroundings.onStreaming();
        this.#send(this.#waiting.splice(0, count).map(plainPayload));
      }
      if (this.#end !== 'running' && this.#waiting.length <= 1) this.#settle.resolve(this.#answer());
    } catch (error) {
      // A value that cannot travel.
      this.#abandon(error);
    }
  }

  /** Values that are too much for one frame go in two; one that is too large by itself ends the stream. */
  #send(values: readonly unknown[]): void {
    try {
      this.#surroundings.send(this.#ahead, values);
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
      values: this.#waiting.map(plainPayload),
      errors: this.#errors.map(plainPayload),
    };
  }

  /** Ends the subscription; whoever still waits gets the error. */
  #abandon(error: unknown): void {
    this.#end = 'failed';
    this.#waiting = [];
    this.#subscription?.unsubscribe();
    this.#settle.reject(error);
  }
}
