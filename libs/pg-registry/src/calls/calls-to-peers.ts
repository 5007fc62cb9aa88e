import { InvalidAnswerError, TransportError } from '../term';
import { type CallAttempt, failed, nodeDown, outcomeOfRefusal, unsent } from './call-attempt';
import type { NodeIdentity } from './call-channel';
import type { ReplyBody } from './call-frames';
import type { CallPort } from './call-port';
import type { Cancellable } from './message';
import type { Peers } from './resolver';

/** Waits for the reply to a call that was sent to another node. */
class PendingReply implements Cancellable {
  readonly token: number;
  readonly attempt: CallAttempt;
  readonly #pending: Map<number, PendingReply>;
  readonly #port: CallPort;

  constructor(token: number, attempt: CallAttempt, pending: Map<number, PendingReply>, port: CallPort) {
    this.token = token;
    this.attempt = attempt;
    this.#pending = pending;
    this.#port = port;
  }

  cancel(reason: Error): void {
    const { token, attempt } = this;
    if (!this.#pending.delete(token)) return;
    const cause = reason.name === 'TimeoutError' ? 'timed-out' : 'aborted';
    this.#port.cancel(attempt.pid.node, { token, cause, message: reason.message });
  }
}

/**
 * Calls of this node's processes that other nodes have not replied to. All replies come to one address; a small number, the token,
 * tells which call each belongs to, and is never used twice.
 */
export class CallsToPeers {
  /** Replies that came when nobody waited any more. */
  lateReplies = 0;
  readonly #pending = new Map<number, PendingReply>();
  readonly #port: CallPort;
  readonly #peers: Peers;
  #lastToken = 0;

  constructor(port: CallPort, peers: Peers) {
    this.#port = port;
    this.#peers = peers;
  }

  /** Calls that are not replied to yet. */
  get size(): number {
    return this.#pending.size;
  }

  /** Sends a call. The attempt may end before this returns, and is not ended any more after a cancel. */
  ask(attempt: CallAttempt): Cancellable {
    const { pid, message } = attempt;
    const token = (this.#lastToken += 1);
    const pending = new PendingReply(token, attempt, this.#pending, this.#port);
    if (this.#peers.availability(pid) === 'unknown') {
      attempt.end(unsent(nodeDown(pid, 'unknown')));
      return pending;
    }
    this.#pending.set(token, pending);
    try {
      if (this.#port.request(pid, message, token)) return pending;
      attempt.end(unsent(new TransportError(`This node is not connected; ${pid} was not called.`)));
    } catch (error) {
      attempt.end(failed(error));
    }
    this.#pending.delete(token);
    return pending;
  }

  /** Ends calls to a node that is gone: what was asked of it may or may not have been executed. */
  nodeLost({ incarnation }: NodeIdentity): void {
    for (const pending of this.#pending.values()) {
      const { pid } = pending.attempt;
      if (pid.incarnation === incarnation) this.#giveUp(pending, nodeDown(pid, 'lost'));
    }
  }

  /** Ends all calls, because this node leaves the cluster. */
  close(): void {
    const error = new TransportError(
      'This node left the cluster before the answer came. The call may have been executed.',
    );
    for (const pending of this.#pending.values()) this.#giveUp(pending, error);
  }

  // What comes in

  /** Takes a reply. */
  reply(from: NodeIdentity, { token, reply }: ReplyBody): void {
    const attempt = this.#pending.get(token)?.attempt;
    // Only the process's own node may reply; for a pid of an earlier incarnation, the present one says that it is stale.
    const isOwner = reply.type === 'stale' || from.incarnation === attempt?.pid.incarnation;
    if (attempt === undefined || from.node !== attempt.pid.node || !isOwner) {
      this.lateReplies += 1;
      return;
    }
    this.#pending.delete(token);
    attempt.end(reply.type === 'result' ? reply : outcomeOfRefusal(reply, attempt.pid));
  }

  /** Takes a reply whose value this node does not accept. */
  undecodable(from: NodeIdentity, token: number): void {
    const attempt = this.#pending.get(token)?.attempt;
    if (attempt?.pid.node !== from.node) return;
    this.#pending.delete(token);
    const message =
      'The answer is no value, or larger or deeper than this node accepts. The call was executed.';
    attempt.end(failed(new InvalidAnswerError(message)));
  }

  /** Nobody listens where the call was sent, so it was not delivered. */
  noResponders(token: number): void {
    const attempt = this.#pending.get(token)?.attempt;
    this.#pending.delete(token);
    attempt?.end(unsent(nodeDown(attempt.pid, 'no-responders')));
  }

  #giveUp({ token, attempt }: PendingReply, error: Error): void {
    this.#port.forget(token);
    this.#pending.delete(token);
    attempt.end(failed(error));
  }
}
