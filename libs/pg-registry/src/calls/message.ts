import type { Pid, Value } from '../term';
import type { CallHeaders, TraceContext } from './call-context';
import type { CallDeadline } from './call-deadline';
import type { CallChain } from './delivery/call-chain';
import type { EntityAddress } from './destinations/entity-name';

/** A call waits for its answer, a cast does not. A message is what `send` sends: a cast without a name. */
export type MessageKind = 'call' | 'cast' | 'message';

/** What one process says to another. */
export interface Message {
  readonly kind: MessageKind;
  /** The handler's name; empty for a message. */
  readonly name: string;
  /** In normal form. */
  readonly payload: Value;
  /** The process that says it. */
  readonly caller: Pid;
  readonly headers: CallHeaders;
  readonly trace: TraceContext | undefined;
  /** Undefined if the caller waits for ever, or not at all. */
  readonly deadline: CallDeadline | undefined;
  /** The processes that wait for the call; undefined if none does, and for what is no call. */
  readonly chain: CallChain | undefined;
  /** The entity that it is for, if it is for one. */
  readonly entity: EntityAddress | undefined;
}

/** How the handling of a message ended. */
export type HandlerOutcome =
  | { readonly type: 'result'; readonly value: unknown }
  /** `executed` tells whether the handler may have begun. If not, another process may be asked without harm. */
  | { readonly type: 'error'; readonly error: unknown; readonly executed: boolean };

/** Gets the outcome of a message that it handed to a mailbox. */
export interface OutcomeReceiver {
  /** Called once per message, perhaps before the mailbox has returned from taking it. */
  settled(outcome: HandlerOutcome): void;
}

/** Something asked of a process, here or on another node. */
export interface Cancellable {
  /** Nobody waits for the outcome any more. Does nothing once it has settled. @param reason The handler's signal aborts with it. */
  cancel(reason: Error): void;
}
