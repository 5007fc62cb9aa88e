import type { Processes } from '../lifetime';
import type { HandlerRecording } from './call-tracer';
import type { CallsDeps } from './calls-deps';
import type { HandlerTurns } from './delivery/handler-turns';
import type { QueuedMessage } from './delivery/queued-message';

/** How a mailbox hands out messages. */
export interface MailboxOptions {
  /** One message at a time, in the order of arrival, like an Erlang process. Default: concurrently, like a controller. */
  readonly serial?: boolean | undefined;
  /** Whether a call that a serial process waits for itself is handled at once. Default: it is refused. */
  readonly isReentrant?: boolean | undefined;
  /** Messages that may wait; more are refused. Default 1,000. */
  readonly capacity?: number | undefined;
  /** Asked before each message is handed out: false keeps it, and ends the process. Default: nobody. */
  readonly mayHandOut?: (() => boolean) | undefined;
}

/** What mailboxes need of their node. */
export interface MailboxDeps {
  readonly processes: Processes;
  /** Returns a number in [0, 1) that nobody can guess. */
  readonly random: () => number;
  /** Records each run of a handler. */
  readonly meter: HandlerRecording;
  /** Told what a tracer threw, or the receiver of an outcome. */
  readonly onWarning: CallsDeps['onWarning'];
  readonly turns: HandlerTurns;
  /** Told of every message that is taken (+1) and of every one that is done with (−1). */
  readonly onLoad: (change: 1 | -1, queued: QueuedMessage) => void;
}
