import type { PendingRequest, RequestOutcome } from './transport';

interface Pending {
  readonly onOutcome: (outcome: RequestOutcome) => void;
  /** None for a request whose time the caller keeps. */
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * The requests of one connection that wait for their end, by the subject of their answer. One subscription for all answers
 * and this table replace the clients' own requests, which do not let the caller choose the subject of the answer.
 */
export class PendingRequests {
  readonly #pending = new Map<string, Pending>();

  get size(): number {
    return this.#pending.size;
  }

  /** Adds a request; `onOutcome` must not throw. */
  add(
    reply: string,
    { timeoutMs }: { readonly timeoutMs: number },
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest {
    const expire = (): void => this.#end(reply, { type: 'timeout' });
    const timer = timeoutMs === Infinity ? undefined : setTimeout(expire, timeoutMs).unref();
    const pending: Pending = { onOutcome, timer };
    this.#pending.set(reply, pending);
    return {
      cancel: () => {
        clearTimeout(timer);
        if (this.#pending.get(reply) === pending) this.#pending.delete(reply);
      },
    };
  }

  /** An answer has come. One to a request that has ended, or that nobody made, is dropped. */
  answer(subject: string, bytes: Uint8Array): void {
    this.#end(subject, { type: 'answer', subject, bytes });
  }

  /** The broker has said that nobody is subscribed to the subject of the request. */
  noResponders(reply: string): void {
    this.#end(reply, { type: 'no-responders' });
  }

  /** Ends all of them as timed out. */
  close(): void {
    // A copy: an outcome may lead to another request.
    for (const reply of Array.from(this.#pending.keys())) this.#end(reply, { type: 'timeout' });
  }

  #end(reply: string, outcome: RequestOutcome): void {
    const pending = this.#pending.get(reply);
    if (pending === undefined) return;
    this.#pending.delete(reply);
    clearTimeout(pending.timer);
    pending.onOutcome(outcome);
  }
}
