import { SharedTurns } from '../lifetime';
import { InvalidAnswerError, type Pid, TransportError } from '../term';
import type { Bundle, SentCall } from './frames/sent-call';
import { type CallAttempt, failed, nodeDown, outcomeOfRefusal, unsent } from './call-attempt';
import type { NodeIdentity, SentRequest } from './frames/call-channel';
import type { Reply } from './frames/call-frames';
import type { CallPort } from './frames/call-port';
import { type CallToken, isSameToken, textOfToken } from './frames/call-token';
import type { Cancellable } from './message';
import type { CallsDeps } from './calls-deps';
import type { Peers } from './resolver';

const BITS_32 = 2 ** 32;
/** How often the node of a call without a deadline is asked whether it still has the call. */
const ASK_AGAIN_MS = 15_000;

/** So many calls to lost nodes end in a turn of the event loop at most. */
const ENDS_PER_TURN = 500;

/** Calls that are not replied to, by their number. */
type Pending = Map<number, PendingReply>;

/** Waits for the reply to a call that was sent to another node. */
class PendingReply implements Cancellable, SentCall {
  readonly number: number;
  readonly high: number;
  readonly low: number;
  readonly attempt: CallAttempt;
  bundle: Bundle | undefined;
  /** Whether its node can be asked if it still has it: it is a call, and was sent. */
  isAskable = false;
  /** If it left in a frame of its own. */
  request: SentRequest | undefined;
  readonly #pending: Pending;
  readonly #port: CallPort;

  constructor(number: number, random: () => number, attempt: CallAttempt, pending: Pending, port: CallPort) {
    this.number = number;
    this.high = Math.floor(random() * BITS_32);
    this.low = Math.floor(random() * BITS_32);
    this.attempt = attempt;
    this.#pending = pending;
    this.#port = port;
  }

  cancel(reason: Error): void {
    if (!this.end()) return;
    const cause = reason.name === 'TimeoutError' ? 'timed-out' : 'aborted';
    this.#port.cancel(this.attempt.pid, this, { cause, message: reason.message });
  }

  undelivered(why: 'no-responders' | 'not-connected'): void {
    const { pid } = this.attempt;
    if (this.end())
      this.attempt.end(unsent(why === 'not-connected' ? notConnected(pid) : nodeDown(pid, why)));
  }

  /** Stops waiting. @returns Whether it was waiting */
  end(): boolean {
    if (!this.#pending.delete(this.number)) return false;
    const { bundle } = this;
    if (bundle === undefined) this.request?.cancel();
    else if ((bundle.open -= 1) === 0) this.#port.bundles.delete(bundle.number);
    return true;
  }
}

/**
 * Calls of this node's processes that other nodes have not replied to. Each has a token, which comes back with its reply: a number that
 * is never used twice, and 64 random bits, so that no reply can be made up.
 */
export class CallsToPeers {
  /** Replies that came when nobody waited any more, or from a node that was not asked. */
  lateReplies = 0;
  readonly #pending: Pending = new Map();
  readonly #port: CallPort;
  readonly #peers: Peers;
  readonly #random: () => number;
  /** When callers are told that a node is lost. */
  readonly #ends: SharedTurns;
  #lastNumber = 0;

  constructor(
    port: CallPort,
    { peers, random, timers, onWarning }: Pick<CallsDeps, 'peers' | 'random' | 'timers' | 'onWarning'>,
  ) {
    this.#port = port;
    const onError = (error: unknown): void =>
      onWarning('handler-failed', 'The end of a call to a lost node failed', error);
    this.#ends = new SharedTurns({ timers, onError, mostPerTurn: ENDS_PER_TURN });
    this.#peers = peers;
    this.#random = random;
  }

  /** Calls that are not replied to yet. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Sends a call, or asks for the end of a process. The attempt may end before this returns, and is not ended any more after a cancel.
   *
   * @param what Which of the two.
   */
  ask(attempt: CallAttempt, what: 'call' | 'exit' = 'call'): Cancellable {
    const { pid } = attempt;
    const number = (this.#lastNumber += 1);
    const pending = new PendingReply(number, this.#random, attempt, this.#pending, this.#port);
    if (this.#peers.availability(pid) === 'unknown') {
      attempt.end(unsent(nodeDown(pid, 'unknown')));
      return pending;
    }
    this.#pending.set(number, pending);
    try {
      this.#port[what](pending);
      pending.isAskable = what === 'call';
      // Nothing else would end it if its answer is lost and nobody notices that a connection was.
      if (pending.isAskable && attempt.message.deadline === undefined)
        attempt.every(ASK_AGAIN_MS, () => this.#port.askAgain(pid, pending));
    } catch (error) {
      pending.end();
      attempt.end(failed(error));
    }
    return pending;
  }

  /** A node can be reached again: answers that it sent meanwhile are lost. Asks it which calls it still has; it replies to all others. */
  askAgain({ incarnation }: NodeIdentity): void {
    for (const pending of this.#pending.values()) {
      const { pid } = pending.attempt;
      if (pending.isAskable && pid.incarnation === incarnation) this.#port.askAgain(pid, pending);
    }
  }

  /** The broker does not permit this node to end processes of a node: ends what it asked for, and nothing has happened. */
  exitRefused(node: string): void {
    for (const pending of this.#pending.values()) {
      const { pid } = pending.attempt;
      if (!pending.isAskable && pid.node === node && pending.end())
        pending.attempt.end(unsent(exitForbidden(pid)));
    }
  }

  /**
   * Ends calls to a node that is gone, in several turns of the event loop if they are many: what was asked of it may or may not have been
   * executed.
   */
  nodeLost({ node, incarnation }: NodeIdentity): void {
    const lost: PendingReply[] = [];
    for (const pending of this.#pending.values())
      if (pending.attempt.pid.incarnation === incarnation) lost.push(pending);
    this.#ends.each(node, lost.values(), (pending) => {
      // One that waited for its turn may have got its answer.
      if (pending.end()) pending.attempt.end(failed(nodeDown(pending.attempt.pid, 'lost')));
    });
  }

  /** Ends all calls, because this node leaves the cluster. */
  close(): void {
    const error = new TransportError(
      'This node left the cluster before the answer came. The call may have been executed.',
    );
    for (const pending of this.#pending.values()) giveUp(pending, error);
  }

  // What comes in

  /** Takes a reply. */
  reply(from: NodeIdentity, token: CallToken, reply: Reply): void {
    const pending = this.#pending.get(token.number);
    if (pending === undefined || pending.high !== token.high || pending.low !== token.low) {
      this.lateReplies += 1;
      return;
    }
    const { attempt } = pending;
    const { pid } = attempt;
    // Only the process's own node may reply; for a pid of an earlier incarnation, the present one says that it is stale.
    const mayReply = from.incarnation === pid.incarnation || reply.type === 'stale';
    if (!mayReply || from.node !== pid.node) {
      this.lateReplies += 1;
      return;
    }
    pending.end();
    attempt.end(reply.type === 'result' ? reply : outcomeOfRefusal(reply, pid));
  }

  /** Takes a reply of version 1, which has the call's number alone. @param subjectToken Of the subject that it came on: the whole token. */
  replyOfVersion1(from: NodeIdentity, number: number, subjectToken: string, reply: Reply): void {
    const pending = this.#pending.get(number);
    if (pending?.request === undefined || subjectToken !== textOfToken(pending)) this.lateReplies += 1;
    else this.reply(from, pending, reply);
  }

  /** Takes a reply whose value this node does not accept. @param subjectToken Of a reply of version 1, as above. */
  undecodable(from: NodeIdentity, token: CallToken | number, subjectToken: string): void {
    const pending = this.#pending.get(typeof token === 'number' ? token : token.number);
    if (pending === undefined || !isOwner(from, pending.attempt.pid)) return;
    const isBound =
      typeof token === 'number' ? subjectToken === textOfToken(pending) : isSameToken(pending, token);
    if (!isBound || !pending.end()) return;
    const message =
      'The answer is no value, or larger or deeper than this node accepts. The call was executed.';
    pending.attempt.end(failed(new InvalidAnswerError(message)));
  }
}

function isOwner(from: NodeIdentity, { node, incarnation }: Pid): boolean {
  return from.incarnation === incarnation && from.node === node;
}

function notConnected(pid: Pid): TransportError {
  return new TransportError(`This node is not connected; ${pid} was not called.`);
}

function giveUp(pending: PendingReply, error: Error): void {
  pending.end();
  pending.attempt.end(failed(error));
}

function exitForbidden(pid: Pid): TransportError {
  return new TransportError(
    `The broker does not permit this node to end processes of other nodes (its permissions lack 'exit'). ${pid} was not ended.`,
  );
}
