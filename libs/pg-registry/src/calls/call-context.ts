import type { Pid } from '../term';
import type { Timers } from '../lifetime';

/** W3C trace context, carried along with calls. */
export interface TraceContext {
  /** W3C's header of that name: trace, span and flags. */
  readonly traceparent: string;
  /** W3C's header of that name: what vendors add. */
  readonly tracestate?: string | undefined;
}

/** Headers of a call: short strings beside the payload. */
export type CallHeaders = Readonly<Record<string, string>>;

/** What a handler is told beside the payload. */
export interface CallContext {
  /** The process that asks: that in whose context `call`, `cast` or `send` was used. */
  readonly caller: Pid;
  /** What the caller gave, and `traceparent` and `tracestate` if there is a trace. */
  readonly headers: CallHeaders;
  /** Aborts when nobody waits for the answer any more: cancelled, timed out, the caller's node lost, the process ended. */
  readonly signal: AbortSignal;
  /** The trace that the caller is part of, if there is one. */
  readonly trace: TraceContext | undefined;
}

/** What a {@link HandlerContext} is made from. */
export interface ContextFields {
  readonly caller: Pid;
  readonly headers: CallHeaders;
  readonly trace: TraceContext | undefined;
  /** When the caller gives up, in the time of {@link Timers}; Infinity for what is not waited for. */
  readonly deadline: number;
}

/** The context of one delivery. The signal and its timer come into being when a handler looks at it: few do. */
export class HandlerContext implements CallContext {
  readonly #fields: ContextFields;
  readonly #timers: Timers;
  #controller: AbortController | undefined;
  #headers: CallHeaders | undefined;
  #abortReason: Error | undefined;
  #finished = false;
  #cancelTimer: (() => void) | undefined;

  constructor(fields: ContextFields, timers: Timers) {
    this.#fields = fields;
    this.#timers = timers;
  }

  get caller(): Pid {
    return this.#fields.caller;
  }

  get trace(): TraceContext | undefined {
    return this.#fields.trace;
  }

  get headers(): CallHeaders {
    const { headers, trace } = this.#fields;
    if (trace === undefined) return headers;
    const { traceparent, tracestate } = trace;
    this.#headers ??= Object.freeze({ ...headers, traceparent, ...(tracestate ? { tracestate } : {}) });
    return this.#headers;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      else if (!this.#finished && this.#fields.deadline !== Infinity) this.#armDeadline();
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

  /** The handler is done; the signal will not abort any more. */
  finish(): void {
    this.#finished = true;
    this.#cancelTimer?.();
  }

  /** The caller cancels at its deadline, too; this is for a caller whose word does not arrive. */
  #armDeadline(): void {
    const left = Math.max(0, this.#fields.deadline - this.#timers.now());
    this.#cancelTimer = this.#timers.setTimer(left, () => this.abort(timedOut()));
  }
}

/** Why a signal aborts when the caller's time is up: what `AbortSignal.timeout` gives. */
export function timedOut(): Error {
  return new DOMException('The caller waits no longer: its time limit has passed.', 'TimeoutError');
}

/** Why a signal aborts when the caller cancelled. */
export function cancelled(message: string): Error {
  return new DOMException(message, 'AbortError');
}
