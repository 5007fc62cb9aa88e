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
import {
  type AttemptOutcome,
  type AttemptReceiver,
  CallAttempt,
  type CallAttemptDeps,
  failed,
} from './call-attempt';
import { CallDeadline } from './call-deadline';
import { CallArguments, type CallOptions, type CheckedOptions } from './call-options';
import type { CallPort } from './frames/call-port';
import type { OutgoingSpan } from './call-tracer';
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
export interface OutgoingCallsDeps extends CallAttemptDeps {
  readonly mailboxes: Mailboxes;
  readonly toPeers: CallsToPeers;
  readonly port: CallPort;
}

/**
 * Calls, casts and messages of this node's processes. Picks the process that is asked, on this node or another, and asks another
 * one where nothing can have been executed.
 */
export class OutgoingCalls {
  readonly #args: CallArguments;
  readonly #defaults: CheckedOptions;
  readonly #shared: SharedByCalls;
  readonly #deps: OutgoingCallsDeps;

  constructor(deps: OutgoingCallsDeps) {
    this.#deps = deps;
    this.#args = new CallArguments(deps.pids, deps.limits);
    this.#defaults = this.#args.options({});
    this.#shared = new SharedByCalls(deps);
  }

  /** Calls that are not answered yet, those to processes of this node included. */
  get pending(): number {
    return this.#shared.pending;
  }

  /** Calls that have ended, by outcome. */
  get finished(): Readonly<Record<string, number>> {
    return this.#shared.finished;
  }

  /**
   * See `ProcessService.call`. The message is handed over before this returns.
   *
   * @param onAsked Called with each process that is asked, before it is.
   */
  call(
    to: Destination,
    name: string,
    payload: unknown,
    options?: CallOptions,
    onAsked?: (pid: Pid) => void,
  ): Promise<Value> {
    // Not an async function, which would make two promises more. What is thrown rejects this one.
    return new Promise((resolve, reject) => {
      const checked = options === undefined ? this.#defaults : this.#args.options(options);
      const handler = this.#args.name(name);
      const span = this.#span('call', handler, to, checked);
      const end = { resolve, reject, span, onAsked };
      let message: Message;
      try {
        message = this.#message('call', handler, payload, checked, span);
      } catch (error) {
        this.#shared.count(outcomeOfCall(error, checked.signal));
        span?.fail(error);
        throw error;
      }
      new OutgoingCall(to, message, checked, end, this.#shared).askNext();
    });
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
      const receiver = { attemptEnded: resolve };
      const attempt = new CallAttempt(pid, message, this.#defaults, this.#deps, receiver);
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
    const pid = this.#shared.pick(to, undefined);
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
}

/** What the calls of one node share. */
class SharedByCalls {
  /** Calls that have ended, by outcome. */
  readonly finished: Record<string, number> = {};
  /** Calls that are not answered yet. */
  pending = 0;
  readonly deps: OutgoingCallsDeps;
  readonly #picker: Picker;

  constructor(deps: OutgoingCallsDeps) {
    this.deps = deps;
    this.#picker = new Picker(deps.resolver, deps.peers, deps.random);
  }

  /** Returns the process to ask; undefined if there is none, or none that was not tried. @throws InvalidArgumentError */
  pick(to: Destination, tried: TriedMembers | undefined): Pid | undefined {
    if (isPid(to)) return to;
    if (isInstanceOf(to, Via)) return this.#picker.pick(to, tried);
    throw new InvalidArgumentError('The destination must be a Pid or via(scope, key). Nothing was sent.');
  }

  count(outcome: string): void {
    this.finished[outcome] = (this.finished[outcome] ?? 0) + 1;
  }
}

/** Who hears how a call ended, and what happened on the way. */
interface CallEnd {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
  readonly span: OutgoingSpan | undefined;
  readonly onAsked: ((pid: Pid) => void) | undefined;
}

/** One call, with all its attempts: the next process is only asked when the last one is known not to have executed anything. */
class OutgoingCall implements AttemptReceiver {
  readonly #to: Destination;
  readonly #message: Message;
  readonly #options: CheckedOptions;
  readonly #end: CallEnd;
  readonly #shared: SharedByCalls;
  #tried: TriedMembers | undefined;
  /** Why the last attempt failed. */
  #last: unknown;

  constructor(
    to: Destination,
    message: Message,
    options: CheckedOptions,
    end: CallEnd,
    shared: SharedByCalls,
  ) {
    this.#to = to;
    this.#message = message;
    this.#options = options;
    this.#end = end;
    this.#shared = shared;
  }

  /** Asks a process that was not asked yet. Never throws. */
  askNext(): void {
    const shared = this.#shared;
    const message = this.#message;
    let pid: Pid | undefined;
    try {
      this.#options.signal?.throwIfAborted();
      pid = shared.pick(this.#to, this.#tried);
      if (pid === undefined) throw this.#last ?? nobody(this.#to);
      if (this.#options.timeoutMs === 0) throw noTime(pid, message.name);
      this.#end.span?.asked(pid);
      this.#end.onAsked?.(pid);
    } catch (error) {
      return this.#fail(error);
    }
    const { deps } = shared;
    shared.pending += 1;
    const attempt = new CallAttempt(pid, message, this.#options, deps, this);
    try {
      attempt.asked = deps.processes.isLocal(pid)
        ? deps.mailboxes.deliver(pid, message, attempt)
        : deps.toPeers.ask(attempt);
    } catch (error) {
      attempt.end(failed(error));
    }
  }

  attemptEnded(outcome: AttemptOutcome, pid: Pid): void {
    const shared = this.#shared;
    shared.pending -= 1;
    if (outcome.type === 'result') {
      shared.count('ok');
      this.#end.span?.end();
      return this.#end.resolve(outcome.value);
    }
    if (outcome.elsewhere === 'nobody' || isPid(this.#to)) return this.#fail(outcome.error);
    this.#tried ??= new TriedMembers();
    this.#tried.add(pid, outcome.elsewhere);
    this.#last = outcome.error;
    // Not at once: an attempt may end before it was made, and thousands of members would fill the stack.
    queueMicrotask(() => this.askNext());
  }

  #fail(error: unknown): void {
    this.#shared.count(outcomeOfCall(error, this.#options.signal));
    this.#end.span?.fail(error);
    this.#end.reject(error);
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
