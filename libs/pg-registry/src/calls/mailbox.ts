import {
  CallTimeoutError,
  InvalidArgumentError,
  MailboxFullError,
  ProcessExitedError,
  quoteText,
} from '../term';
import { type LocalProcess, type Processes, thenOf } from '../lifetime';
import type { CallsDeps } from './calls-deps';
import type { CallTracer, HandlerSpan } from './call-tracer';
import { HandlerContext } from './handler-context';
import type { Handlers } from './handlers';
import type { Cancellable, HandlerOutcome, Message, OutcomeReceiver } from './message';
import type { PeerLoad } from './peer-load';

/** How a mailbox hands out messages. */
export interface MailboxOptions {
  /** One message at a time, in the order of arrival, like an Erlang process. Default: concurrently, like a controller. */
  readonly serial?: boolean | undefined;
  /** Messages that may wait; more are refused. Default 1,000. */
  readonly capacity?: number | undefined;
}

/** What mailboxes need of their node. */
export interface MailboxDeps {
  readonly processes: Processes;
  /** Records each run of a handler. */
  readonly tracer?: CallTracer | undefined;
  /** Told what a tracer threw, or the receiver of an outcome. */
  readonly onWarning: CallsDeps['onWarning'];
  /** Told of every message that is taken (+1) and of every one that is done with (−1). */
  readonly onLoad: (change: 1 | -1, queued: QueuedMessage) => void;
}

const DEFAULT_CAPACITY = 1000;

/** A message that was handed to a mailbox. Its receiver gets the outcome exactly once. */
export class QueuedMessage implements Cancellable {
  readonly message: Message;
  readonly context: HandlerContext;
  /** Of the run of its handler, if that is recorded. */
  span: HandlerSpan | undefined;
  /** Of the peer that it came from, if from one: what it takes here is counted there. */
  readonly load: PeerLoad | undefined;
  /** What it took on its way. */
  readonly bytes: number;
  readonly #mailbox: Mailbox | undefined;
  #receiver: OutcomeReceiver | undefined;

  /** @param mailbox Undefined if the process has none. */
  constructor(
    message: Message,
    receiver: OutcomeReceiver,
    mailbox: Mailbox | undefined,
    load: PeerLoad | undefined,
    bytes: number,
  ) {
    this.message = message;
    this.context = new HandlerContext(message);
    this.load = load;
    this.bytes = bytes;
    this.#receiver = receiver;
    this.#mailbox = mailbox;
  }

  /** Hands the outcome to the receiver; only the first one counts. */
  settle(outcome: HandlerOutcome): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.settled(outcome);
  }

  cancel(reason: Error): void {
    this.#mailbox?.cancel(this, reason);
  }
}

/**
 * The messages that wait for a process and those that it is handling. Messages wait until {@link open}; then they are handled in
 * the order of arrival, in a later microtask: a sender never runs the receiver's code.
 *
 * A message is in the mailbox until its handler has finished, however long ago its caller gave up, or until the process has ended.
 */
export class Mailbox {
  readonly process: LocalProcess;
  readonly #waiting = new Set<QueuedMessage>();
  readonly #running = new Set<QueuedMessage>();
  readonly #serial: boolean;
  readonly #capacity: number;
  readonly #deps: MailboxDeps;
  #handlers: Handlers | undefined;
  #pumpScheduled = false;

  /** A field, so that scheduling it makes no closure. */
  readonly #pump = (): void => {
    this.#pumpScheduled = false;
    for (const queued of this.#waiting) {
      if (this.#serial && this.#running.size > 0) return;
      this.#waiting.delete(queued);
      this.#running.add(queued);
      this.#run(queued);
    }
  };

  constructor(
    process: LocalProcess,
    { serial = false, capacity = DEFAULT_CAPACITY }: MailboxOptions,
    deps: MailboxDeps,
  ) {
    this.process = process;
    this.#serial = serial;
    this.#capacity = capacity;
    this.#deps = deps;
  }

  /** Messages that wait or are being handled. */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Lets messages in to the handlers, also those that have waited. */
  open(handlers: Handlers): void {
    this.#handlers = handlers;
    this.#schedulePump();
  }

  /**
   * Runs a process's own start before it opens its mailbox: as the process. A call of the process to itself is refused then, because
   * it would wait for the mailbox to open.
   */
  runStart<T>(start: () => T): T {
    return this.#deps.processes.current.enter(this.process, this, start);
  }

  /** Takes a message, or settles it at once with the error why not. */
  take(queued: QueuedMessage): void {
    const refusal = this.#refusal(queued.message);
    if (refusal !== undefined) return queued.settle({ type: 'error', error: refusal, executed: false });
    this.#waiting.add(queued);
    this.#deps.onLoad(1, queued);
    this.#schedulePump();
  }

  /** Forgets a message if its handler has not begun, else aborts the handler's signal. */
  cancel(queued: QueuedMessage, reason: Error): void {
    const executed = this.#running.has(queued);
    queued.settle({ type: 'error', error: reason, executed });
    if (executed) queued.context.abort(reason);
    else if (this.#waiting.delete(queued)) this.#deps.onLoad(-1, queued);
  }

  /** Settles everything with the process's end. Called when it has ended. */
  close(): void {
    const begun = this.#running.size;
    const ended = [...this.#running, ...this.#waiting];
    this.#running.clear();
    this.#waiting.clear();
    for (const [index, queued] of ended.entries()) {
      const executed = index < begun;
      const error = this.#exited(executed);
      this.#guard(() => queued.context.abort(error));
      this.#guard(() => queued.span?.fail(error));
      this.#guard(() => queued.settle({ type: 'error', error, executed }));
      this.#deps.onLoad(-1, queued);
    }
  }

  /** Runs a step that calls code of others, so that the others of a process that ends are settled all the same. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    this.#deps.onWarning('handler-failed', `The end of a message of ${this.process.pid} failed`, error);
  }

  #refusal({ kind, name }: Message): Error | undefined {
    if (!this.process.alive) return this.#exited(false);
    // Only a process that starts or is handling a message can be calling itself.
    const mayCallItself = this.#handlers === undefined || this.#running.size > 0;
    if (kind === 'call' && mayCallItself && this.#isCalledFromWithin()) {
      return new InvalidArgumentError(
        `${this.process.pid} called itself (${quoteText(name)}) while it starts or handles a message; it handles one at a time and would wait for ` +
          'itself until the time limit. Use the method directly, or cast.',
      );
    }
    if (this.#waiting.size < this.#capacity) return undefined;
    return new MailboxFullError(
      `The mailbox of ${this.process.pid} is full: ${this.#capacity} messages wait. ${quoteText(name)} was not taken.`,
    );
  }

  /** Whether the process would wait for itself: while it starts, or a message that it handles alone makes the call. */
  #isCalledFromWithin(): boolean {
    const { current } = this.#deps.processes;
    if (this.#handlers === undefined) return current.isWithin(this);
    if (!this.#serial || current.isWithin(this)) return false;
    for (const queued of this.#running) if (current.isWithin(queued)) return true;
    return false;
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#handlers === undefined || this.#waiting.size === 0) return;
    this.#pumpScheduled = true;
    queueMicrotask(this.#pump);
  }

  #run(queued: QueuedMessage): void {
    const { message } = queued;
    if (message.deadline?.remainingMs === 0) return this.#finish(queued, this.#overdue(message));
    const handlers = this.#handlers!;
    const { processes, tracer } = this.#deps;
    const mark = this.#serial ? queued : undefined;
    let result: unknown;
    try {
      const span = tracer?.incoming(message, this.process);
      queued.span = span;
      result =
        span === undefined
          ? processes.current.enter(this.process, mark, invoke, handlers, queued)
          : processes.current.enter(this.process, mark, () => span.run(() => invoke(handlers, queued)));
    } catch (error) {
      return this.#finish(queued, { type: 'error', error, executed: true });
    }
    if (thenOf(result) !== 'callable') return this.#finish(queued, { type: 'result', value: result });
    let promise: Promise<unknown>;
    try {
      promise = Promise.resolve(result);
    } catch (error) {
      // It reads the `constructor` of a promise, which may throw.
      return this.#finish(queued, { type: 'error', error, executed: true });
    }
    promise.then(
      (value: unknown) => this.#finish(queued, { type: 'result', value }),
      (error: unknown) => this.#finish(queued, { type: 'error', error, executed: true }),
    );
  }

  #finish(queued: QueuedMessage, outcome: HandlerOutcome): void {
    // Not there any more if the process has ended meanwhile, which settled everything.
    if (!this.#running.delete(queued)) return;
    // Whatever a tracer or a receiver throws, the message counts as done with and the next one has its turn.
    try {
      if (outcome.type === 'result') queued.span?.end();
      else queued.span?.fail(outcome.error);
    } catch (error) {
      this.#warn(error);
    }
    try {
      queued.context.finish();
      queued.settle(outcome);
    } catch (error) {
      this.#warn(error);
    }
    this.#deps.onLoad(-1, queued);
    this.#schedulePump();
  }

  #overdue({ name }: Message): HandlerOutcome {
    const error = new CallTimeoutError(
      `${quoteText(name)} waited for ${this.process.pid} until its time limit; it was not executed.`,
    );
    return { type: 'error', error, executed: false };
  }

  #exited(mayHaveExecuted: boolean): ProcessExitedError {
    const { pid, reason } = this.process;
    const what = mayHaveExecuted
      ? 'while it handled the call, which may have been executed'
      : 'before it handled the call';
    return new ProcessExitedError(`${pid} ended ${what}.`, { pid, reason, mayHaveExecuted });
  }
}

function invoke(handlers: Handlers, { message, context }: QueuedMessage): unknown {
  const { kind, name, payload } = message;
  if (kind === 'message') return handlers.message(payload, context);
  return handlers[kind](name, payload, context);
}
