import { type LocalProcess, thenOf } from '../lifetime';
import { type Handlers, invoke } from './handlers';
import type { HandlerOutcome } from './message';
import { exited, full, overdue, reentrant } from './delivery/mailbox-errors';
import type { MailboxDeps, MailboxOptions } from './mailbox-deps';
import type { CallChain, ChainLink, ChainMark } from './delivery/call-chain';
import { MessageList } from './delivery/message-list';
import { isBehind, SenderTurns } from './delivery/sender-turns';
import type { MessageHolder, QueuedMessage } from './delivery/queued-message';
import { WaitingShares } from './delivery/waiting-shares';

const DEFAULT_CAPACITY = 1000;
/** So many times as many may wait if they wait for the next turn of the event loop: the process would take them. */
const HELD_BACK = 10;

/**
 * The messages that wait for a process and those that it is handling. Messages wait until {@link open}; then they are handled in
 * the order of arrival, in a later microtask: a sender never runs the receiver's code. If there are more than a turn of the event loop has
 * time for, a concurrent process takes them from the nodes in turn, from each in its order.
 *
 * A message is in the mailbox until its handler has finished, however long ago its caller gave up, or until the process has ended.
 */
export class Mailbox implements MessageHolder {
  readonly process: LocalProcess;
  readonly #waiting = new MessageList<QueuedMessage>();
  /** Since it was full, until it is half empty. */
  #shares: WaitingShares | undefined;
  /** Since messages waited for a turn, until none waits any more; undefined for a serial process, which takes them as they came. */
  #senders: SenderTurns | undefined;
  readonly #running = new MessageList<QueuedMessage>();
  /** Whether it hands out one message at a time. */
  readonly isSerial: boolean;
  readonly #isReentrant: boolean;
  readonly #mayHandOut: (() => boolean) | undefined;
  readonly #capacity: number;
  readonly #deps: MailboxDeps;
  #handlers: Handlers | undefined;
  #pumpScheduled = false;
  /** Whether messages wait for the next turn, not for the process. */
  #isHeldBack = false;
  #isSuspended = false;
  /** Where messages go instead, once they do. */
  #diverted: ((queued: QueuedMessage) => void) | undefined;
  #quiet: { readonly promise: Promise<void>; resolve(): void } | undefined;
  /** The number of what the process does between messages: its start, or what comes before its end. */
  #step: number | undefined = 0;
  /** How many messages it has handed out. */
  #deliveries = 0;

  /** A field, so that scheduling it makes no closure. */
  readonly #pump = (): void => {
    this.#pumpScheduled = this.#isHeldBack = false;
    const { turns } = this.#deps;
    for (let { first } = this.#waiting; first !== undefined; { first } = this.#waiting) {
      if (this.#isSuspended || (this.isSerial && this.#running.size > 0)) return;
      if (this.#mayHandOut?.() === false) return;
      if (turns.mustPause) {
        this.#pumpScheduled = this.#isHeldBack = true;
        return turns.pause(this.#pump);
      }
      const now = turns.begin();
      const queued = now === undefined ? undefined : this.#next(first);
      if (queued === undefined) {
        if (!this.isSerial) this.#senders ??= new SenderTurns(this.#waiting);
        if (now !== undefined && turns.mustWait(first)) return turns.whenClear(this.#pump);
        this.#pumpScheduled = this.#isHeldBack = true;
        return turns.later(this.#pump);
      }
      this.#forget(queued);
      this.#running.add(queued);
      queued.delivery = this.#nextDelivery();
      this.#run(queued, now);
    }
  };

  constructor(
    process: LocalProcess,
    { serial = false, isReentrant = false, capacity = DEFAULT_CAPACITY, mayHandOut }: MailboxOptions,
    deps: MailboxDeps,
  ) {
    this.process = process;
    this.isSerial = serial;
    this.#isReentrant = isReentrant;
    this.#mayHandOut = mayHandOut;
    this.#capacity = capacity;
    this.#deps = deps;
  }

  /** How many messages it has begun to handle: a mailbox without load whose count stands still is idle. */
  get handled(): number {
    return this.#deliveries;
  }

  /** Messages that wait or are being handled. */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** How many of them wait; undefined before it is opened. */
  get waiting(): number | undefined {
    return this.#handlers && this.#waiting.size;
  }

  /** Lets messages in to the handlers, also those that have waited. */
  open(handlers: Handlers): void {
    this.#handlers = handlers;
    this.#step = undefined;
    this.#schedulePump();
  }

  /**
   * Runs a process's own start before it opens its mailbox: as the process. A call that the start waits for is refused then, because it
   * would wait for the mailbox to open.
   */
  runStart<T>(start: () => T): T {
    return this.#deps.processes.current.enter(this.process, { chain: [this.link(0)] }, start);
  }

  /** Hands out nothing any more. What comes waits, until it is diverted or the process ends. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Whether a handler runs. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves as soon as no handler runs. */
  quiet(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    if (this.#quiet === undefined) {
      let resolve!: () => void;
      this.#quiet = { promise: new Promise((settle) => (resolve = settle)), resolve };
    }
    return this.#quiet.promise;
  }

  /** Runs what a process does before its end, as {@link runStart} runs its start. */
  runStep<T>(step: () => T): T {
    this.#step = this.#nextDelivery();
    const mark: ChainMark = { chain: [this.link(this.#step)] };
    return this.#deps.processes.current.enter(this.process, mark, step);
  }

  /** Hands everything that waits to `take`, in order, and everything that comes later. The present handlers go on. */
  divert(take: (queued: QueuedMessage) => void): void {
    this.#diverted = take;
    for (let queued = this.#waiting.first; queued !== undefined; queued = this.#waiting.first) {
      this.#forget(queued);
      take(queued);
      // Last, so that the message is in one mailbox or the other all the time.
      this.#deps.onLoad(-1, queued);
    }
  }

  /** Settles everything that waits with an error. Nobody else is asked, because it would fail there, too. */
  rejectWaiting(error: unknown): void {
    for (let queued = this.#waiting.first; queued !== undefined; queued = this.#waiting.first)
      this.#drop(queued, error);
  }

  /** What stands for the process in the chain of a call. */
  link(delivery: number): ChainLink {
    return { incarnation: this.process.pid.incarnation, id: this.process.pid.id, delivery };
  }

  /** Takes a message, or settles it at once with the error why not. */
  take(queued: QueuedMessage): void {
    if (this.#diverted !== undefined) return this.#diverted(queued);
    queued.mailbox = this;
    const refusal = this.#refusal(queued);
    if (refusal !== undefined) return queued.settle({ type: 'error', error: refusal, executed: false });
    this.#waiting.add(queued);
    this.#shares?.add(queued);
    this.#senders?.add(queued);
    this.#deps.onLoad(1, queued);
    const { chain } = queued.message;
    const isLetIn = this.#isReentrant && this.isBusy && chain !== undefined && this.#waitsFor(chain);
    if (isLetIn) queueMicrotask(() => this.#beginWithin(queued));
    else this.#schedulePump();
  }

  /** Handles a call that the running handler waits for. */
  #beginWithin(queued: QueuedMessage): void {
    if (this.#isSuspended || this.#mayHandOut?.() === false || !this.#forget(queued)) return;
    this.#running.add(queued);
    queued.delivery = this.#nextDelivery();
    this.#run(queued);
  }

  /** Which step it is. A chain that names it is let in to a reentrant process, so nobody else may know it than whom the step called. */
  #nextDelivery(): number {
    this.#deliveries += 1;
    return this.#isReentrant ? 1 + Math.floor(this.#deps.random() * 2 ** 52) : this.#deliveries;
  }

  /** Forgets a message if its handler has not begun, else aborts the handler's signal. */
  cancel(queued: QueuedMessage, reason: Error): void {
    const executed = this.#running.has(queued);
    queued.settle({ type: 'error', error: reason, executed });
    if (executed) queued.context.abort(reason);
    else if (this.#forget(queued)) this.#deps.onLoad(-1, queued);
  }

  /** Settles everything with the process's end. Called when it has ended. */
  close(): void {
    this.#quiet?.resolve();
    const begun = this.#running.size;
    const ended = [...this.#running.drain(), ...this.#waiting.drain()];
    this.#shares = this.#senders = undefined;
    for (const [index, queued] of ended.entries()) {
      const executed = index < begun;
      const error = exited(this.process, executed);
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

  #refusal(queued: QueuedMessage): Error | undefined {
    const { chain, name } = queued.message;
    if (!this.process.alive) return exited(this.process, false);
    // While it starts or ends, nobody is let in.
    const isLetIn = this.#isReentrant && this.isBusy;
    if (chain !== undefined && !isLetIn && this.#waitsFor(chain)) return reentrant(this.process, name, chain);
    if (this.#waiting.size < this.#capacity * (this.#isHeldBack ? HELD_BACK : 1)) return undefined;
    const last = (this.#shares ??= new WaitingShares(this.#waiting)).givesWayTo(queued);
    if (last === undefined) return full(this.process, this.#capacity, queued.message);
    this.#drop(last, full(this.process, this.#capacity, last.message));
    return undefined;
  }

  /** Returns the message that may begin now; undefined if it has to wait for a turn. @param first The oldest */
  #next(first: QueuedMessage): QueuedMessage | undefined {
    const { turns } = this.#deps;
    const { areFew } = turns;
    if (this.#senders === undefined) {
      if (!turns.mustWait(first) && (areFew || !isBehind(first.load))) return first;
      if (this.isSerial) return undefined;
      this.#senders = new SenderTurns(this.#waiting);
    }
    return this.#senders.next(areFew, (queued) => turns.mustWait(queued));
  }

  /** Takes a message from those that wait. Returns whether it was one of them. */
  #forget(queued: QueuedMessage): boolean {
    if (!this.#waiting.delete(queued)) return false;
    if (this.#waiting.size < this.#capacity / 2) this.#shares = undefined;
    else this.#shares?.delete(queued);
    if (this.#waiting.size === 0) this.#senders = undefined;
    else this.#senders?.delete(queued);
    return true;
  }

  /** Settles a message that waits with an error. */
  #drop(queued: QueuedMessage, error: unknown): void {
    this.#forget(queued);
    this.#guard(() => queued.settle({ type: 'error', error, executed: false }));
    this.#deps.onLoad(-1, queued);
  }

  /** Whether the process waits for the call itself: what it does now, its start or the message that it handles, made or led to it. */
  #waitsFor(chain: CallChain): boolean {
    if (!this.isSerial) return false;
    const { incarnation, id } = this.process.pid;
    const own = chain.filter((link) => link.id === id && link.incarnation === incarnation);
    return own.some(({ delivery }) =>
      this.isBusy ? this.#running.hasDelivery(delivery) : delivery === this.#step,
    );
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#handlers === undefined || this.#waiting.size === 0) return;
    this.#pumpScheduled = true;
    queueMicrotask(this.#pump);
  }

  #run(queued: QueuedMessage, now?: number): void {
    const { message } = queued;
    if (message.deadline?.isOver(now) === true) return this.#finish(queued, overdue(this.process, message));
    const { processes, meter } = this.#deps;
    // A concurrent process passes on who waits for the call; nobody waits for its own other messages.
    const mark = this.isSerial || message.chain !== undefined ? queued : undefined;
    let result: unknown;
    try {
      const span = meter.tracer?.incoming(message, this.process);
      queued.span = span;
      result =
        span === undefined
          ? processes.current.enter(this.process, mark, invoke, this.#handlers!, queued)
          : processes.current.enter(this.process, mark, () =>
              span.run(() => invoke(this.#handlers!, queued)),
            );
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
      queued.settle(queued.context.finish(outcome));
    } catch (error) {
      this.#warn(error);
    }
    this.#deps.onLoad(-1, queued);
    if (this.#quiet !== undefined && this.#running.size === 0) {
      this.#quiet.resolve();
      this.#quiet = undefined;
    }
    this.#schedulePump();
  }
}
