import { TAG, writeApplied } from './body';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

/** An ask without answer is repeated after this long, then after twice as long, up to the longest. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;

/** One call of `replicated()`. */
interface PendingCall {
  readonly id: number;
  readonly deadline: number;
}

/** A call whose peers have been asked. */
interface AskedCall extends PendingCall {
  /** The operation that all have to apply. */
  readonly number: number;
  /** Who has not answered yet, by incarnation. */
  readonly waitingFor: Map<string, StreamPeer>;
  askAt: number;
  asks: number;
}

/**
 * Who has applied the own operations: the asker's side of `replicated()`.
 *
 * Every peer that follows the stream at the time of the call is asked, and answers once it has applied that far. A peer that leaves,
 * is removed, stops the scope or starts it anew drops out; one that comes later is not awaited. An answer is never taken back, so it
 * counts for every call up to its number. A call ends in one effect: nobody left, or the names of those who are.
 *
 * Until the scope is announced nobody can be asked: such a call waits, and its time limit runs.
 */
export class Acknowledgements {
  /** When `tick` has something to do. While disconnected nobody is asked, but time limits end. */
  deadline = Infinity;
  readonly #asked = new Map<number, AskedCall>();
  /** Calls from before the announcement. */
  #postponed: PendingCall[] = [];

  readonly #deps: StreamDeps;
  readonly #nodesWithScope: () => readonly string[];

  /** @param nodesWithScope Names of the peers that run the scope, as far as their hellos told */
  constructor(deps: StreamDeps, nodesWithScope: () => readonly string[]) {
    this.#deps = deps;
    this.#nodesWithScope = nodesWithScope;
  }

  /** Asks whether all of `peers` have applied operation `number`. */
  ask(id: number, number: number, peers: Iterable<StreamPeer>, now: number, deadline: number): void {
    const waitingFor = new Map<string, StreamPeer>();
    if (number > 0) for (const peer of peers) waitingFor.set(peer.incarnation, peer);
    const call: AskedCall = { id, number, deadline, waitingFor, askAt: now, asks: 0 };
    this.#asked.set(id, call);
    if (this.#endIfAnswered(call)) this.#reschedule();
    else this.tick(now);
  }

  /** Keeps a call until {@link takePostponed}. */
  postpone(id: number, deadline: number): void {
    this.#postponed.push({ id, deadline });
    this.#reschedule();
  }

  /** Takes out the calls that were postponed. */
  takePostponed(): readonly PendingCall[] {
    const postponed = this.#postponed;
    this.#postponed = [];
    this.#reschedule();
    return postponed;
  }

  /** The peer has applied everything up to `number`. */
  answered(incarnation: string, number: number): void {
    for (const call of this.#asked.values()) {
      if (call.number > number || !call.waitingFor.delete(incarnation)) continue;
      this.#endIfAnswered(call);
    }
    this.#reschedule();
  }

  /** The peer, or its run of the scope, is gone: nobody waits for it. */
  dropOut(incarnation: string): void {
    this.answered(incarnation, Infinity);
  }

  /** The scope stops: ends every call. */
  stop(): void {
    for (const call of this.#asked.values()) this.#end(call);
    for (const call of this.takePostponed()) this.#endPostponed(call);
  }

  /** Ends calls whose time is over, and repeats asks that were not answered. */
  tick(now: number): void {
    if (this.#postponed.some(({ deadline }) => deadline <= now)) this.#endLate(now);
    for (const call of this.#asked.values()) {
      if (call.deadline <= now) this.#end(call);
      else if (call.askAt <= now && this.#deps.budget.online) this.#put(call, now);
    }
    this.#reschedule();
  }

  /** The connection is back: ask at once. */
  connected(now: number): void {
    for (const call of this.#asked.values()) call.askAt = now;
    this.#reschedule();
  }

  /** The connection is gone: asks rest. */
  disconnected(): void {
    this.#reschedule();
  }

  #reschedule(): void {
    const { online } = this.#deps.budget;
    let soonest = Infinity;
    for (const { deadline } of this.#postponed) soonest = Math.min(soonest, deadline);
    for (const { deadline, askAt } of this.#asked.values())
      soonest = Math.min(soonest, deadline, online ? askAt : Infinity);
    this.deadline = soonest;
  }

  #put(call: AskedCall, now: number): void {
    const { scratch, run, output } = this.#deps;
    call.askAt = now + Math.min(FIRST_RETRY_MS * 2 ** call.asks, LONGEST_RETRY_MS);
    call.asks += 1;
    const body = writeApplied(scratch, TAG.appliedAsk, run, call.number);
    for (const peer of call.waitingFor.values()) output.ask(peer, 'applied', body);
  }

  #endIfAnswered(call: AskedCall): boolean {
    if (call.waitingFor.size > 0) return false;
    this.#end(call);
    return true;
  }

  #end({ id, waitingFor }: AskedCall): void {
    this.#asked.delete(id);
    const laggards = Array.from(waitingFor.values(), ({ node }) => node);
    this.#deps.output.replicated(id, laggards, this.#deps.budget.online);
  }

  #endLate(now: number): void {
    const late = this.#postponed.filter(({ deadline }) => deadline <= now);
    this.#postponed = this.#postponed.filter(({ deadline }) => deadline > now);
    for (const call of late) this.#endPostponed(call);
  }

  /** Nobody was asked: none of the nodes that have the scope has answered. */
  #endPostponed({ id }: PendingCall): void {
    this.#deps.output.replicated(id, this.#nodesWithScope(), this.#deps.budget.online);
  }
}
