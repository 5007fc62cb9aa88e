import type { Pid } from '../term';

/** W3C trace context, carried along with calls. */
export interface TraceContext {
  /** W3C's header of that name: trace, span and flags. */
  readonly traceparent: string;
  /** W3C's header of that name: what vendors add. */
  readonly tracestate?: string | undefined;
}

/** Headers of a call: short strings beside the payload. */
export type CallHeaders = Readonly<Record<string, string>>;

/** The headers of a call without any. */
export const NO_HEADERS: CallHeaders = Object.freeze({});

/** What a handler gets beside the payload. */
export interface CallContext {
  /** The process that asks: the one that ran when `call`, `cast` or `send` was used. */
  readonly caller: Pid;
  /** The caller's headers, and `traceparent` and `tracestate` if there is a trace. */
  readonly headers: CallHeaders;
  /**
   * Aborts when nobody waits for the answer any more: the call was cancelled or timed out, the caller's node was lost, or the
   * process ended.
   */
  readonly signal: AbortSignal;
  /** The trace that the caller is part of, if there is one. */
  readonly trace: TraceContext | undefined;
}
