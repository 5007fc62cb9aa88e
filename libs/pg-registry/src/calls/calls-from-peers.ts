import { quoteText, type Pid } from '../term';
import type { NodeIdentity } from './call-channel';
import type { CancelBody, RequestBody } from './call-frames';
import type { CallPort, ReplyAddress } from './call-port';
import type { CallsDeps } from './calls-deps';
import { cancelled, timedOut } from './handler-context';
import type { Mailboxes } from './mailboxes';
import type { Cancellable, HandlerOutcome, OutcomeReceiver } from './message';
import { normalAnswer, unsentAnswer } from './payload';

/** Calls that are not replied to, by the caller's incarnation and token. */
type Unanswered = Map<string, Map<number, IncomingCall>>;

/** What an {@link IncomingCall} needs. */
interface IncomingCallDeps {
  readonly unanswered: Unanswered;
  readonly port: CallPort;
  readonly calls: CallsDeps;
}

/** A call of a process of another node, from its frame to the reply. */
class IncomingCall implements OutcomeReceiver, ReplyAddress {
  readonly node: string;
  readonly address: string;
  readonly token: number;
  /** Undefined while it is being delivered. */
  delivered: Cancellable | undefined;
  /** The caller waits no longer: there is no reply. */
  isCancelled = false;
  readonly #incarnation: string;
  readonly #name: string;
  readonly #to: Pid;
  readonly #deps: IncomingCallDeps;

  constructor(
    from: NodeIdentity,
    { to, token, message }: RequestBody,
    address: string,
    deps: IncomingCallDeps,
  ) {
    this.node = from.node;
    this.address = address;
    this.token = token;
    this.#incarnation = from.incarnation;
    this.#name = message.name;
    this.#to = to;
    this.#deps = deps;
  }

  /** Takes the call off the list of those that are to be replied to, and replies, unless the caller does not wait any more. */
  settled(outcome: HandlerOutcome): void {
    const { unanswered, port, calls } = this.#deps;
    const ofNode = unanswered.get(this.#incarnation);
    if (ofNode?.delete(this.token) !== true) return; // its node was lost
    if (ofNode.size === 0) unanswered.delete(this.#incarnation);
    if (this.isCancelled) return;
    if (outcome.type === 'error') return port.replyError(this, outcome.error, outcome.executed);
    try {
      port.reply(this, { type: 'result', value: normalAnswer(outcome.value, this.#name, calls) });
    } catch (cause) {
      const error = unsentAnswer(this.#name, cause);
      calls.onWarning('invalid-answer', String(this.#to), error);
      port.replyError(this, error, true);
    }
  }
}

/** Calls and casts of other nodes to processes of this node: hands them to mailboxes, and replies to calls. */
export class CallsFromPeers {
  /** New calls get the reply `draining`; casts and messages, which nobody could send elsewhere, are still taken. */
  refusing = false;
  readonly #unanswered: Unanswered = new Map();
  readonly #deps: CallsDeps;
  readonly #port: CallPort;
  readonly #mailboxes: Mailboxes;
  readonly #callDeps: IncomingCallDeps;

  constructor(deps: CallsDeps, port: CallPort, mailboxes: Mailboxes) {
    this.#deps = deps;
    this.#port = port;
    this.#mailboxes = mailboxes;
    this.#callDeps = { unanswered: this.#unanswered, port, calls: deps };
  }

  /** Calls of other nodes that are not replied to yet. */
  get size(): number {
    let count = 0;
    for (const calls of this.#unanswered.values()) count += calls.size;
    return count;
  }

  /** Takes a `call` frame. A frame that comes twice is executed once, at least until the call is replied to. */
  call(from: NodeIdentity, request: RequestBody, address: string): void {
    const call = new IncomingCall(from, request, address, this.#callDeps);
    const { to, token, message } = request;
    if (to.incarnation !== this.#deps.incarnation) return this.#port.reply(call, { type: 'stale' });
    if (this.refusing) return this.#port.reply(call, { type: 'draining' });
    let calls = this.#unanswered.get(from.incarnation);
    if (calls === undefined) this.#unanswered.set(from.incarnation, (calls = new Map()));
    if (calls.has(token)) return;
    // Set first: the outcome may come before deliver() returns.
    calls.set(token, call);
    call.delivered = this.#mailboxes.deliver(to, message, call);
  }

  /** Takes a `cast` frame: a cast or a message. */
  cast(from: NodeIdentity, { to, message }: RequestBody): void {
    const { onWarning, incarnation } = this.#deps;
    if (to.incarnation === incarnation) return this.#mailboxes.tell(to, message);
    onWarning(
      'undelivered',
      `A ${message.kind} from node ${quoteText(from.node)} was for an earlier incarnation of this node.`,
    );
  }

  /** Takes a `cancel` frame. */
  cancel(from: NodeIdentity, { token, cause, message }: CancelBody): void {
    const call = this.#unanswered.get(from.incarnation)?.get(token);
    if (call === undefined) return;
    call.isCancelled = true;
    call.delivered?.cancel(cause === 'timed-out' ? timedOut() : cancelled(message));
  }

  /** Cancels the calls of a node that is gone. */
  nodeLost({ node, incarnation }: NodeIdentity): void {
    const calls = this.#unanswered.get(incarnation);
    this.#unanswered.delete(incarnation);
    for (const { delivered } of calls?.values() ?? []) {
      delivered?.cancel(cancelled(`The caller's node '${node}' was lost.`));
    }
  }
}
