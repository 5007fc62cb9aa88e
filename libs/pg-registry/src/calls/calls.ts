import type { Observable } from 'rxjs';
import { DecodeError } from '../wire';
import { InvalidArgumentError, isPid, normalValue, type Pid, type Value } from '../term';
import type { NodeIdentity, ProcessFrameKind } from './call-channel';
import { decodeReply, replyToken } from './call-frames';
import type { CallOptions } from './call-options';
import { Callee } from './callee';
import { Caller, type Destination } from './caller';
import type { CallsSurroundings } from './calls-surroundings';
import { reasonValue } from './error-form';
import type { LocalProcess } from '../lifetime';
import type { Mailbox, MailboxOptions } from './mailbox';
import { Mailboxes } from './mailboxes';
import { Monitors, type ProcessDown } from './monitors/monitors';
import { RemoteCalls } from './remote-calls';
import { RemoteWatches } from './monitors/remote-watches';
import { Repeater } from './monitors/repeater';
import { decodeDown, decodeWatch } from './monitors/watch-frames';
import { Watchers } from './monitors/watchers';

/** What a node's calls and monitors are doing at this moment, and what went wrong so far. For statistics and tests. */
export interface CallsStats {
  /** Messages of anybody that wait in mailboxes here or are being handled. */
  readonly inFlight: number;
  /** Calls made here that are not answered yet. */
  readonly pending: number;
  /** Of those, calls to other nodes. */
  readonly pendingRemote: number;
  /** Calls of other nodes that are not answered yet. */
  readonly serving: number;
  /** Subscriptions of monitors that wait for an end. */
  readonly monitors: number;
  /** Words to other nodes about monitors that are not acknowledged yet. */
  readonly unacknowledged: number;
  /** Answers that came after their call had ended, and were dropped. */
  readonly lateAnswers: number;
  /** Calls made here that have ended: `ok`, the code of the error, `ABORTED` by their own signal. */
  readonly finished: Readonly<Record<string, number>>;
  /** Warnings so far, by reason: undelivered casts, failed handlers, malformed frames and the like. */
  readonly warnings: Readonly<Record<string, number>>;
}

/**
 * What the processes of a node say to each other and to those of other nodes. One per node; node/ makes it, hands it what
 * comes in, and tells it of peers.
 */
export class Calls {
  readonly #mailboxes: Mailboxes;
  readonly #remote: RemoteCalls;
  readonly #caller: Caller;
  readonly #callee: Callee;
  readonly #repeater: Repeater;
  readonly #watches: RemoteWatches;
  readonly #watchers: Watchers;
  readonly #monitors: Monitors;
  readonly #surroundings: CallsSurroundings;
  readonly #warnings: Record<string, number> = {};

  constructor(given: CallsSurroundings) {
    const onWarning: CallsSurroundings['onWarning'] = (reason, message, error) => {
      this.#warnings[reason] = (this.#warnings[reason] ?? 0) + 1;
      given.onWarning(reason, message, error);
    };
    const surroundings = { ...given, onWarning };
    this.#surroundings = surroundings;
    const { processes, timers, tracer } = surroundings;
    this.#mailboxes = new Mailboxes(processes, timers, tracer);
    this.#remote = new RemoteCalls(surroundings);
    this.#caller = new Caller(surroundings, this.#mailboxes, this.#remote);
    this.#callee = new Callee(surroundings, this.#mailboxes);
    const repeater = new Repeater(timers);
    this.#repeater = repeater;
    const onDown = (pid: Pid, reason: Value): void => this.#monitors.down(pid, reason);
    this.#watches = new RemoteWatches({ ...surroundings, repeater, onDown });
    this.#watchers = new Watchers({ ...surroundings, repeater });
    this.#monitors = new Monitors(processes, this.#watches);
    processes.afterExit((process, reason) => this.#ended(process, reason));
  }

  // For the processes of this node

  /** See `ProcessService.call`. */
  call(to: Destination, name: string, payload?: unknown, options: CallOptions = {}): Promise<Value> {
    return this.#caller.call(to, name, payload, options);
  }

  /** See `ProcessService.cast`. */
  cast(to: Destination, name: string, payload?: unknown): void {
    this.#caller.tell('cast', to, name, payload);
  }

  /** See `ProcessService.send`. */
  send(to: Pid, message: unknown): void {
    this.#caller.tell('message', checkedPid(to), '', message);
  }

  /** See `ProcessService.monitor`. */
  monitor(pid: Pid): Observable<ProcessDown> {
    return this.#monitors.monitor(checkedPid(pid));
  }

  /**
   * Gives a living process a mailbox, in which messages wait until it is opened with handlers. A process without one answers
   * calls with `NoHandlerError`.
   */
  mount(process: LocalProcess, options?: MailboxOptions): Mailbox {
    return this.#mailboxes.mount(process, options);
  }

  // For the drain

  /** Messages that wait or are being handled, of anybody. */
  get inFlight(): number {
    return this.#mailboxes.inFlight;
  }

  /** Resolves as soon as nothing is in flight. */
  idle(): Promise<void> {
    return this.#mailboxes.idle();
  }

  /** From now on answers calls of other nodes with a refusal after which they may ask another member. */
  refuse(): void {
    this.#callee.refusing = true;
  }

  /** Ends what waits for others: pending calls with `TransportError`, monitors by completing. Nothing is said any more. */
  close(): void {
    this.#remote.close();
    this.#monitors.close();
    this.#repeater.stopAll();
  }

  // What comes in

  /**
   * Takes a frame whose sender was checked. Never throws: what this version does not write is counted, warned of and dropped.
   *
   * @param reply The address for the answer, below the sender's own; `''` if it wants none.
   */
  receive(kind: ProcessFrameKind, from: NodeIdentity, body: Uint8Array, reply: string): void {
    try {
      this.#receive(kind, from, body, reply);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#surroundings.onWarning(
        'malformed-frame',
        `A ${kind} frame of node '${from.node}' was dropped: ${error.message}`,
      );
    }
  }

  /** A call got no answer because nobody listens there. The number is the token that {@link CallChannel.send} was given. */
  noResponders(token: number): void {
    this.#remote.noResponders(token);
  }

  /** There was a handshake with a node, for the first time or again. */
  peerUp(peer: NodeIdentity): void {
    this.#watches.peerUp(peer);
    this.#watchers.peerUp(peer);
  }

  /** A node left, was lost or was replaced: it is no peer any more. Suspicion alone is no reason. */
  peerRemoved(peer: NodeIdentity): void {
    this.#remote.nodeLost(peer.incarnation);
    this.#callee.nodeLost(peer);
    this.#watches.nodeLost(peer);
    this.#watchers.nodeLost(peer);
  }

  stats(): CallsStats {
    return {
      inFlight: this.#mailboxes.inFlight,
      pending: this.#caller.pending,
      pendingRemote: this.#remote.size,
      serving: this.#callee.serving,
      monitors: this.#monitors.size,
      unacknowledged: this.#repeater.size,
      lateAnswers: this.#remote.lateAnswers,
      finished: { ...this.#caller.finished },
      warnings: { ...this.#warnings },
    };
  }

  #receive(kind: ProcessFrameKind, from: NodeIdentity, body: Uint8Array, reply: string): void {
    switch (kind) {
      case 'call':
        return this.#callee.call(from, body, reply);
      case 'cast':
        return this.#callee.cast(from, body);
      case 'cancel':
        return this.#callee.cancel(from, body);
      case 'reply':
        return this.#reply(from, body);
      case 'watch':
        return this.#watchers.receive(from, decodeWatch(body));
      case 'down':
        return this.#watches.receive(from, decodeDown(body, this.#surroundings));
    }
  }

  #reply(from: NodeIdentity, bytes: Uint8Array): void {
    try {
      this.#remote.answered(from, decodeReply(bytes, this.#surroundings));
    } catch (error) {
      if (error instanceof DecodeError) this.#remote.unreadable(from, replyToken(bytes));
      throw error;
    }
  }

  #ended(process: LocalProcess, reason: unknown): void {
    const { limits, pids } = this.#surroundings;
    const told = reasonValue(reason, (value) => normalValue(value, limits, pids));
    this.#monitors.down(process.pid, told);
    this.#watchers.ended(process, told);
    this.#monitors.completeFor(process);
  }
}

function checkedPid(pid: unknown): Pid {
  if (isPid(pid)) return pid;
  throw new InvalidArgumentError('Expected the Pid of a process.');
}
