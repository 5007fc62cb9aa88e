import {
  formatKey,
  InvalidArgumentError,
  isPid,
  normalValue,
  NotRegisteredError,
  type Pid,
  type Value,
} from '../term';
import { cancelled, timedOut } from './call-context';
import { CallArguments, type CallOptions, type CheckedOptions } from './call-options';
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

  constructor(
    private readonly surroundings: CallsSurroundings,
    private readonly mailboxes: Mailboxes,
    private readonly remote: RemoteCalls,
  ) {
    const { pids, limits, resolver, random, currentTrace = () => undefined } = surroundings;
    this.#args = new CallArguments(pids, limits, currentTrace);
    this.#picker = new Picker(resolver, random);
  }

  /** Calls of this node that are not answered yet, local ones included. */
  get pending(): number {
    return this.#pending;
  }

  /** See `ProcessService.call`. The message is handed over before this returns. */
  async call(to: Destination, name: string, payload: unknown, options: CallOptions): Promise<Value> {
    const checked = this.#args.options(options);
    const message = this.#message('call', this.#args.name(name), payload, checked);
    const tried = new Exclusions();
    let last: unknown;
    for (;;) {
      checked.signal?.throwIfAborted();
      const pid = this.#destination(to, tried);
      if (pid === undefined) throw last ?? nobody(to);
      // One after the other: the next is only asked when the last is known not to have executed anything.
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await this.#attempt(pid, message, checked);
      if (outcome.type === 'result') return outcome.value;
      if (outcome.elsewhere === 'nobody' || isPid(to)) throw outcome.error;
      tried.add(pid, outcome.elsewhere);
      last = outcome.error;
    }
  }

  /**
   * See `ProcessService.cast` and `send`. What cannot be delivered is warned of.
   *
   * @throws for bad arguments only.
   */
  tell(kind: 'cast' | 'message', to: Destination, name: string, payload: unknown): void {
    const { processes, onWarning } = this.surroundings;
    const handler = kind === 'cast' ? this.#args.name(name) : '';
    const message = this.#message(kind, handler, payload, this.#args.options({}));
    const pid = this.#destination(to, new Exclusions());
    if (pid === undefined)
      return onWarning('undelivered', `A cast '${name}' was dropped: ${nobody(to).message}`);
    if (processes.isLocal(pid)) return this.mailboxes.tell(pid, message, onWarning);
    if (this.remote.tell(pid, message)) return;
    onWarning('undelivered', undelivered(message, pid, 'this node is not connected'));
  }

  #message(kind: Message['kind'], name: string, payload: unknown, options: CheckedOptions): Message {
    const { limits, pids, processes, timers } = this.surroundings;
    return {
      kind,
      name,
      payload: normalValue(payload, limits, pids),
      caller: processes.self().pid,
      headers: options.headers,
      trace: options.trace,
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
    const { timers, processes } = this.surroundings;
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
      cancel = processes.isLocal(pid) ? this.#askHere(pid, message, end) : this.remote.ask(pid, message, end);
    });
  }

  #askHere(pid: Pid, message: Message, end: (outcome: Outcome) => void): Cancel {
    const { limits, pids } = this.surroundings;
    return this.mailboxes.deliver(pid, message, (answer) => {
      if (answer.type === 'error') return end(localFailure(answer));
      try {
        end({ type: 'result', value: normalValue(answer.value, limits, pids) });
      } catch (error) {
        end(failed(errorForCaller(error)));
      }
    });
  }
}

function nobody(to: Destination): NotRegisteredError {
  const name = to instanceof Via ? `${formatKey(to.key)} in scope '${to.scope}'` : String(to);
  return new NotRegisteredError(`Nobody in the cluster is registered under ${name}; nothing was executed.`);
}
