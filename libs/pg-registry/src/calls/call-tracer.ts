import type { Pid } from '../term';
import type { TraceContext } from './call-context';
import type { Message } from './delivery';
import type { Via } from './via';

/**
 * Who records calls as spans. What it knows of tracing stays with it: a node without one pays a comparison with `undefined`
 * for each call and each message.
 */
export interface CallTracer {
  /**
   * The running code asks or tells somebody something.
   *
   * @param name The handler's; empty for a message.
   * @param parent What the caller named as its trace; else the tracer's own idea of what is current holds.
   * @returns Undefined if nothing is recorded, and `parent` is what travels.
   */
  outgoing(
    kind: Message['kind'],
    name: string,
    to: Pid | Via,
    parent: TraceContext | undefined,
  ): OutgoingSpan | undefined;
  /** A handler is about to be run. The message may come from this node or another one. @returns Undefined if nothing is recorded. */
  incoming(
    message: Message,
    process: { readonly pid: Pid; readonly label: string | undefined },
  ): HandlerSpan | undefined;
}

/** One call, cast or message, from its beginning to its outcome, on the asking side. */
export interface OutgoingSpan {
  /** What travels with the message, so that what the other side records belongs to this. */
  readonly trace: TraceContext | undefined;
  /** This process is asked; said again when another one is asked after it. */
  asked(pid: Pid): void;
  end(): void;
  /** It failed, or was not delivered. */
  fail(error: unknown): void;
}

/** One run of a handler. */
export interface HandlerSpan {
  /** Runs the handler so that what it records belongs to this, across its awaits. */
  run<T>(handler: () => T): T;
  end(): void;
  fail(error: unknown): void;
}
