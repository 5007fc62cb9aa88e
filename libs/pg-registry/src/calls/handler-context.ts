import { CallTimeoutError, type Pid, quoteText } from '../term';
import type { CallContext, CallHeaders, TraceContext } from './call-context';
import type { HandlerOutcome, Message } from './message';

/** The context of one run of a handler. The signal and its timer are made when the handler reads `signal`: few do. */
export class HandlerContext implements CallContext {
  readonly #message: Message;
  #controller: AbortController | undefined;
  #headers: CallHeaders | undefined;
  #abortReason: Error | undefined;
  #finished = false;
  #cancelTimer: (() => void) | undefined;

  constructor(message: Message) {
    this.#message = message;
  }

  get caller(): Pid {
    return this.#message.caller;
  }

  get trace(): TraceContext | undefined {
    return this.#message.trace;
  }

  get headers(): CallHeaders {
    const { headers, trace } = this.#message;
    if (trace === undefined) return headers;
    const { traceparent, tracestate } = trace;
    this.#headers ??= Object.freeze({ ...headers, traceparent, ...(tracestate ? { tracestate } : {}) });
    return this.#headers;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      // The caller cancels at its deadline, too; this is for a cancel frame that does not arrive.
      else if (!this.#finished) {
        this.#cancelTimer = this.#message.deadline?.onPassed(() => this.abort(timedOut()));
      }
    }
    return this.#controller.signal;
  }

  /** Tells the handler that nobody waits any more. Only the first reason counts. */
  abort(reason: Error): void {
    if (this.#finished || this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#cancelTimer?.();
    this.#controller?.abort(reason);
  }

  /**
   * The handler has finished; the signal does not abort any more.
   *
   * @returns What the caller gets: its time-out, if the signal said that its time limit had passed. Its own timer may be later by a
   *   moment, and it must not be told `ok` of what the handler broke off.
   */
  finish(outcome: HandlerOutcome): HandlerOutcome {
    this.#finished = true;
    this.#cancelTimer?.();
    return this.#abortReason?.name === 'TimeoutError' ? ranTooLong(this.#message) : outcome;
  }
}

function ranTooLong({ name }: Message): HandlerOutcome {
  const why = `${quoteText(name)} ended after its time limit. The call may have been executed.`;
  return { type: 'error', error: new CallTimeoutError(why), executed: true };
}

/** Returns why a signal aborts when the deadline passes: what `AbortSignal.timeout` gives. */
export function timedOut(): Error {
  return new DOMException('The caller waits no longer: its time limit has passed.', 'TimeoutError');
}

/** Returns why a signal aborts when the caller cancelled. */
export function cancelled(message: string): Error {
  return new DOMException(message, 'AbortError');
}
