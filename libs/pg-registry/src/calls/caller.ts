import {
  formatKey,
  InvalidArgumentError,
  isPid,
  normalValue,
  NotRegisteredError,
  PgRegistryError,
  type Pid,
  type Value,
} from '../term';
import { cancelled, timedOut } from './call-context';
import { CallArguments, type CallOptions, type CheckedOptions } from './call-options';
import type { OutgoingSpan } from './call-tracer';
import type { CallsSurroundings } from './calls-surroundings';
import type { Message } from './delivery';
import { errorForCaller } from './error-form';
import { Exclusions } from './exclusions';
import { undelivered, type Cancel, type Mailboxes } from './mailboxes';
import { callTimeout, failed, localFailure, type Outcome } from './outcome';
import { Picker } from './pick';
import type { RemoteCalls } from './remote-calls';
import { Via } from './via';

/** Where a call goes: one process, or whoever is registered under a name. */
export type Destination = Pid | Via;

/** The asking side: finds out who is asked, asks, and asks somebody else where nothing can have been executed. */
export class Caller {
  readonly #args: CallArguments;
  readonly #picker: Picker;
  #pending = 0;
  readonly #finished: Record<string, number> = {};

  readonly #surroundings: CallsSurroundings;
  readonly #mailboxes: Mailboxes;
  readonly #remote: RemoteCalls;

  constructor(surroundings: CallsSurroundings, mailboxes: Mailboxes, remote: RemoteCalls) {
    this.#surroundings = surroundings;
    this.#mailboxes = mailboxes;
    this.#remote = remote;

    const { pids, limits, resolver, random } = surroundings;
    this.#args = new CallArguments(pids, limits);
    this.#picker = new Picker(resolver, random);
  }

  /** Calls of this node that are not answered yet, local ones included. */
  get pending(): number {
    return this.#pending;
  }

  /** Calls of this node that have ended, by outcome. */
  get finished(): Readonly<Record<string, number>> {
    return this.#finished;
  }

  /** See `ProcessService.call`. The message is handed over before this returns. */
  async call(to: Destination, name: string, payload: unknown, options: CallOptions): Promise<Value> {
    const checked = this.#args.options(options);
    const handler = this.#args.name(name);
    const span = this.#span('call', handler, to, checked);
    try {
      const message = this.#message('call', handler, payload, checked, span);
      const tried = new Exclusions();
      let last: unknown;
      for (;;) {
        checked.signal?.throwIfAborted();
        const pid = this.#destination(to, tried);
        if (pid === undefined) throw last ?? nobody(to);
        span?.asked(pid);
        // One after the other: the next is only asked when the last is known not to have executed anything.
        // oxlint-disable-next-line no-await-in-loop
        const outcome = await this.#attempt(pid, message, checked);
        if (outcome.type === 'result') {
          this.#count('ok');
          span?.end();
          return outcome.value;
        }
        if (outcome.elsewhere === 'nobody' || isPid(to)) throw outcome.error;
        tried.add(pid, outcome.elsewhere);
        last = outcome.error;
      }
    } catch (error) {
      this.#count(outcomeOfCall(error, checked.signal));
      span?.fail(error);
      throw error;
    }
  }

  /**
   * See `ProcessService.cast` and `send`. What cannot be delivered is warned of.
   *
   * @throws For bad arguments only.
   */
  tell(kind: 'cast' | 'message', to: Destination, name: string, payload: unknown): void {
    const handler = kind === 'cast' ? this.#args.name(name) : '';
    const options = this.#args.options({});
    const span = this.#span(kind, handler, to, options);
    try {
      const message = this.#message(kind, handler, payload, options, span);
      const dropped = this.#hand(to, message, span);
      if (dropped === undefined) return span?.end();
      this.#surroundings.onWarning('undelivered', dropped);
      span?.fail(new Error(dropped));
    } catch (error) {
      span?.fail(error);
      throw error;
    }
  }

  /** Hands a cast or message over. @returns Why it was dropped, if it was. */
  #hand(to: Destination, message: Message, span: OutgoingSpan | undefined): string | undefined {
    const { processes, onWarning } = this.#surroundings;
    const pid = this.#destination(to, new Exclusions());
    if (pid === undefined) return `A cast '${message.name}' was dropped: ${nobody(to).message}`;
    span?.asked(pid);
    if (processes.isLocal(pid)) this.#mailboxes.tell(pid, message, onWarning);
    else if (!this.#remote.tell(pid, message)) return undelivered(message, pid, 'this node is not connected');
    return undefined;
  }

  #span(kind: Message['kind'], name: string, to: Destination, { trace }: CheckedOptions) {
    const { tracer } = this.#surroundings;
    return tracer === undefined || !isDestination(to) ? undefined : tracer.outgoing(kind, name, to, trace);
  }

  #count(outcome: string): void {
    this.#finished[outcome] = (this.#finished[outcome] ?? 0) + 1;
  }

  #message(
    kind: Message['kind'],
    name: string,
    payload: unknown,
    options: CheckedOptions,
    span: OutgoingSpan | undefined,
  ): Message {
    const { limits, pids, processes, timers } = this.#surroundings;
    return {
      kind,
      name,
      payload: normalValue(payload, limits, pids),
      caller: processes.self().pid,
      headers: options.headers,
      trace: span === undefined ? options.trace : span.trace,
      deadline: kind === 'call' ? timers.now() + options.timeoutMs : Infinity,
    };
  }

  #destination(to: Destination, tried: Exclusions): Pid | undefined {
    if (isPid(to)) return to;
    if (to instanceof Via) return this.#picker.pick(to, tried);
    throw new InvalidArgumentError('A destination is a Pid or via(scope, key); nothing was sent.');
  }

  /** Asks one process, until it answers, the time is up, or the caller's signal aborts. */
  #attempt(pid: Pid, message: Message, { timeoutMs, signal }: CheckedOptions): Promise<Outcome> {
    const { timers, processes } = this.#surroundings;
    this.#pending += 1;
    return new Promise<Outcome>((resolve) => {
      let cancel: Cancel | undefined;
      let ended = false;
      const end = (outcome: Outcome): void => {
        if (ended) return;
        ended = true;
        this.#pending -= 1;
        stopTimer();
        signal?.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const giveUp = (error: unknown, reason: Error): void => {
        end(failed(error));
        cancel?.(reason);
      };
      const onAbort = (): void =>
        giveUp(signal?.reason, cancelled(`The caller cancelled '${message.name}'.`));
      const onTimeout = (): void => giveUp(callTimeout(pid, message.name, timeoutMs), timedOut());
      const left = Math.max(0, message.deadline - timers.now());
      const stopTimer =
        left === Infinity ? () => undefined : timers.setTimer(left, onTimeout, { keepAlive: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      cancel = processes.isLocal(pid)
        ? this.#askHere(pid, message, end)
        : this.#remote.ask(pid, message, end);
    });
  }

  #askHere(pid: Pid, message: Message, end: (outcome: Outcome) => void): Cancel {
    const { limits, pids } = this.#surroundings;
    return this.#mailboxes.deliver(pid, message, (answer) => {
      if (answer.type === 'error') return end(localFailure(answer));
      try {
        end({ type: 'result', value: normalValue(answer.value, limits, pids) });
      } catch (error) {
        end(failed(errorForCaller(error)));
      }
    });
  }
}

/** `'ok'`, the code of an error of this library, `'ABORTED'` by the caller's signal, or `'ERROR'`: a fixed set, for counting. */
function outcomeOfCall(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted && error === signal.reason) return 'ABORTED';
  return error instanceof PgRegistryError ? error.code : 'ERROR';
}

function isDestination(to: unknown): to is Destination {
  return isPid(to) || to instanceof Via;
}

function nobody(to: Destination): NotRegisteredError {
  const name = to instanceof Via ? `${formatKey(to.key)} in scope '${to.scope}'` : String(to);
  return new NotRegisteredError(`Nobody in the cluster is registered under ${name}; nothing was executed.`);
}
