import { SentOnce } from '../cluster';
import { type RepairAsk, type Tail, writeTail } from './body';
import { Bundler } from './bundle';
import type { OperationRing, RecentBody } from './operation-ring';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

/** Asks of three peers for the same body within this time mean that many lost it: then it is broadcast, once. */
const CROWD_WINDOW_MS = 50;
const CROWD = 3;

/** An answer ends with the operation that brings it to this many bytes; an asker that needs more asks again from there. */
const ANSWER_BYTES = 256 * 1024;

/** An asker that asks for the same again within this time has not got the answer yet: this node, or the network, stood still. */
const REPEAT_MS = 25;

/** The latest answer to an asker. */
interface Answered {
  readonly from: number;
  readonly at: number;
  readonly sent: SentOnce;
}

/**
 * The owner's side of a repair: sends own operations again to peers that missed them, see `gap-repair.ts` for the asker's side.
 *
 * An ask within the ring is answered with the bodies themselves, bundled, to the asker, or to everybody when several lost the same.
 * An answer ends with the tail, which says what this stream can repair: the asker knows that nothing more comes, and asks for the
 * rest without waiting. An ask for something older or newer than the ring is answered with the tail alone: the asker then syncs, or
 * learns that there is nothing to repair. While the connection is not open, the latest ask of each peer waits.
 */
export class RepairResponder {
  readonly #answered = new Map<string, Answered>();
  readonly #waiting = new Map<string, { readonly peer: StreamPeer; readonly ask: RepairAsk }>();

  readonly #deps: StreamDeps;
  readonly #ring: OperationRing;

  constructor(deps: StreamDeps, ring: OperationRing) {
    this.#deps = deps;
    this.#ring = ring;
  }

  /** A peer asks. */
  answer(peer: StreamPeer, ask: RepairAsk, now: number): void {
    const { from } = ask;
    if (!this.#deps.budget.open) {
      this.#waiting.set(peer.incarnation, { peer, ask });
      return this.#deps.output.count('repairs-put-off');
    }
    if (this.#hasAnswered(peer, from, now)) return this.#deps.output.count('repairs-repeated');
    const toAsker = this.#bundler((body) => this.#deps.output.send(peer, 'repair', body));
    const toAll = this.#bundler((body) => this.#deps.output.broadcast(body));
    if (from < this.#ring.oldest || from >= this.#ring.end) this.#deps.output.count('repairs-impossible');
    else {
      for (const recent of this.#bodiesFor(peer, ask, now)) {
        const isCrowd = countAsk(recent, peer, now);
        (isCrowd ? toAll : toAsker).add(recent.body);
        this.#deps.output.count(isCrowd ? 'repairs-broadcast' : 'repairs');
      }
    }
    toAsker.add(writeTail(this.#deps.scratch, this.#deps.run, this.tail()));
    toAll.flush();
    toAsker.flush();
  }

  /** What this stream can repair: the last operation that was sent, and the oldest that is still here. */
  tail(): Tail {
    return { oldest: this.#ring.oldest, last: this.#ring.end - 1 };
  }

  /** Answers those who wait, as far as the connection takes it. */
  serve(now: number): void {
    for (const [incarnation, { peer, ask }] of this.#waiting) {
      if (!this.#deps.budget.open) return;
      this.#waiting.delete(incarnation);
      this.answer(peer, ask, now);
    }
  }

  /** The peer is gone. */
  forget(incarnation: string): void {
    this.#answered.delete(incarnation);
    this.#waiting.delete(incarnation);
  }

  /** The connection is gone: a peer that still lacks something asks again. */
  disconnected(): void {
    this.#answered.clear();
    this.#waiting.clear();
  }

  /** The bodies that are sent to an asker at a time: what it has had before, only as far as its allowance goes. */
  *#bodiesFor({ incarnation }: StreamPeer, { from, to }: RepairAsk, now: number): Iterable<RecentBody> {
    const sent = this.#answered.get(incarnation)?.sent;
    let bytes = 0;
    let operation = 0;
    for (const recent of this.#ring.between(from, to)) {
      // Parts of one operation are worth nothing alone: an answer never ends between them.
      if (bytes >= ANSWER_BYTES && recent.first !== operation) return;
      // Already on its way to everybody: the asker had not got it when it asked.
      if (now - recent.repeatedAt < CROWD_WINDOW_MS) continue;
      const before = recent.first === operation ? operation : recent.first - 1; // further parts are new, too
      if (sent?.take(before, recent.last, recent.body.length, now) === false) {
        this.#deps.output.count('answers-refused');
        return;
      }
      operation = recent.first;
      bytes += recent.body.length;
      yield recent;
    }
  }

  #bundler(send: (body: Uint8Array) => void): Bundler {
    return new Bundler(this.#deps.run, this.#deps.budget.maxBodyBytes, (body) => {
      send(body);
      this.#deps.budget.published(body.length);
    });
  }

  /** Takes note of the ask. Who asks for something else, or waits as long as an asker does, is answered. */
  #hasAnswered({ incarnation, allowance }: StreamPeer, from: number, now: number): boolean {
    const latest = this.#answered.get(incarnation);
    if (latest?.from === from && now - latest.at < REPEAT_MS) return true;
    const sent = latest?.sent ?? new SentOnce(allowance);
    this.#answered.set(incarnation, { from, at: now, sent });
    return false;
  }
}

/** Counts an ask for a body. Returns whether so many asked for it that everybody should have it: then it is on its way. */
function countAsk(recent: RecentBody, { node }: StreamPeer, now: number): boolean {
  if (now - recent.askedSince >= CROWD_WINDOW_MS) {
    recent.askedSince = now;
    recent.askers = [];
  }
  if (recent.askers.length < CROWD && !recent.askers.includes(node)) recent.askers.push(node);
  const isCrowd = recent.askers.length >= CROWD;
  if (isCrowd) recent.repeatedAt = now;
  return isCrowd;
}
