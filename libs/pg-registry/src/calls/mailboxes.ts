import {
  EntityElsewhereError,
  messageOfThrown,
  NoHandlerError,
  ProcessExitedError,
  quoteText,
  type Pid,
} from '../term';
import type { LocalProcess } from '../lifetime';
import type { CallsDeps } from './calls-deps';
import { HandlerTurns } from './delivery/handler-turns';
import { QueuedMessage } from './delivery/queued-message';
import { Mailbox } from './mailbox';
import type { MailboxDeps, MailboxOptions } from './mailbox-deps';
import type { HandlerOutcome, Message, OutcomeReceiver } from './message';
import type { PeerLoad } from './peer-load';

/** The mailboxes of one node, and how much work is in them. */
export class Mailboxes {
  readonly #byId = new Map<number, Mailbox>();
  readonly #deps: Pick<CallsDeps, 'processes' | 'onWarning'>;
  readonly #mailboxDeps: MailboxDeps;
  #inFlight = 0;
  #entities: Mailbox | undefined;
  #idle: { readonly promise: Promise<void>; resolve(): void } | undefined;

  readonly #onLoad = (change: 1 | -1, { load, bytes }: QueuedMessage): void => {
    if (load !== undefined) {
      load.messages += change;
      load.bytes += change * bytes;
    }
    this.count(change);
  };

  constructor(
    deps: Pick<CallsDeps, 'processes' | 'tracer' | 'meter' | 'onWarning' | 'random' | 'timers'> & {
      readonly channel?: Pick<CallsDeps['channel'], 'congestion'>;
    },
  ) {
    const { processes, tracer, meter = { tracer }, onWarning, random } = deps;
    const turns = new HandlerTurns(deps.timers, deps.channel?.congestion);
    this.#deps = deps;
    this.#mailboxDeps = { processes, meter, onWarning, random, turns, onLoad: this.#onLoad };
    // After the process has lost its entries: aborting a signal runs code of the user.
    processes.afterExit((process) => this.#close(process));
  }

  /** Messages that wait or are being handled, in all mailboxes, and what was returned and waits to be written. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Something more is in flight (+1), or less (−1): a message, or what a handler returned and waits to be written. */
  count(change: 1 | -1): void {
    this.#inFlight += change;
    if (this.#inFlight > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** The mailbox of a process, if it has one. O(1). */
  of({ id }: Pid): Mailbox | undefined {
    return this.#byId.get(id);
  }

  /** Resolves as soon as nothing is in flight. More may come afterwards: a node that drains refuses calls first. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    if (this.#idle === undefined) {
      let resolve!: () => void;
      this.#idle = { promise: new Promise((settle) => (resolve = settle)), resolve };
    }
    return this.#idle.promise;
  }

  /**
   * Gives a living process a mailbox, in which messages wait until it is opened with handlers. A process has one at most; one
   * without answers calls with `NoHandlerError`.
   */
  mount(process: LocalProcess, options: MailboxOptions = {}): Mailbox {
    const mailbox = new Mailbox(process, options, this.#mailboxDeps);
    if (process.alive) this.#byId.set(process.pid.id, mailbox);
    return mailbox;
  }

  /**
   * Makes a mailbox that no pid leads to, for messages that are handed on. Its messages count like others; its maker closes it.
   */
  detached(process: LocalProcess, options: MailboxOptions = {}): Mailbox {
    return new Mailbox(process, options, this.#mailboxDeps);
  }

  /** Sets what takes the messages to entities of this node, whether or not they live. */
  useEntities(mailbox: Mailbox): void {
    this.#entities = mailbox;
  }

  /**
   * Hands a message to a process of this node. The receiver may get the outcome before this returns.
   *
   * @param load Of the peer that it came from, if it came from one: `bytes` are counted there while it is here.
   */
  deliver(pid: Pid, message: Message, receiver: OutcomeReceiver, load?: PeerLoad, bytes = 0): QueuedMessage {
    const { entity } = message;
    // Peers tell callers where an entity is, and may name any process: only the host of this node knows which of its own is the entity.
    const mailbox = entity === undefined ? this.#byId.get(pid.id) : this.#entities;
    const queued = new QueuedMessage(message, receiver, mailbox, load, bytes);
    if (mailbox !== undefined) mailbox.take(queued);
    else {
      const error = entity === undefined ? this.#noMailbox(pid) : noEntities(pid);
      queued.settle({ type: 'error', error, executed: false });
    }
    return queued;
  }

  /** Hands over a cast or message. Warns if it is not handled; nobody else would hear of it. */
  tell(pid: Pid, message: Message, load?: PeerLoad, bytes = 0): void {
    const { onWarning } = this.#deps;
    const settled = (outcome: HandlerOutcome): void => {
      if (outcome.type === 'result') return;
      const { error, executed } = outcome;
      if (!executed) onWarning('undelivered', undelivered(message, pid, messageOfThrown(error)));
      else onWarning('handler-failed', `${describe(message)} failed in ${pid}`, error);
    };
    this.deliver(pid, message, { settled }, load, bytes);
  }

  #noMailbox(pid: Pid): Error {
    if (this.#deps.processes.get(pid) !== undefined) {
      const isRoot = pid.id === this.#deps.processes.root.pid.id;
      return new NoHandlerError(
        isRoot
          ? `${pid} has no handlers: it is the root process of its node, which all code outside of other processes belongs to. Let a process ` +
              'with handlers register or claim the name that led here. Nothing was executed.'
          : `${pid} has no handlers: it was spawned without onMessage. Nothing was executed.`,
      );
    }
    return new ProcessExitedError(`${pid} has ended; nothing was executed.`, { pid, reason: 'noproc' });
  }

  #close(process: LocalProcess): void {
    const mailbox = this.#byId.get(process.pid.id);
    this.#byId.delete(process.pid.id);
    mailbox?.close();
  }
}

function noEntities({ node }: Pid): EntityElsewhereError {
  return new EntityElsewhereError(`Node ${quoteText(node)} hosts no entities. Nothing was executed.`, {
    pid: undefined,
  });
}

/** Returns the sentence for a cast or message that was dropped. */
export function undelivered(message: Message, pid: Pid, why: string): string {
  return `${describe(message)} to ${pid} was dropped: ${why}`;
}

function describe({ kind, name }: Message): string {
  return kind === 'cast' ? `A cast ${quoteText(name)}` : 'A message';
}
