import { CallTimeoutError, InvalidArgumentError, MailboxFullError, ProcessExitedError } from '../term';
import type { CallTracer } from './call-tracer';
import type { Answer, Delivery, Message } from './delivery';
import type { Handlers } from './handlers';
import { isThenable, type LocalProcess, type Processes, type Timers } from '../lifetime';

export interface MailboxOptions {
  /** One message at a time, in the order of arrival, like an Erlang process. Default: concurrently, like a controller. */
  readonly serial?: boolean | undefined;
  /** Messages that may wait; more are refused. Default 1,000. */
  readonly capacity?: number | undefined;
}

/** What a mailbox needs of its node. */
export interface MailboxSurroundings {
  readonly processes: Processes;
  readonly timers: Timers;
  /** Records each run of a handler. */
  readonly tracer?: CallTracer | undefined;
  /** Told of every message that is taken (+1) and of every one that is done with (−1). */
  readonly onLoad: (change: 1 | -1) => void;
}

const DEFAULT_CAPACITY = 1000;

/**
 * What waits for a process and what it is working on. Messages wait until {@link open}; then they are handled in the order
 * of arrival, in a later microtask: a sender never runs the receiver's code.
 *
 * A message is in the mailbox until its handler has finished, however long ago its caller gave up, or the process ended.
 */
export class Mailbox {
  readonly #waiting = new Set<Delivery>();
  readonly #running = new Set<Delivery>();
  readonly #serial: boolean;
  readonly #capacity: number;
  #handlers: Handlers | undefined;
  #pumpScheduled = false;

  readonly #surroundings: MailboxSurroundings;

  constructor(
    readonly process: LocalProcess,
    { serial = false, capacity = DEFAULT_CAPACITY }: MailboxOptions,
    surroundings: MailboxSurroundings,
  ) {
    this.#surroundings = surroundings;

    this.#serial = serial;
    this.#capacity = capacity;
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
   * Runs a process's own start before it opens its mailbox: as the process, and a call of it to itself is refused, which
   * would wait for the mailbox to open.
   */
  runStart<T>(start: () => T): T {
    return this.#surroundings.processes.enter(this.process, this, start);
  }

  /** Takes a message, or settles it at once with the error why not. */
  deliver(delivery: Delivery): void {
    const refusal = this.#refusal(delivery.message);
    if (refusal !== undefined) return delivery.settle({ type: 'error', error: refusal, executed: false });
    this.#waiting.add(delivery);
    this.#surroundings.onLoad(1);
    this.#schedulePump();
  }

  /** Nobody waits for this answer any more: forgets it if it has not begun, else aborts the handler's signal. */
  cancel(delivery: Delivery, reason: Error): void {
    delivery.settle({ type: 'error', error: reason, executed: this.#running.has(delivery) });
    if (this.#running.has(delivery)) delivery.context.abort(reason);
    else if (this.#waiting.delete(delivery)) this.#surroundings.onLoad(-1);
  }

  /** Answers everybody with the process's end. Called when it has ended. */
  close(): void {
    const ended = [...this.#running, ...this.#waiting];
    const begun = this.#running.size;
    this.#running.clear();
    this.#waiting.clear();
    for (const [index, delivery] of ended.entries()) {
      const error = this.#exited(index < begun);
      delivery.context.abort(error);
      delivery.span?.fail(error);
      delivery.settle({ type: 'error', error, executed: index < begun });
      this.#surroundings.onLoad(-1);
    }
  }

  #refusal({ kind, name }: Message): Error | undefined {
    if (!this.process.alive) return this.#exited(false);
    if (kind === 'call' && this.#isCalledFromWithin()) {
      return new InvalidArgumentError(
        `${this.process.pid} called itself ('${name}') while it starts or handles a message; it handles one at a time and would wait for ` +
          'itself until the time limit. Use the method directly, or cast.',
      );
    }
    if (this.#waiting.size < this.#capacity) return undefined;
    return new MailboxFullError(
      `The mailbox of ${this.process.pid} is full: ${this.#capacity} messages wait. '${name}' was not taken.`,
    );
  }

  #isCalledFromWithin(): boolean {
    const { processes } = this.#surroundings;
    if (processes.isWithin(this)) return this.#handlers === undefined;
    return this.#serial && [...this.#running].some((delivery) => processes.isWithin(delivery));
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#handlers === undefined || this.#waiting.size === 0) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const delivery of this.#waiting) {
      if (this.#serial && this.#running.size > 0) return;
      this.#waiting.delete(delivery);
      this.#running.add(delivery);
      this.#run(delivery);
    }
  }

  #run(delivery: Delivery): void {
    const { processes, timers, tracer } = this.#surroundings;
    const { message } = delivery;
    if (timers.now() >= message.deadline) {
      const error = new CallTimeoutError(
        `'${message.name}' waited for ${this.process.pid} until its time limit; it was not executed.`,
      );
      return this.#finish(delivery, { type: 'error', error, executed: false });
    }
    const mark = this.#serial ? delivery : undefined;
    const handlers = this.#handlers!;
    const span = tracer?.incoming(message, this.process);
    delivery.span = span;
    let answer: unknown;
    try {
      answer = processes.enter(this.process, mark, () =>
        span === undefined ? invoke(handlers, delivery) : span.run(() => invoke(handlers, delivery)),
      );
    } catch (error) {
      return this.#finish(delivery, { type: 'error', error, executed: true });
    }
    if (!isThenable(answer)) return this.#finish(delivery, { type: 'result', value: answer });
    Promise.resolve(answer).then(
      (value: unknown) => this.#finish(delivery, { type: 'result', value }),
      (error: unknown) => this.#finish(delivery, { type: 'error', error, executed: true }),
    );
  }

  #finish(delivery: Delivery, answer: Answer): void {
    // Not there any more: the process has ended meanwhile and everybody was told.
    if (!this.#running.delete(delivery)) return;
    if (answer.type === 'result') delivery.span?.end();
    else delivery.span?.fail(answer.error);
    delivery.context.finish();
    delivery.settle(answer);
    this.#surroundings.onLoad(-1);
    this.#schedulePump();
  }

  #exited(mayHaveExecuted: boolean): ProcessExitedError {
    const { pid, reason } = this.process;
    const what = mayHaveExecuted
      ? 'while it handled the call, which may have been executed'
      : 'before it handled the call';
    return new ProcessExitedError(`${pid} ended ${what}.`, { pid, reason, mayHaveExecuted });
  }
}

function invoke(handlers: Handlers, { message, context }: Delivery): unknown {
  const { kind, name, payload } = message;
  if (kind === 'message') return handlers.message(payload, context);
  return handlers[kind](name, payload, context);
}
