import {
  CallTimeoutError,
  MailboxFullError,
  ProcessExitedError,
  quoteText,
  ReentrantCallError,
} from '../../term';
import type { LocalProcess } from '../../lifetime';
import type { HandlerOutcome, Message } from '../message';
import type { CallChain } from './call-chain';

/** The error for a call that would wait for its own process. */
export function reentrant({ pid }: LocalProcess, name: string, chain: CallChain): ReentrantCallError {
  const others = chain.length - 1;
  const how =
    others === 0 ? 'itself' : `itself through ${others} other ${others === 1 ? 'process' : 'processes'}`;
  return new ReentrantCallError(
    `${pid} called ${how} (${quoteText(name)}) while it starts or handles a message. It handles one at a time, so the call ` +
      'would wait for itself until its time limit. Use the method directly, or cast. Nothing was executed.',
  );
}

/** The outcome of a message whose time limit passed while it waited. */
export function overdue({ pid }: LocalProcess, { name }: Message): HandlerOutcome {
  const why = `${quoteText(name)} waited for ${pid} until its time limit; it was not executed.`;
  return { type: 'error', error: new CallTimeoutError(why), executed: false };
}

/** The error for a message of a process that has ended. */
export function exited({ pid, reason }: LocalProcess, mayHaveExecuted: boolean): ProcessExitedError {
  const what = mayHaveExecuted
    ? 'while it handled the call, which may have been executed'
    : 'before it handled the call';
  return new ProcessExitedError(`${pid} ended ${what}.`, { pid, reason, mayHaveExecuted });
}

/** Why a full mailbox does not take a message, or gives its place to that of another node. */
export function full({ pid }: LocalProcess, capacity: number, { name }: Message): MailboxFullError {
  return new MailboxFullError(
    `The mailbox of ${pid} is full: ${capacity} messages wait. ${quoteText(name)} was not taken.`,
  );
}
