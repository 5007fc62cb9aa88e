import { InvalidValueError, TransportError, ValueTooLargeError, type Pid } from '../term';
import type { NodeIdentity } from './call-channel';
import { encodeCancel, encodeRequest, type ReplyBody } from './call-frames';
import type { CallsSurroundings } from './calls-surroundings';
import type { Message } from './delivery';
import type { Cancel } from './mailboxes';
import { failed, nodeDown, outcomeOf, unsent, type Outcome } from './outcome';

/** Who waits for the answer of which process. */
interface PendingCall {
  readonly to: Pid;
  settle(outcome: Outcome): void;
}

/**
 * The asking side towards other nodes: frames out, answers in. All answers come to one address; a small number that is
 * never used twice tells which call each belongs to.
 */
export class RemoteCalls {
  readonly #pending = new Map<number, PendingCall>();
  #lastToken = 0;
  #lateAnswers = 0;

  readonly #surroundings: CallsSurroundings;

  constructor(surroundings: CallsSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Calls that are not answered yet. */
  get size(): number {
    return this.#pending.size;
  }

  /** Answers that came when nobody waited any more. */
  get lateAnswers(): number {
    return this.#lateAnswers;
  }

  /** Asks a process of another node. `settle` is called at most once, perhaps before this returns, and never after a cancel. */
  ask(pid: Pid, message: Message, settle: (outcome: Outcome) => void): Cancel {
    const { channel, resolver } = this.#surroundings;
    const token = (this.#lastToken += 1);
    this.#pending.set(token, { to: pid, settle });
    if (resolver.standing(pid) === 'unknown') this.#settle(token, unsent(nodeDown(pid, 'unknown')));
    else this.#send(token, pid, message);
    return (reason) => {
      if (!this.#pending.delete(token)) return;
      channel.forget(token);
      const cause = reason.name === 'TimeoutError' ? 'timed-out' : 'aborted';
      channel.send('cancel', pid.node, encodeCancel({ token, cause, message: reason.message }));
    };
  }

  /**
   * Hands a cast or message to a process of another node.
   *
   * @returns False if the node is not connected.
   * @throws ValueTooLargeError if it does not fit into a frame.
   */
  tell(pid: Pid, message: Message): boolean {
    return this.#surroundings.channel.send('cast', pid.node, this.#encode(pid, message, 0));
  }

  /** Takes an answer. */
  answered(from: NodeIdentity, body: ReplyBody): void {
    const to = this.#asked(from, body.token);
    // An earlier incarnation's pid is answered by the present one; everything else only by the process's own node.
    const isOwner = body.type === 'stale' || to?.incarnation === from.incarnation;
    if (to !== undefined && isOwner) this.#settle(body.token, outcomeOf(body, to));
    else this.#lateAnswers += 1;
  }

  /** Takes an answer whose value this node does not accept. */
  unreadable(from: NodeIdentity, token: number): void {
    const message =
      'The answer is no value, or larger or deeper than this node accepts. The call was executed.';
    if (this.#asked(from, token) !== undefined) this.#settle(token, failed(new InvalidValueError(message)));
  }

  /** Nobody listens where the call was sent to, so it was not delivered. */
  noResponders(token: number): void {
    const call = this.#pending.get(token);
    if (call !== undefined) this.#settle(token, unsent(nodeDown(call.to, 'no-responders')));
  }

  /** The node is gone: what was asked of it may or may not have been executed. */
  nodeLost(incarnation: string): void {
    for (const [token, { to }] of this.#pending) {
      if (to.incarnation === incarnation) this.#giveUp(token, nodeDown(to, 'lost'));
    }
  }

  /** This node leaves the cluster. */
  close(): void {
    const error = new TransportError(
      'This node left the cluster before the answer came. The call may have been executed.',
    );
    for (const token of this.#pending.keys()) this.#giveUp(token, error);
  }

  /** Ends a call whose answer does not come any more. */
  #giveUp(token: number, error: Error): void {
    this.#surroundings.channel.forget(token);
    this.#settle(token, failed(error));
  }

  #send(token: number, pid: Pid, message: Message): void {
    try {
      const sent = this.#surroundings.channel.send(
        'call',
        pid.node,
        this.#encode(pid, message, token),
        token,
      );
      if (sent) return;
      this.#settle(token, unsent(new TransportError(`This node is not connected; ${pid} was not called.`)));
    } catch (error) {
      this.#settle(token, failed(error));
    }
  }

  /** Whom a call asked, if it was a process of this node. */
  #asked({ node }: NodeIdentity, token: number): Pid | undefined {
    const call = this.#pending.get(token);
    return call?.to.node === node ? call.to : undefined;
  }

  #settle(token: number, outcome: Outcome): void {
    const call = this.#pending.get(token);
    this.#pending.delete(token);
    call?.settle(outcome);
  }

  #encode(pid: Pid, message: Message, token: number): Uint8Array {
    const { timers, channel } = this.#surroundings;
    const { kind, name, payload, headers, trace, deadline, caller } = message;
    const { incarnation, id } = pid;
    const remainingMs = deadline === Infinity ? 0 : Math.max(1, Math.ceil(deadline - timers.now()));
    const request = {
      kind,
      incarnation,
      id,
      callerId: caller.id,
      token,
      remainingMs,
      name,
      headers,
      trace,
      payload,
    };
    const body = encodeRequest(request);
    if (body.length <= channel.maxBodyBytes) return body;
    throw new ValueTooLargeError(
      `What is sent with '${name}' takes ${body.length} bytes; a frame has ${channel.maxBodyBytes}. Nothing was sent.`,
    );
  }
}
