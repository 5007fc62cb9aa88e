import {
  CallTimeoutError,
  EntityElsewhereError,
  NodeDownError,
  ProcessExitedError,
  type Pid,
  type Value,
  quoteText,
} from '../term';
import { LimitedWait, type TimeLimits } from '../lifetime';
import type { Reply } from './frames/call-frames';
import type { CheckedOptions } from './call-options';
import type { CallsDeps } from './calls-deps';
import { errorForCaller, errorFormOptions, errorOfForm } from './error-form';
import { cancelled, timedOut } from './handler-context';
import type { Cancellable, HandlerOutcome, Message, OutcomeReceiver } from './message';
import { normalAnswer } from './payload';

/** How an attempt to call one process ended. */
export type AttemptOutcome =
  | { readonly type: 'result'; readonly value: Value }
  | {
      readonly type: 'error';
      readonly error: unknown;
      /** Who may be asked instead, because nothing can have been executed. */
      readonly elsewhere: 'nobody' | 'other-process' | 'other-node';
    };

/** Who made an attempt. */
export interface AttemptReceiver {
  /** The attempt to call a process has ended, perhaps before it was made. Called once. Must not throw. */
  attemptEnded(outcome: AttemptOutcome, pid: Pid): void;
}

/** What a {@link CallAttempt} needs: where it waits for its deadline, beside what all of calls/ need. */
export interface CallAttemptDeps extends CallsDeps {
  readonly timeLimits: TimeLimits;
}

/**
 * A call of one process, until it answers, the call's deadline passes, or the caller's signal aborts, whichever comes first. In
 * the last two cases what was asked is cancelled.
 */
export class CallAttempt extends LimitedWait implements OutcomeReceiver {
  readonly pid: Pid;
  readonly message: Message;
  /** What was asked of the process. */
  asked: Cancellable | undefined;
  readonly #deps: CallAttemptDeps;
  readonly #timeoutMs: number;
  #receiver: AttemptReceiver | undefined;
  #stopRepeating: (() => void) | undefined;
  #removeListener: (() => void) | undefined;

  constructor(
    pid: Pid,
    message: Message,
    options: CheckedOptions,
    deps: CallAttemptDeps,
    receiver: AttemptReceiver,
  ) {
    super();
    this.pid = pid;
    this.message = message;
    this.#deps = deps;
    this.#receiver = receiver;
    const { signal, timeoutMs } = options;
    this.#timeoutMs = timeoutMs;
    const { deadline } = message;
    // Whole milliseconds, so that calls share a timer. Not `timeoutMs`: for an attempt after another one less is left.
    if (deadline !== undefined) deps.timeLimits.add(this, Math.round(deadline.lookedMs));
    if (signal === undefined) return;
    this.#removeListener = deps.processes.signals.onAbort(signal, () =>
      this.#giveUp(signal.reason, cancelled(`The caller cancelled ${quoteText(message.name)}.`)),
    );
  }

  get remainingMs(): number {
    return this.message.deadline?.remainingMs ?? Infinity;
  }

  /** The call's deadline has passed. */
  timeUp(): void {
    this.#giveUp(callTimeout(this.pid, this.message.name, this.#timeoutMs), timedOut());
  }

  /** Ends with what a process of this node answered. */
  settled(outcome: HandlerOutcome): void {
    if (outcome.type === 'error') {
      const error = errorForCaller(outcome.error, errorFormOptions(this.#deps));
      return this.end(processFailure(error, outcome.executed));
    }
    try {
      this.end({ type: 'result', value: normalAnswer(outcome.value, this.message.name, this.#deps) });
    } catch (error) {
      this.#deps.onWarning('invalid-answer', String(this.pid), error);
      this.end(failed(error));
    }
  }

  /** Runs `fn` again and again until the attempt ends, if its message has no deadline. */
  every(ms: number, fn: () => void): void {
    if (this.#receiver === undefined) return;
    this.#stopRepeating = this.#deps.timers.setTimer(ms, () => {
      fn();
      this.every(ms, fn);
    });
  }

  /** Ends; only the first outcome counts. */
  end(outcome: AttemptOutcome): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    this.#receiver = undefined;
    this.#deps.timeLimits.remove(this);
    this.#stopRepeating?.();
    this.#removeListener?.();
    receiver.attemptEnded(outcome, this.pid);
  }

  #giveUp(error: unknown, reason: Error): void {
    this.end(failed(error));
    this.asked?.cancel(reason);
  }
}

const WHY_DOWN = {
  unknown: 'is no peer of this node: it left, was replaced or was never met. Nothing was sent',
  stale: 'was replaced by a newer incarnation of its name. Nothing was executed',
  draining: 'is about to leave the cluster and takes no calls. Nothing was executed',
  'no-responders': 'does not listen: it left or is leaving. Nothing was executed',
  lost: 'was lost before it answered. The call may have been executed',
};

/** Returns the outcome of a call that may have been executed: nobody else may be asked. */
export function failed(error: unknown): AttemptOutcome {
  return { type: 'error', error, elsewhere: 'nobody' };
}

/** Returns the outcome of a call that cannot have reached its node. */
export function unsent(error: Error): AttemptOutcome {
  return { type: 'error', error, elsewhere: 'other-node' };
}

/** Returns the outcome of a call to which another node replied with something else than a result. */
export function outcomeOfRefusal(reply: Exclude<Reply, { type: 'result' }>, pid: Pid): AttemptOutcome {
  if (reply.type === 'error') return processFailure(errorOfForm(reply.error), reply.executed);
  return unsent(nodeDown(pid, reply.type));
}

/** Makes the error of a call whose node cannot answer. */
export function nodeDown(pid: Pid, why: keyof typeof WHY_DOWN): NodeDownError {
  return new NodeDownError(`The node of ${pid} ${WHY_DOWN[why]}.`, { mayHaveExecuted: why === 'lost' });
}

function callTimeout(pid: Pid, name: string, timeoutMs: number): CallTimeoutError {
  return new CallTimeoutError(
    `${pid} did not answer ${quoteText(name)} within ${timeoutMs} ms. The call may have been executed.`,
  );
}

function processFailure(error: Error, executed: boolean): AttemptOutcome {
  const isGone = error instanceof ProcessExitedError || error instanceof EntityElsewhereError;
  const elsewhere = isGone && !executed ? 'other-process' : 'nobody';
  return { type: 'error', error, elsewhere };
}
