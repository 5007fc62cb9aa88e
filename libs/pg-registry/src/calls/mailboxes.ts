import { NoHandlerError, ProcessExitedError, type Pid } from '../term';
import type { CallTracer } from './call-tracer';
import type { CallsSurroundings } from './calls-surroundings';
import { type Answer, Delivery, type Message } from './delivery';
import type { LocalProcess, Processes, Timers } from '../lifetime';
import { Mailbox, type MailboxOptions } from './mailbox';

/** Ends the interest in an answer, with the reason that the handler is told. */
export type Cancel = (reason: Error) => void;

/** The mailboxes of one node, and how much work is in them. */
export class Mailboxes {
  readonly #processes: Processes;
  readonly #timers: Timers;
  readonly #tracer: CallTracer | undefined;
  readonly #byId = new Map<number, Mailbox>();
  #inFlight = 0;
  #idle: { readonly promise: Promise<void>; resolve(): void } | undefined;

  constructor(processes: Processes, timers: Timers, tracer?: CallTracer) {
    this.#processes = processes;
    this.#timers = timers;
    this.#tracer = tracer;
    // After the process has lost its entries: aborting a signal runs code of the user.
    processes.afterExit((process) => this.#close(process));
  }

  /** Messages that wait or are being handled, in all mailboxes. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves as soon as nothing is in flight. More may come afterwards: whoever drains refuses that first. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    if (this.#idle === undefined) {
      let resolve!: () => void;
      this.#idle = { promise: new Promise((settle) => (resolve = settle)), resolve };
    }
    return this.#idle.promise;
  }

  /** Gives a living process a mailbox, closed until somebody opens it. A process has one at most. */
  mount(process: LocalProcess, options: MailboxOptions = {}): Mailbox {
    const mailbox = new Mailbox(process, options, {
      processes: this.#processes,
      timers: this.#timers,
      tracer: this.#tracer,
      onLoad: (change) => this.#load(change),
    });
    if (process.alive) this.#byId.set(process.pid.id, mailbox);
    return mailbox;
  }

  /** Hands a message to a process of this node. `settle` is called once, perhaps before this returns. */
  deliver(pid: Pid, message: Message, settle: (answer: Answer) => void): Cancel {
    const mailbox = this.#byId.get(pid.id);
    const delivery = new Delivery(message, this.#timers, settle);
    if (mailbox === undefined) {
      delivery.settle({ type: 'error', error: this.#nobody(pid), executed: false });
      return () => undefined;
    }
    mailbox.deliver(delivery);
    return (reason) => mailbox.cancel(delivery, reason);
  }

  /** Hands over a cast or message; why it was not handled is warned of, nobody else would hear of it. */
  tell(pid: Pid, message: Message, onWarning: CallsSurroundings['onWarning']): void {
    this.deliver(pid, message, (answer) => {
      if (answer.type === 'result') return;
      const { error, executed } = answer;
      const text = error instanceof Error ? error.message : String(error);
      if (!executed) onWarning('undelivered', undelivered(message, pid, text));
      else onWarning('handler-failed', `${describe(message)} failed in ${pid}: ${text}`, error);
    });
  }

  #nobody(pid: Pid): Error {
    if (this.#processes.get(pid) !== undefined) {
      return new NoHandlerError(
        `${pid} has no handlers: it was spawned without onMessage, or it is the root process.`,
      );
    }
    return new ProcessExitedError(`${pid} has ended; nothing was executed.`, { pid, reason: 'noproc' });
  }

  #close(process: LocalProcess): void {
    const mailbox = this.#byId.get(process.pid.id);
    this.#byId.delete(process.pid.id);
    mailbox?.close();
  }

  #load(change: 1 | -1): void {
    this.#inFlight += change;
    if (this.#inFlight > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

/** The sentence for a cast or message that was dropped. */
export function undelivered(message: Message, pid: Pid, why: string): string {
  return `${describe(message)} to ${pid} was dropped: ${why}`;
}

function describe({ kind, name }: Message): string {
  return kind === 'cast' ? `A cast '${name}'` : 'A message';
}
