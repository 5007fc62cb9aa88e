import {
  CallTimeoutError,
  codeOfThrown,
  formatKey,
  InvalidArgumentError,
  isInstanceOf,
  isOwnError,
  isPid,
  NotRegisteredError,
  type Pid,
  quoteText,
  type Value,
} from '../../term';
import {
  type AttemptOutcome,
  type AttemptReceiver,
  CallAttempt,
  type CallAttemptDeps,
  failed,
} from '../call-attempt';
import type { CheckedOptions } from '../call-options';
import type { OutgoingSpan } from '../call-tracer';
import type { CallsToPeers } from '../calls-to-peers';
import { ClusterName } from '../destinations/cluster-name';
import { type Destination, formatDestination } from '../destinations/destination';
import type { EntityAddress } from '../destinations/entity-name';
import { askAnew, askNext, EntityRouting } from '../destinations/entity-routing';
import { HolderRouting } from '../destinations/holder-routing';
import type { CallPort } from '../frames/call-port';
import type { Exits } from '../exits';
import type { Mailboxes } from '../mailboxes';
import type { Message } from '../message';
import { Picker, TriedMembers } from '../pick';
import { Via } from '../via';

/** What {@link OutgoingCalls} needs: where messages go on this node, and on others. */
export interface OutgoingCallsDeps extends CallAttemptDeps {
  readonly mailboxes: Mailboxes;
  readonly toPeers: CallsToPeers;
  readonly exits: Exits;
  readonly port: CallPort;
}

/** What the calls of one node share. */
export class SharedByCalls {
  /** Where entities are. */
  readonly entities: EntityRouting;
  /** Who holds cluster names. */
  readonly holders: HolderRouting;
  /** Calls that have ended, by outcome. */
  readonly finished: Record<string, number> = {};
  /** Calls that are not answered yet. */
  pending = 0;
  readonly deps: OutgoingCallsDeps;
  readonly #picker: Picker;

  constructor(deps: OutgoingCallsDeps) {
    this.deps = deps;
    this.entities = new EntityRouting(deps);
    this.holders = new HolderRouting(deps.timers, deps.processes);
    this.#picker = new Picker(deps.resolver, deps.peers, deps.random);
  }

  /** Returns the process to ask; undefined if there is none, or none that was not tried. @throws InvalidArgumentError */
  pick(to: Destination, tried: TriedMembers | undefined, entity: EntityAddress | undefined): Pid | undefined {
    if (isPid(to)) return to;
    if (entity !== undefined) return this.entities.pick(entity, tried);
    if (isInstanceOf(to, Via)) return this.#picker.pick(to, tried);
    if (isInstanceOf(to, ClusterName)) return this.holders.pick(to, tried);
    throw new InvalidArgumentError(
      'The destination must be a Pid, via(scope, key), clusterName(key) or entity(type, key). Nothing was sent.',
    );
  }

  /** Returns why {@link pick} found nobody. */
  nobody(to: Destination, entity: EntityAddress | undefined): Error {
    return entity === undefined ? nobody(to) : this.entities.nobody(entity);
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
export class OutgoingCall implements AttemptReceiver {
  readonly #to: Destination;
  readonly #message: Message;
  readonly #options: CheckedOptions;
  readonly #end: CallEnd;
  readonly #shared: SharedByCalls;
  #tried: TriedMembers | undefined;
  /** Why the last attempt failed. */
  #last: unknown;
  /** Whether the next attempt begins later than the call. */
  #isLate = false;
  /** How often it has waited because it was in doubt where its entity is. */
  #waits = 0;

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

  /** Asks an entity as soon as it is known where entities are. Never throws. */
  askWhenReady(entity: EntityAddress): void {
    const { entities } = this.#shared;
    try {
      if (entities.isReady) return this.askNext();
    } catch (error) {
      return this.#fail(error);
    }
    this.#isLate = true;
    entities.readyWithin(entity, this.#options.timeoutMs).then(
      () => this.askNext(),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Asks a process that was not asked yet. Never throws. */
  askNext(): void {
    const shared = this.#shared;
    const message = this.#message;
    if (this.#isLate) message.deadline?.lookAgain();
    this.#isLate = true;
    let pid: Pid | undefined;
    try {
      this.#options.signal?.throwIfAborted();
      pid = shared.pick(this.#to, this.#tried, message.entity);
      if (pid === undefined && isInstanceOf(this.#to, ClusterName)) return this.#awaitHolder(this.#to);
      if (pid === undefined && this.#awaitCertainty()) return;
      if (pid === undefined) throw this.#last ?? shared.nobody(this.#to, message.entity);
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
    const { entity } = this.#message;
    if (entity !== undefined && !askNext(entity, this.#tried, outcome.error))
      return this.#awaitCertainty() ? undefined : this.#fail(outcome.error);
    // Not at once: an attempt may end before it was made, and thousands of members would fill the stack.
    queueMicrotask(() => this.askNext());
  }

  /** Nothing can have been executed: waits for another holder, or asks the same one again. */
  #awaitHolder(name: ClusterName): void {
    const shared = this.#shared;
    const { signal } = this.#options;
    const remainingMs = this.#message.deadline?.remainingMs ?? Infinity;
    const waiting = shared.holders.wait(name, { tried: this.#tried, last: this.#last, remainingMs, signal });
    shared.pending += 1;
    waiting.then(
      (isAnother) => this.#askHolder(isAnother),
      (error: unknown) => {
        shared.pending -= 1;
        this.#fail(error);
      },
    );
  }

  #askHolder(isAnother: boolean): void {
    this.#shared.pending -= 1;
    if (!isAnother) this.#tried = undefined;
    this.askNext();
  }

  /** Nothing can have been executed: waits until it may be known better where an entity is. @returns False if that is in no doubt */
  #awaitCertainty(): boolean {
    const shared = this.#shared;
    const { entity, deadline } = this.#message;
    if (entity === undefined || !shared.entities.isInDoubt(entity, this.#tried)) return false;
    const last = this.#tried?.lastNamed;
    const { signal, timeoutMs } = this.#options;
    const remainingMs = deadline?.remainingMs ?? Infinity;
    const waiting = shared.entities.wait(entity, {
      waits: this.#waits,
      last,
      timeoutMs,
      remainingMs,
      signal,
    });
    this.#waits += 1;
    shared.pending += 1;
    const over = (then: () => void): void => {
      shared.pending -= 1;
      then();
    };
    waiting.then(
      () => over(() => this.#askAnew(entity)),
      (error: unknown) => over(() => this.#fail(error)),
    );
    return true;
  }

  #askAnew(entity: EntityAddress): void {
    this.#tried = undefined;
    this.#last = undefined;
    askAnew(entity);
    this.askNext();
  }

  #fail(error: unknown): void {
    this.#shared.count(outcomeOfCall(error, this.#options.signal));
    this.#end.span?.fail(error);
    this.#end.reject(error);
  }
}

/** Returns `'ABORTED'` if the caller's signal ended the call, the code of an error of this library, else `'ERROR'`: a small set, for counting. */
export function outcomeOfCall(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted && error === signal.reason) return 'ABORTED';
  return (isOwnError(error) && codeOfThrown(error)) || 'ERROR';
}

function noTime(pid: Pid, name: string): CallTimeoutError {
  return new CallTimeoutError(
    `${pid} had no time to answer ${quoteText(name)}, because timeoutMs is 0. Nothing was sent.`,
  );
}

function nobody(to: Destination): NotRegisteredError {
  const name =
    to instanceof Via ? `${formatKey(to.key)} in scope ${quoteText(to.scope)}` : formatDestination(to);
  return new NotRegisteredError(`Nobody in the cluster is registered under ${name}; nothing was executed.`);
}
