import { SharedTurns } from '../lifetime';
import { boundedText, type Pid, quoteText, type Value } from '../term';
import { type NodeIdentity, type ReceivedFrame, tooLargeForFrame } from './frames/call-channel';
import type { Cancellation, Reply, Request } from './frames/call-frames';
import type { CallPort } from './frames/call-port';
import { FULL_BYTES } from './frames/line';
import type { ReplyAddress } from './frames/frame-receivers';
import { type CallToken, isSameToken } from './frames/call-token';
import type { CallsDeps } from './calls-deps';
import { ReplyTurns } from './delivery/reply-turns';
import type { Exits } from './exits';
import type { ExitBody } from './frames/exit-frames';
import { cancelled, timedOut } from './handler-context';
import type { Mailboxes } from './mailboxes';
import type { Cancellable, HandlerOutcome, OutcomeReceiver } from './message';
import { normalAnswer, unsentAnswer } from './payload';
import { DEFAULT_CALL_LIMITS, type PeerLoad, PeerLoads } from './peer-load';

/** The calls of one node that are not replied to, by their number there. */
interface CallsOfNode {
  readonly from: NodeIdentity;
  readonly byNumber: Map<number, IncomingCall>;
  /** When the first of them came. */
  readonly since: number;
  /** If so it is told when the node is gone; the calls of any other node are forgotten with the last of them. */
  readonly isPeer: boolean;
}

/** By the caller's incarnation. */
type Unanswered = Map<string, CallsOfNode>;

/** What an {@link IncomingCall} needs. */
interface IncomingCallDeps {
  readonly unanswered: Unanswered;
  readonly port: CallPort;
  readonly calls: CallsDeps;
  /** When replies are written. */
  readonly replies: ReplyTurns;
}

/** How much of why a caller gave up its handler hears, and holds as long as it runs. */
const MOST_REASON_CHARACTERS = 256;
/** How long calls of a node that does not become a peer are worked on. */
const STRANGER_MS = 15_000;

/** A call of a process of another node, from its frame to the reply. */
class IncomingCall implements OutcomeReceiver, ReplyAddress {
  readonly to: NodeIdentity;
  readonly address: string;
  readonly number: number;
  readonly high: number;
  readonly low: number;
  /** Undefined while it is being delivered. */
  delivered: Cancellable | undefined;
  /** What is counted of the caller's node. */
  load: PeerLoad | undefined;
  /** The caller waits no longer: there is no reply. */
  isCancelled = false;
  readonly #name: string;
  readonly #to: Pid;
  readonly #deps: IncomingCallDeps;

  constructor(
    { from, reply }: ReceivedFrame,
    token: CallToken,
    { to, message }: Request,
    deps: IncomingCallDeps,
  ) {
    this.to = from;
    this.address = reply;
    this.number = token.number;
    this.high = token.high;
    this.low = token.low;
    this.#name = message.name;
    this.#to = to;
    this.#deps = deps;
  }

  /** Replies, perhaps in a later turn. Until then the caller may ask again, and hears that the call is here. */
  settled(outcome: HandlerOutcome): void {
    const { replies } = this.#deps;
    if (this.load === undefined || this.isCancelled || replies.mayWrite()) this.#reply(outcome);
    else replies.later(this.to.node, this.load, () => this.#reply(outcome));
  }

  /** Takes the call off the list of those that are to be replied to, and replies, unless the caller does not wait any more. */
  #reply(outcome: HandlerOutcome): void {
    const { unanswered, port, calls } = this.#deps;
    const ofNode = unanswered.get(this.to.incarnation);
    if (ofNode?.byNumber.delete(this.number) !== true) return; // its node was lost
    if (ofNode.byNumber.size === 0 && !ofNode.isPeer) unanswered.delete(this.to.incarnation);
    if (this.isCancelled) return;
    if (outcome.type === 'error') return port.replyError(this, outcome.error, outcome.executed);
    try {
      const value = normalAnswer(outcome.value, this.#name, calls);
      const bytes = port.reply(this, { type: 'result', value });
      if (bytes > 0)
        this.#unsent(tooLargeForFrame('The answer', bytes, calls.channel.limits, 'The handler ran.'));
    } catch (cause) {
      this.#unsent(cause);
    }
  }

  /** The handler ran, and its caller cannot get what it returned. */
  #unsent(cause: unknown): void {
    const { port, calls } = this.#deps;
    // To find that out may have taken as long as to write it.
    port.repliedBytes += FULL_BYTES;
    const error = unsentAnswer(this.#name, cause);
    calls.onWarning('invalid-answer', String(this.#to), error);
    port.replyError(this, error, true);
  }
}

/** Calls and casts of other nodes to processes of this node: hands them to mailboxes, and replies to calls. */
export class CallsFromPeers {
  /** New calls get the reply `draining`; casts and messages, which nobody could send elsewhere, are still taken. */
  refusing = false;
  readonly #unanswered: Unanswered = new Map();
  readonly #loads: PeerLoads;
  /** What is replied to a call of a node that has too many. */
  readonly #refusal: Reply;
  readonly #deps: CallsDeps;
  readonly #port: CallPort;
  readonly #mailboxes: Mailboxes;
  readonly #exits: Exits;
  readonly #callDeps: IncomingCallDeps;
  /** When handlers are told that nobody waits: what they do then may take long, and ten thousand of them took 0.1 s. */
  readonly #turns: SharedTurns;
  #cancelSweep: (() => void) | undefined;

  constructor(deps: CallsDeps, port: CallPort, mailboxes: Mailboxes, exits: Exits) {
    this.#deps = deps;
    this.#port = port;
    this.#mailboxes = mailboxes;
    this.#exits = exits;
    const onError = (error: unknown): void =>
      deps.onWarning('handler-failed', 'A handler failed when its caller waited no longer', error);
    this.#turns = new SharedTurns({ timers: deps.timers, onError });
    const replies = new ReplyTurns({
      timers: deps.timers,
      hold: deps.channel.congestion,
      written: () => port.repliedBytes,
      onWaiting: (change) => mailboxes.count(change),
      onError: (error) => deps.onWarning('handler-failed', 'The reply to a call failed', error),
    });
    this.#callDeps = { unanswered: this.#unanswered, port, calls: deps, replies };
    this.#loads = new PeerLoads(deps.node, deps.callLimits ?? DEFAULT_CALL_LIMITS);
    this.#refusal = { type: 'error', executed: false, error: this.#loads.refusal() };
  }

  /** Calls of other nodes that are not replied to yet. */
  get size(): number {
    let count = 0;
    for (const { byNumber } of this.#unanswered.values()) count += byNumber.size;
    return count;
  }

  /** Takes a call. One that comes twice is executed once, at least until it is replied to. */
  call(frame: ReceivedFrame, token: CallToken, request: Request): void {
    const { from } = frame;
    const { to, message, bytes } = request;
    const call = new IncomingCall(frame, token, request, this.#callDeps);
    if (to.incarnation !== this.#deps.incarnation) return void this.#port.reply(call, { type: 'stale' });
    if (this.refusing) return void this.#port.reply(call, { type: 'draining' });
    let ofNode = this.#unanswered.get(from.incarnation);
    if (ofNode?.byNumber.has(token.number)) return;
    const load = this.#loads.admit(frame, bytes);
    if (load === undefined) {
      this.#warnOfRefusal(from);
      return void this.#port.reply(call, this.#refusal);
    }
    if (ofNode === undefined) {
      const { isFromPeer: isPeer } = frame;
      ofNode = { from, byNumber: new Map(), since: this.#deps.timers.now(), isPeer };
      this.#unanswered.set(from.incarnation, ofNode);
      if (!isPeer) this.#sweepLater();
    }
    call.load = load;
    // Set first: the outcome may come before deliver() returns.
    ofNode.byNumber.set(token.number, call);
    call.delivered = this.#mailboxes.deliver(to, message, call, load, bytes);
  }

  /** Takes a cast or a message. */
  cast(frame: ReceivedFrame, { to, message, bytes }: Request): void {
    const { onWarning, incarnation } = this.#deps;
    const { from } = frame;
    if (to.incarnation !== incarnation) {
      return onWarning(
        'undelivered',
        `A ${message.kind} from node ${quoteText(from.node)} was for an earlier incarnation of this node.`,
      );
    }
    const load = this.#loads.admit(frame, bytes);
    if (load === undefined) return this.#warnOfRefusal(from);
    this.#mailboxes.tell(to, message, load, bytes);
  }

  /** Ends a process of this node, or does what it is ordered, and says so. */
  exit({ from }: ReceivedFrame, { token, incarnation, id, reason }: ExitBody): void {
    const { node, pids } = this.#deps;
    const address = { ...token, to: from, address: '' };
    if (incarnation !== this.#deps.incarnation) return void this.#port.reply(address, { type: 'stale' });
    const reply = (value: Value): void => void this.#port.reply(address, { type: 'result', value });
    try {
      const result = this.#exits.run(pids.intern(node, incarnation, id), reason, from.node);
      if (!(result instanceof Promise)) return reply(result);
      result.then(reply).catch((error: unknown) => this.#port.replyError(address, error, true));
    } catch (error) {
      this.#port.replyError(address, error, false);
    }
  }

  /** Refuses a call that cannot be decoded: its value may be larger or deeper than this node accepts. */
  undecodable(frame: ReceivedFrame, token: CallToken): void {
    this.#port.replyUnreadable({ ...token, to: frame.from, address: frame.reply });
  }

  /** Takes the news that the caller waits no longer. */
  cancel(from: NodeIdentity, token: CallToken, { cause, message }: Cancellation): void {
    const found = this.#unanswered.get(from.incarnation)?.byNumber.get(token.number);
    const call = found !== undefined && isSameToken(found, token) ? found : undefined;
    if (cause === 'asked-again') {
      // A reply that is on its way was sent before this one, so it arrives before.
      if (call === undefined) this.#port.replyLost(from, token);
      return;
    }
    if (call === undefined || call.isCancelled) return;
    call.isCancelled = true;
    // Outside of the function: V8 keeps what a function refers to with the stack of an error that it makes.
    const why = boundedText(message, MOST_REASON_CHARACTERS);
    this.#turns.run(from.node, () =>
      call.delivered?.cancel(cause === 'timed-out' ? timedOut() : cancelled(why)),
    );
  }

  /** Cancels the calls of a node that is gone, in several turns of the event loop if they are many. */
  nodeLost({ node, incarnation }: NodeIdentity): void {
    const calls = this.#unanswered.get(incarnation)?.byNumber;
    if (calls === undefined) return;
    this.#unanswered.delete(incarnation);
    const reason = cancelled(`The caller's node '${node}' was lost.`);
    for (const { delivered } of calls.values()) this.#turns.run(node, () => delivered?.cancel(reason));
  }

  /** Stops waiting for strangers to become peers. */
  close(): void {
    this.#cancelSweep?.();
  }

  #warnOfRefusal({ node }: NodeIdentity): void {
    this.#deps.onWarning(
      'too-many-messages',
      `Messages of node ${quoteText(node)} were refused: too many of it are being handled (options maxCallsPerPeer, maxCallBytesPerPeer).`,
    );
  }

  /** Nobody tells when a node is gone that never was a peer, so its calls are cancelled after a while. */
  #sweepLater(): void {
    this.#cancelSweep ??= this.#deps.timers.setTimer(STRANGER_MS, () => {
      this.#cancelSweep = undefined;
      const { timers, peers } = this.#deps;
      const latest = timers.now() - STRANGER_MS;
      for (const { from, since } of this.#unanswered.values()) {
        if (peers.availability(from) !== 'unknown') continue;
        if (since <= latest) this.nodeLost(from);
        else this.#sweepLater();
      }
    });
  }
}
