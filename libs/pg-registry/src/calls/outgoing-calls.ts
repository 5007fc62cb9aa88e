import {
  CallTimeoutError,
  codeOfThrown,
  describeValue,
  formatKey,
  InvalidArgumentError,
  isOwnError,
  isPid,
  normalValue,
  NotRegisteredError,
  OptionChecks,
  quoteText,
  type Pid,
  type Value,
  isInstanceOf,
} from '../term';
import { type AttemptOutcome, CallAttempt } from './call-attempt';
import { CallDeadline } from './call-deadline';
import { CallArguments, type CallOptions, type CheckedOptions } from './call-options';
import type { CallPort } from './frames/call-port';
import type { OutgoingSpan } from './call-tracer';
import type { CallsDeps } from './calls-deps';
import { exitByPid } from './exits';
import type { CallsToPeers } from './calls-to-peers';
import { type Mailboxes, undelivered } from './mailboxes';
import type { Message, MessageKind } from './message';
import { MESSAGE, PAYLOAD } from './payload';
import { Picker, TriedMembers } from './pick';
import { Via } from './via';

const CAST_CHECKS: OptionChecks = new OptionChecks('Nothing was sent.', 'cast()');

/** Where a call goes: one process, or one of those registered under a name. */
export type Destination = Pid | Via;

/** What {@link OutgoingCalls} needs: where messages go on this node, and on others. */
export interface OutgoingCallsDeps extends CallsDeps {
  readonly mailboxes: Mailboxes;
  readonly toPeers: CallsToPeers;
  readonly port: CallPort;
}

/**
 * Calls, casts and messages of this node's processes. Picks the process that is asked, on this node or another, and asks another
 * one where nothing can have been executed.
 */
export class OutgoingCalls {
  /** Calls that have ended, by outcome. */
  readonly finished: Record<string, number> = {};
  readonly #args: CallArguments;
  readonly #defaults: CheckedOptions;
  readonly #picker: Picker;
  readonly #deps: OutgoingCallsDeps;
  #pending = 0;

  constructor(deps: OutgoingCallsDeps) {
    this.#deps = deps;
    this.#args = new CallArguments(deps.pids, deps.limits);
    this.#defaults = this.#args.options({});
    this.#picker = new Picker(deps.resolver, deps.peers, deps.random);
  }

  /** Calls that are not answered yet, those to processes of this node included. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * See `ProcessService.call`. The message is handed over before this returns.
   *
   * @param onAsked Called with each process that is asked, before it is.
   */
  async call(
    to: Destination,
    name: string,
    payload: unknown,
    options?: CallOptions,
    onAsked?: (pid: Pid) => void,
  ): Promise<Value> {
    const checked = options === undefined ? this.#defaults : this.#args.options(options);
    const handler = this.#args.name(name);
    const span = this.#span('call', handler, to, checked);
    try {
      const message = this.#message('call', handler, payload, checked, span);
      let tried: TriedMembers | undefined;
      let last: unknown;
      for (;;) {
        checked.signal?.throwIfAborted();
        const pid = isPid(to) ? to : this.#pick(to, tried);
        if (pid === undefined) throw last ?? nobody(to);
        if (checked.timeoutMs === 0) throw noTime(pid, handler);
        span?.asked(pid);
        onAsked?.(pid);
        this.#pending += 1;
        // One after the other: the next is only asked when the last is known not to have executed anything.
        // oxlint-disable-next-line no-await-in-loop
        const outcome = await this.#attempt(pid, message, checked);
        this.#pending -= 1;
        if (outcome.type === 'result') {
          this.#count('ok');
          span?.end();
          return outcome.value;
        }
        if (outcome.elsewhere === 'nobody' || isPid(to)) throw outcome.error;
        tried ??= new TriedMembers();
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
   * See `ProcessService.cast`. Warns if it cannot be delivered.
   *
   * @param options Refused: there are none.
   * @throws For bad arguments only.
   */
  cast(to: Destination, name: string, payload: unknown, options?: unknown): void {
    if (options !== undefined) CAST_CHECKS.names(options, []);
    this.#tell('cast', to, this.#args.name(name), payload);
  }

  /**
   * See `ProcessService.send`. Warns if it cannot be delivered.
   *
   * @throws For bad arguments only.
   */
  send(to: Pid, message: unknown): void {
    if (!isPid(to))
      throw new InvalidArgumentError(
        'The first argument of send() must be the Pid of a process. Nothing was sent.',
      );
    this.#tell('message', to, '', message);
  }

  /**
   * See `ProcessService.exit`.
   *
   * @throws InvalidArgumentError, InvalidValueError, ValueTooLargeError, NodeDownError, TransportError, CallTimeoutError.
   */
  async exit(pid: Pid, reason: unknown): Promise<void> {
    if (!isPid(pid)) {
      throw new InvalidArgumentError(
        'The first argument of exit() must be the Pid of a process. Nothing was ended.',
      );
    }
    const { processes, toPeers } = this.#deps;
    const message = this.#message('call', 'exit', reason, this.#defaults, undefined);
    if (processes.isLocal(pid)) return exitByPid(processes, pid, message.payload);
    const outcome = await new Promise<AttemptOutcome>((resolve) => {
      const attempt = new CallAttempt(pid, message, this.#defaults, this.#deps, resolve);
      attempt.asked = toPeers.ask(attempt, 'exit');
    });
    if (outcome.type === 'error') throw outcome.error;
  }

  #tell(kind: 'cast' | 'message', to: Destination, name: string, payload: unknown): void {
    const span = this.#span(kind, name, to, this.#defaults);
    try {
      const message = this.#message(kind, name, payload, this.#defaults, span);
      const dropped = this.#hand(to, message, span);
      if (dropped === undefined) return span?.end();
      this.#deps.onWarning('undelivered', dropped);
      span?.fail(new Error(dropped));
    } catch (error) {
      span?.fail(error);
      throw error;
    }
  }

  /** Hands a cast or message over. @returns Why it was dropped, if it was. */
  #hand(to: Destination, message: Message, span: OutgoingSpan | undefined): string | undefined {
    const { processes, mailboxes, port } = this.#deps;
    const pid = isPid(to) ? to : this.#pick(to, undefined);
    if (pid === undefined) return `A cast ${quoteText(message.name)} was dropped: ${nobody(to).message}`;
    span?.asked(pid);
    if (processes.isLocal(pid)) mailboxes.tell(pid, message);
    else if (!port.tell(pid, message)) {
      return undelivered(message, pid, 'this node is not connected');
    }
    return undefined;
  }

  #span(kind: MessageKind, name: string, to: Destination, { trace }: CheckedOptions) {
    const { tracer } = this.#deps;
    if (tracer === undefined || !(isPid(to) || isInstanceOf(to, Via))) return undefined;
    return tracer.outgoing(kind, name, to, trace);
  }

  #message(
    kind: MessageKind,
    name: string,
    payload: unknown,
    { headers, trace, timeoutMs }: CheckedOptions,
    span: OutgoingSpan | undefined,
  ): Message {
    const { limits, pids, processes, timers } = this.#deps;
    const waits = kind === 'call' && timeoutMs !== Infinity;
    return {
      kind,
      name,
      payload: normalValue(payload, limits, pids, kind === 'message' ? MESSAGE : PAYLOAD),
      caller: processes.current.self().pid,
      headers,
      trace: span === undefined ? trace : span.trace,
      deadline: waits ? new CallDeadline(timeoutMs, timers) : undefined,
    };
  }

  #pick(to: Via, tried: TriedMembers | undefined): Pid | undefined {
    if (isInstanceOf(to, Via)) return this.#picker.pick(to, tried);
    throw new InvalidArgumentError('The destination must be a Pid or via(scope, key). Nothing was sent.');
  }

  #attempt(pid: Pid, message: Message, options: CheckedOptions): Promise<AttemptOutcome> {
    const { processes, mailboxes, toPeers } = this.#deps;
    return new Promise((resolve) => {
      const attempt = new CallAttempt(pid, message, options, this.#deps, resolve);
      const isLocal = processes.isLocal(pid);
      attempt.asked = isLocal ? mailboxes.deliver(pid, message, attempt) : toPeers.ask(attempt);
    });
  }

  #count(outcome: string): void {
    this.finished[outcome] = (this.finished[outcome] ?? 0) + 1;
  }
}

/** Returns `'ABORTED'` if the caller's signal ended the call, the code of an error of this library, else `'ERROR'`: a small set, for counting. */
function outcomeOfCall(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted && error === signal.reason) return 'ABORTED';
  return (isOwnError(error) && codeOfThrown(error)) || 'ERROR';
}

function noTime(pid: Pid, name: string): CallTimeoutError {
  return new CallTimeoutError(
    `${pid} had no time to answer ${quoteText(name)}, because timeoutMs is 0. Nothing was sent.`,
  );
}

function nobody(to: Destination): NotRegisteredError {
  const name = to instanceof Via ? `${formatKey(to.key)} in scope ${quoteText(to.scope)}` : String(to);
  return new NotRegisteredError(`Nobody in the cluster is registered under ${name}; nothing was executed.`);
}

/** Formats a destination as short text: `<orders-1.42>`, `via('counters', 'a')`. Never throws, whatever it gets. */
export function formatDestination(to: unknown): string {
  if (isPid(to)) return to.toString();
  return isInstanceOf(to, Via)
    ? `via(${quoteText(to.scope)}, ${formatKey(to.key)})`
    : `to ${describeValue(to)}`;
}
