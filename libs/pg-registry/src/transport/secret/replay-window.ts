/** How far behind the latest message of a sender another one may arrive. */
const WINDOW = 1024;
const BITS = 32;
/** How many senders are remembered: more connections than a cluster has nodes, some 250 bytes each. */
const MAX_SESSIONS = 4096;

/** One connection of one sender. */
interface Session {
  /** The highest number received. */
  latest: number;
  /** Which numbers of the window below it were received, as a ring of bits. */
  readonly seen: Uint32Array;
  heardAt: number;
  /** The subscriptions that got `latest`: the broker delivers one message to each that matches. */
  readonly takers: Set<object>;
}

/** Whether a message is new, or why it is not. */
export type Freshness = 'new' | 'replayed' | 'out-of-time';

/**
 * Tells new messages from repeated ones. Each connection of a sender draws a session of its own and numbers its messages, so a receiver
 * needs a bitmap per session and no clock. Only the first message that it hears of a session is compared with the clock, because a receiver
 * that has just started remembers nothing. Bounded: the session that was not heard for longest is forgotten.
 */
export class ReplayWindow {
  readonly #sessions = new Map<string, Session>();

  readonly #maxClockDifferenceMs: number;
  readonly #now: () => number;

  /** @param now Milliseconds since 1970. */
  constructor(maxClockDifferenceMs: number, now: () => number) {
    this.#maxClockDifferenceMs = maxClockDifferenceMs;
    this.#now = now;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Takes note of a message whose signature was verified.
   *
   * @param number Its number within its session, from 1.
   * @param signedAt When it was signed, in milliseconds since 1970 by its sender's clock.
   * @param taker The subscription that receives it.
   */
  take(session: string, number: number, signedAt: number, taker: object): Freshness {
    const known = this.#sessions.get(session);
    if (known === undefined) return this.#begin(session, number, signedAt, taker);
    if (number > known.latest) {
      advance(known, number);
      known.takers.clear();
    } else if (number === known.latest) {
      if (known.takers.has(taker)) return 'replayed';
    } else {
      if (number <= known.latest - WINDOW || isSeen(known, number)) return 'replayed';
      mark(known, number);
      return 'new';
    }
    known.takers.add(taker);
    known.heardAt = this.#now();
    return 'new';
  }

  #begin(session: string, number: number, signedAt: number, taker: object): Freshness {
    const now = this.#now();
    if (Math.abs(signedAt - now) > this.#maxClockDifferenceMs) return 'out-of-time';
    const seen = new Uint32Array(WINDOW / BITS);
    const begun: Session = { latest: number, seen, heardAt: now, takers: new Set([taker]) };
    mark(begun, number);
    this.#sessions.set(session, begun);
    if (this.#sessions.size > MAX_SESSIONS) this.#forgetOne();
    return 'new';
  }

  #forgetOne(): void {
    let oldest = '';
    let heardAt = Infinity;
    for (const [session, each] of this.#sessions) {
      if (each.heardAt >= heardAt) continue;
      oldest = session;
      heardAt = each.heardAt;
    }
    this.#sessions.delete(oldest);
  }
}

/** Moves the window on to a higher number, which is then seen. */
function advance(session: Session, number: number): void {
  if (number - session.latest >= WINDOW) session.seen.fill(0);
  else for (let skipped = session.latest + 1; skipped < number; skipped += 1) unmark(session, skipped);
  session.latest = number;
  mark(session, number);
}

function isSeen({ seen }: Session, number: number): boolean {
  const bit = number % WINDOW;
  return ((seen[Math.floor(bit / BITS)] ?? 0) & (1 << (bit % BITS))) !== 0;
}

function mark({ seen }: Session, number: number): void {
  const bit = number % WINDOW;
  seen[Math.floor(bit / BITS)] |= 1 << (bit % BITS);
}

function unmark({ seen }: Session, number: number): void {
  const bit = number % WINDOW;
  seen[Math.floor(bit / BITS)] &= ~(1 << (bit % BITS));
}
