import type { OnOutcome, PendingRequest, RequestOutcome } from './transport';

interface Pending {
  readonly onOutcome: OnOutcome;
  /** None for a request whose caller keeps the time limit itself. */
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * Keeps the unfinished requests of one connection, by the subject of their answer. With one subscription for all answers it
 * replaces the requests of the NATS clients, which do not let the caller choose that subject.
 */
export class PendingRequests {
  /** Messages that ended no request. */
  strays = 0;
  readonly #pending = new Map<string, Pending>();

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Adds a request.
   *
   * @param timeoutMs When it ends as `timeout`; `Infinity`: never. Its timer does not keep the Node.js process alive.
   * @param onOutcome Called once, and before that for each answer that it does not accept. It must not throw.
   */
  add(reply: string, timeoutMs: number, onOutcome: OnOutcome): PendingRequest {
    const expire = (): void => void this.#end(reply, { type: 'timeout' });
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

  /**
   * Ends a request with its answer, if that is accepted. Counts and drops anything else. A field, because it is passed on as a
   * function.
   */
  readonly answer = (subject: string, bytes: Uint8Array): void => {
    const pending = this.#pending.get(subject);
    if (pending?.onOutcome({ type: 'answer', subject, bytes }) !== true) {
      this.strays += 1;
      return;
    }
    // It may be over already: an outcome may cancel its request, or close the connection.
    if (this.#pending.get(subject) === pending) this.#pending.delete(subject);
    clearTimeout(pending.timer);
  };

  /** Ends a request to whose subject nobody is subscribed, as the broker reports. @returns Whether there is one */
  noResponders(reply: string): boolean {
    return this.#end(reply, { type: 'no-responders' });
  }

  /** Ends all requests as timed out. */
  close(): void {
    // A copy, because an outcome may lead to another request.
    for (const reply of Array.from(this.#pending.keys())) this.#end(reply, { type: 'timeout' });
  }

  #end(reply: string, outcome: RequestOutcome): boolean {
    const pending = this.#pending.get(reply);
    if (pending === undefined) return false;
    this.#pending.delete(reply);
    clearTimeout(pending.timer);
    pending.onOutcome(outcome);
    return true;
  }
}
