import {
  InvalidArgumentError,
  isPid,
  messageOfThrown,
  normalValue,
  OptionChecks,
  quoteText,
  type Pid,
  type Value,
  isInstanceOf,
} from '../term';
import { CurrentProcess } from '../lifetime';
import { type AttemptOutcome, CallAttempt } from './call-attempt';
import { CallDeadline } from './call-deadline';
import { CallArguments, type CallOptions, type CheckedOptions } from './call-options';
import type { OutgoingSpan } from './call-tracer';
import { undelivered } from './mailboxes';
import type { Message, MessageKind } from './message';
import { MESSAGE, PAYLOAD } from './payload';
import { type Destination } from './destinations/destination';
import { OutgoingCall, type OutgoingCallsDeps, outcomeOfCall, SharedByCalls } from './delivery/outgoing-call';
import { isChainMark } from './delivery/call-chain';
import { WaitingCasts } from './delivery/waiting-casts';
import { type EntityAddress, EntityName, type EntityRouter } from './destinations/entity-name';
import { addressOf } from './destinations/entity-routing';
import { ClusterName, type HolderRouter } from './destinations/cluster-name';
import { Via } from './via';

const CAST_CHECKS: OptionChecks = new OptionChecks('Nothing was sent.', 'cast()');

/**
 * Calls, casts and messages of this node's processes. Picks the process that is asked, on this node or another, and asks another
 * one where nothing can have been executed.
 */
export class OutgoingCalls {
  readonly #args: CallArguments;
  readonly #defaults: CheckedOptions;
  readonly #shared: SharedByCalls;
  readonly #waitingCasts: WaitingCasts;
  readonly #deps: OutgoingCallsDeps;

  constructor(deps: OutgoingCallsDeps) {
    this.#deps = deps;
    this.#args = new CallArguments(deps.pids, deps.limits);
    this.#defaults = this.#args.options({});
    this.#shared = new SharedByCalls(deps);
    this.#waitingCasts = new WaitingCasts(this.#shared.holders, deps.timers);
  }

  /** Sets, once, what knows where entities are. */
  useEntities(router: EntityRouter): void {
    this.#shared.entities.router = router;
  }

  /** Sets, once, what knows who holds cluster names. */
  useNames(router: HolderRouter): void {
    this.#shared.holders.router = router;
  }

  /** The node stops: calls that wait for nodes to agree fail. */
  close(): void {
    this.#shared.entities.close();
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
        const entity = isPid(to) ? undefined : addressOf(to);
        message = this.#message('call', handler, payload, checked, span, entity);
      } catch (error) {
        this.#shared.count(outcomeOfCall(error, checked.signal));
        span?.fail(error);
        throw error;
      }
      const call = new OutgoingCall(to, message, checked, end, this.#shared);
      if (message.entity === undefined) call.askNext();
      else call.askWhenReady(message.entity);
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

  /** Sends a cast or message on that came for an entity. Warns if it cannot be delivered. */
  forward(to: Pid, message: Message): void {
    const { processes, mailboxes, port, onWarning } = this.#deps;
    if (processes.isLocal(to)) mailboxes.tell(to, message);
    else if (!port.tell(to, message))
      onWarning('undelivered', undelivered(message, to, 'this node is not connected'));
  }

  /**
   * See `ProcessService.exit`. The reason is an order to a process that takes orders; see `Exits`.
   *
   * @returns What the order returns; null for an end.
   * @throws InvalidArgumentError, InvalidValueError, ValueTooLargeError, NodeDownError, TransportError, CallTimeoutError.
   */
  async exit(pid: Pid, reason: unknown, timeoutMs = this.#defaults.timeoutMs): Promise<Value> {
    if (!isPid(pid)) {
      throw new InvalidArgumentError(
        'The first argument of exit() must be the Pid of a process. Nothing was ended.',
      );
    }
    const { processes, toPeers, exits } = this.#deps;
    const limits = { ...this.#defaults, timeoutMs };
    const message = this.#message('call', 'exit', reason, limits, undefined, undefined);
    if (processes.isLocal(pid)) return await exits.run(pid, message.payload, pid.node);
    const outcome = await new Promise<AttemptOutcome>((resolve) => {
      const receiver = { attemptEnded: resolve };
      const attempt = new CallAttempt(pid, message, limits, this.#deps, receiver);
      attempt.asked = toPeers.ask(attempt, 'exit');
    });
    if (outcome.type === 'error') throw outcome.error;
    return outcome.value;
  }

  #tell(kind: 'cast' | 'message', to: Destination, name: string, payload: unknown): void {
    const span = this.#span(kind, name, to, this.#defaults);
    try {
      const entity = isPid(to) ? undefined : addressOf(to);
      const message = this.#message(kind, name, payload, this.#defaults, span, entity);
      if (entity !== undefined && !this.#shared.entities.isReady) return this.#tellLater(to, message, span);
      if (isInstanceOf(to, ClusterName) && this.#waitingCasts.mustWait(to))
        return this.#tellNextHolder(to, message, span);
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
    const pid = this.#shared.pick(to, undefined, message.entity);
    if (pid === undefined)
      return `A cast ${quoteText(message.name)} was dropped: ${this.#shared.nobody(to, message.entity).message}`;
    span?.asked(pid);
    if (processes.isLocal(pid)) mailboxes.tell(pid, message);
    else if (!port.tell(pid, message)) {
      return undelivered(message, pid, 'this node is not connected');
    }
    return undefined;
  }

  /** Hands over a cast to an entity when the hosts of all peers are known. In the order of the casts. */
  #tellLater(to: Destination, message: Message, span: OutgoingSpan | undefined): void {
    const { onWarning } = this.#deps;
    const hand = (): void => {
      const dropped = this.#hand(to, message, span);
      if (dropped !== undefined) onWarning('undelivered', dropped);
      span?.end();
    };
    this.#shared.entities
      .ready()
      .then(hand)
      .catch((error: unknown) =>
        onWarning('undelivered', `A cast ${quoteText(message.name)} was dropped`, error),
      );
  }

  /** Hands over a cast to the next holder of a cluster name. In the order of the casts. */
  #tellNextHolder(to: ClusterName, message: Message, span: OutgoingSpan | undefined): void {
    const end = (dropped: string | undefined): void => {
      if (dropped === undefined) return span?.end();
      this.#deps.onWarning('undelivered', dropped);
      span?.fail(new Error(dropped));
    };
    const drop = (why: string): void => end(`A cast ${quoteText(message.name)} was dropped: ${why}`);
    const hand = (): void => {
      try {
        end(this.#hand(to, message, span));
      } catch (error) {
        drop(messageOfThrown(error));
      }
    };
    this.#waitingCasts.add(to, { hand, drop });
  }

  #span(kind: MessageKind, name: string, to: Destination, { trace }: CheckedOptions) {
    const { tracer } = this.#deps;
    if (tracer === undefined) return undefined;
    const isKnown =
      isPid(to) || isInstanceOf(to, Via) || isInstanceOf(to, EntityName) || isInstanceOf(to, ClusterName);
    return isKnown ? tracer.outgoing(kind, name, to, trace) : undefined;
  }

  #message(
    kind: MessageKind,
    name: string,
    payload: unknown,
    { headers, trace, timeoutMs }: CheckedOptions,
    span: OutgoingSpan | undefined,
    entity: EntityAddress | undefined,
  ): Message {
    const { limits, pids, processes, timers } = this.#deps;
    const here = processes.current.snapshot();
    const waits = kind === 'call' && timeoutMs !== Infinity;
    return {
      kind,
      name,
      payload: normalValue(payload, limits, pids, kind === 'message' ? MESSAGE : PAYLOAD),
      caller: here.process.pid,
      headers,
      trace: span === undefined ? trace : span.trace,
      deadline: waits ? new CallDeadline(timeoutMs, timers) : undefined,
      chain:
        kind === 'call' && here.marks !== undefined
          ? CurrentProcess.innermost(here, isChainMark)?.chain
          : undefined,
      entity,
    };
  }
}
