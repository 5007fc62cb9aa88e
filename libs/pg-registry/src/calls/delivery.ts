import type { Value } from '../term';
import { type ContextFields, HandlerContext } from './call-context';
import type { HandlerSpan } from './call-tracer';
import type { Timers } from '../lifetime';

/** What is handed to a process; the payload is in normal form. */
export interface Message extends ContextFields {
  readonly kind: 'call' | 'cast' | 'message';
  /** The handler's name; empty for a message. */
  readonly name: string;
  readonly payload: Value;
}

/** How the handling of a message ended. */
export type Answer =
  | { readonly type: 'result'; readonly value: unknown }
  /** `executed`: whether the handler may have begun. If not, somebody else may be asked without harm. */
  | { readonly type: 'error'; readonly error: unknown; readonly executed: boolean };

/** A message on its way through a mailbox. It is answered exactly once. */
export class Delivery {
  readonly message: Message;
  readonly context: HandlerContext;
  /** Of the run of its handler, if that is recorded. */
  span: HandlerSpan | undefined;
  #settle: ((answer: Answer) => void) | undefined;

  constructor(message: Message, timers: Timers, settle: (answer: Answer) => void) {
    this.message = message;
    this.context = new HandlerContext(message, timers);
    this.#settle = settle;
  }

  /** Gives the answer; only the first one counts. */
  settle(answer: Answer): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(answer);
  }
}
