import type { Pid } from '../term';
import type { TraceContext } from './call-context';
import type { MessageKind } from './message';
import type { ClusterName } from './destinations/cluster-name';
import type { EntityName } from './destinations/entity-name';
import type { Via } from './via';

/**
 * Records calls as spans. Everything about tracing is behind this port: without one, each call and each message costs a
 * comparison with `undefined`.
 */
export interface CallTracer {
  /**
   * The running code calls, casts or sends.
   *
   * @param name The handler's; empty for a message.
   * @param parent The trace that the caller named; otherwise the tracer decides which one is current.
   * @returns Undefined if nothing is recorded, and `parent` is what travels.
   */
  outgoing(
    kind: MessageKind,
    name: string,
    to: Pid | Via | ClusterName | EntityName,
    parent: TraceContext | undefined,
  ): OutgoingSpan | undefined;
  /** A handler is about to run. @returns Undefined if nothing is recorded. */
  incoming(
    message: TracedMessage,
    process: { readonly pid: Pid; readonly label: string | undefined },
  ): HandlerSpan | undefined;
}

/** Says what records the runs of handlers. */
export interface HandlerRecording {
  /** It is asked for a span as things stand when a handler is about to run; undefined if nothing is recorded. */
  readonly tracer: Pick<CallTracer, 'incoming'> | undefined;
}

/** What a tracer sees of a message that a handler is about to get. */
export interface TracedMessage {
  /** Whether it is a call, a cast, or a message of `send`. */
  readonly kind: MessageKind;
  /** The handler's; empty for a message. */
  readonly name: string;
  /** The process that sent it, on this node or another. */
  readonly caller: Pid;
  /** The trace that it belongs to. */
  readonly trace: TraceContext | undefined;
}

/** One call, cast or message, from its beginning to its outcome, on the caller's side. */
export interface OutgoingSpan {
  /** Travels with the message, so that what the other side records belongs to this. */
  readonly trace: TraceContext | undefined;
  /** This process is asked; called again when another one is asked after it. */
  asked(pid: Pid): void;
  /** It ended well. */
  end(): void;
  /** It failed, or was not delivered. */
  fail(error: unknown): void;
}

/** One run of a handler. */
export interface HandlerSpan {
  /** Runs the handler so that what it records belongs to this, across its awaits. */
  run<T>(handler: () => T): T;
  /** The handler returned. */
  end(): void;
  /** The handler threw, or its process ended. */
  fail(error: unknown): void;
}
