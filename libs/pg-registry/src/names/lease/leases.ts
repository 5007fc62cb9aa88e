import { canonicalText, type Key, type Value, type LossReason } from '../../term';
import type { LeaseReadOutcome, LeaseWriteOutcome } from '../lease-store';
import { Agenda } from './agenda';
import { Contest } from './contest';
import type { Candidate, ContestDeps, Holding } from './contest-deps';
import type { LeaseEffect } from './lease-effect';
import type { LeasesDeps } from './leases-deps';
import { type Departure, Departures, incarnationIn } from './departures';
import { type Instant, marginOf } from './instant';
import { Endings } from './endings';
import { RecordAges } from './record-ages';
import { RecordWrites } from './record-writes';
import { Reservations } from './reservations';
import { RivalSessions } from './rival-sessions';
import { Session } from './session';
import { type StoreBreak, StoreRequests } from './store-requests';

const MOST_ENDS_IN_STEP = 250;
const CLAIM = 'c:';
const SESSION = 's:';

/**
 * What one node holds and wants, and all that it asks of the store for that. Deterministic: each input carries the time, and each method
 * returns what the driver has to do. One session for the node carries all its keys.
 */
export class Leases {
  readonly #deps: LeasesDeps;
  readonly #agenda = new Agenda();
  readonly #requests: StoreRequests;
  readonly #writes: RecordWrites;
  readonly #rivals: RivalSessions;
  readonly #contestDeps: ContestDeps;
  readonly #contests = new Map<string, Contest>();
  readonly #ages: RecordAges;
  readonly #endings: Endings;
  readonly #departures = new Departures();
  readonly #reservations = new Reservations();
  #effects: LeaseEffect[] = [];
  #now: Instant = { monotonic: 0, wall: 0 };
  #session: Session | undefined;
  #sessions = 0;
  #nonces = 0;
  /** Until when the store is not trusted; monotonic. */
  #blockedUntil = 0;
  #isStopped = false;

  constructor(deps: LeasesDeps) {
    this.#deps = deps;
    const { options, pids, limits, random } = deps;
    const { ttlMs, maxClockDrift } = options;
    const timeoutMs = Math.min(Math.max(ttlMs / 6, 100), 2000);
    const emit = (effect: LeaseEffect): void => void this.#effects.push(effect);
    this.#requests = new StoreRequests(
      (request) => emit({ type: 'request', request }),
      (kind) => this.#storeBroke(kind),
      timeoutMs,
    );
    const shared = {
      requests: this.#requests,
      agenda: this.#agenda,
      decoding: { pids, limits },
      now: () => this.#now,
      nonce: () => this.#nonce(),
      watch: (name: string) => emit({ type: 'watch', name }),
      unwatch: (name: string) => emit({ type: 'unwatch', name }),
    };
    this.#ages = new RecordAges(
      this.#agenda,
      () => this.#now.monotonic,
      (name) => this.#contests.get(name)?.held?.touch(),
    );
    this.#endings = new Endings(this.#agenda, shared.now, deps.mostEndsInStep ?? MOST_ENDS_IN_STEP);
    this.#writes = new RecordWrites(shared);
    this.#rivals = new RivalSessions({
      ...shared,
      writes: this.#writes,
      maxClockDrift,
      departure: (session) => this.#departures.ofSession(session),
      isOwnOver: (session) => incarnationIn(session) === deps.incarnation && session !== this.#session?.id,
    });
    this.#contestDeps = {
      ...shared,
      incarnation: deps.incarnation,
      writes: this.#writes,
      rivals: this.#rivals,
      random,
      session: () => (this.#session?.isBelieved() === true ? this.#session.id : undefined),
      openSession: () => this.#openSession(),
      blockedMs: () => this.#blockedUntil - this.#now.monotonic,
      reservedMs: (name, revision, to) =>
        to.incarnation === deps.incarnation
          ? 0
          : this.#reservations.remainingMs(name, revision, to, this.#now.monotonic),
      emit,
      written: (name) => this.#ages.written(name),
      rested: (name) => this.#rested(name),
      onTrouble: (reason) => emit({ type: 'trouble', reason }),
      checkMs: ttlMs / 3,
    };
  }

  /** When {@link tick} has something to do, in monotonic milliseconds; undefined: never. */
  nextDeadline(): number | undefined {
    return this.#agenda.next();
  }

  /** Requests to the store so far. */
  get requests(): number {
    return this.#requests.sent;
  }

  /** Sessions of other nodes that this node has ended so far. */
  get fenced(): number {
    return this.#rivals.fenced;
  }

  /** The id of the present session, for people; undefined: there is none. */
  get session(): string | undefined {
    return this.#session?.id;
  }

  /** Whether there is a session that can be believed. A read: it ends nothing. */
  isSessionOpen(now: Instant): boolean {
    return this.#session?.isOpen === true && this.#session.endsInMs(now) > 0;
  }

  /** How late the renewal of the session is, in milliseconds. */
  renewalLagMs(now: Instant): number {
    return this.#session?.renewalLagMs(now) ?? 0;
  }

  /** How long names are refused because the store has lost records, in milliseconds; 0: they are not. */
  blockedMs(now: Instant): number {
    return Math.max(0, this.#blockedUntil - now.monotonic);
  }

  /** What this node holds under a key and may act on, now. A read: what the time has ended is reported by the next input. */
  holding(key: Key, now: Instant): Holding | undefined {
    const held = this.#contests.get(claimName(key))?.held;
    // Of an earlier session: its end is yet to be told.
    if (held?.heldBy !== this.#session?.id || !this.isSessionOpen(now)) return undefined;
    return held?.holding;
  }

  /** Does what is due. */
  tick(now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => undefined);
  }

  /** Takes the outcome of a request. */
  answered(id: number, outcome: LeaseReadOutcome | LeaseWriteOutcome, now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => this.#requests.answered(id, outcome));
  }

  /** The record of this name may have changed. @param heard The one that somebody has sent to the store, which may have refused it */
  hint(name: string, now: Instant, heard?: Uint8Array): readonly LeaseEffect[] {
    return this.#input(now, () => {
      if (name.startsWith(SESSION)) this.#rivals.hint(name.slice(SESSION.length));
      else this.#contests.get(name)?.hint(heard);
    });
  }

  /** The connection is lost. */
  disconnected(now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => this.#session?.disconnected());
  }

  /** The connection is there again: what waits is tried at once. */
  connected(now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => {
      this.#session?.connected();
      this.#writes.hurry();
    });
  }

  /** The registry has confirmed that a node is gone. `crash`: it has crashed; `goodbye`: it said so, after it had ended its claims. */
  departed(incarnation: string, how: Departure, now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => {
      this.#departures.add(incarnation, how);
      this.#rivals.departed((session) => incarnationIn(session) === incarnation);
    });
  }

  /** A node is there: what was said about its departure does not hold any more. */
  returned(incarnation: string): void {
    this.#departures.remove(incarnation);
  }

  /** Tries to get a key for a candidate, in place of the one before. */
  campaign(key: Key, candidate: Candidate, now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => {
      if (!this.#isStopped) this.#contestOf(key).campaign(candidate);
    });
  }

  /** Nobody on this node wants the key any more. */
  withdraw(key: Key, now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => this.#contests.get(claimName(key))?.withdraw());
  }

  /** Changes the value of a held key. Ends with the effect `updated` or `not-updated`. */
  update(key: Key, id: number, value: Value, now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => {
      const held = this.#contests.get(claimName(key))?.held;
      if (held === undefined) this.#effects.push({ type: 'not-updated', key, id });
      else held.update(id, value);
    });
  }

  /** Gives a held key back. @param to The incarnation that may take it first, for the ttl of this node; default: whoever is first */
  release(key: Key, reason: LossReason, now: Instant, to?: string): readonly LeaseEffect[] {
    const reservedFor = to === undefined ? undefined : { incarnation: to, forMs: this.#deps.options.ttlMs };
    return this.#input(now, () => this.#contests.get(claimName(key))?.held?.release(reason, reservedFor));
  }

  /** Ends the session of this node as if its time were over. */
  expire(now: Instant): readonly LeaseEffect[] {
    return this.#input(now, () => this.#session?.end('expired'));
  }

  /**
   * Ends everything here. Nothing is held any more when this returns, and nothing is taken up; the holders are told in this step and, if they are very
   * many, in the next ones. Then one write, of the end of the session, tells it to others.
   *
   * @param isLast Tells all of them now: there will be no other step.
   */
  stop(now: Instant, isLast = false): readonly LeaseEffect[] {
    return this.#input(now, () => {
      if (!this.#isStopped) this.#beginStop();
      if (isLast) this.#endings.finish();
    });
  }

  /** Whether nothing is under way for a key. */
  isAtRest(key: Key): boolean {
    return !this.#contests.has(claimName(key));
  }

  /** Whether all holders have heard that what they held has ended. */
  get isTold(): boolean {
    return this.#endings.isEmpty;
  }

  /** Whether there is nothing left to say to the store. */
  get isSettled(): boolean {
    return this.#contests.size === 0 && this.#writes.open === 0 && this.isTold;
  }

  #input(now: Instant, step: () => void): readonly LeaseEffect[] {
    this.#now = now;
    // First of all: whatever comes in, comes after the end of a session that is over by the clocks.
    this.#session?.isBelieved();
    step();
    this.#agenda.runDue(now.monotonic);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #beginStop(): void {
    this.#isStopped = true;
    const session = this.#session;
    this.#session = undefined;
    session?.stop();
    this.#endings.begin(
      this.#contests.values(),
      (contest) => {
        contest.withdraw();
        if (session !== undefined) contest.sessionOver(session.id, 'node-stopped');
      },
      () => session?.sayStopped(),
    );
  }

  #openSession(): void {
    if (this.#session !== undefined || this.#isStopped) return;
    this.#sessions += 1;
    const session = new Session(`${this.#deps.incarnation}.${this.#sessions}`, {
      options: this.#deps.options,
      agenda: this.#agenda,
      writes: this.#writes,
      now: () => this.#now,
      nonce: () => this.#nonce(),
      isInUse: () => this.#isInUse(),
      onOpen: () => this.#each((contest) => contest.sessionOpen()),
      onOver: (reason) => this.#sessionOver(session, reason),
      onTrouble: (reason) => this.#effects.push({ type: 'trouble', reason }),
    });
    this.#session = session;
    session.open();
  }

  #isInUse(): boolean {
    for (const contest of this.#contests.values()) if (contest.needsSession) return true;
    return false;
  }

  #sessionOver(session: Session, reason: LossReason | { readonly unavailable: string }): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    if (typeof reason === 'string')
      this.#endings.begin(this.#contests.values(), (contest) => contest.sessionOver(session.id, reason));
    else this.#each((contest) => contest.sessionRefused(reason.unavailable));
  }

  /** Nothing that was written before counts any more, and sessions of before may still be believed elsewhere. */
  #storeBroke(kind: StoreBreak): void {
    const { ttlMs, maxClockDrift } = this.#deps.options;
    const longest = Math.max(ttlMs, this.#rivals.longestTtlMs);
    const blockedMs = longest + marginOf(longest, maxClockDrift);
    this.#blockedUntil = this.#now.monotonic + blockedMs;
    this.#rivals.clear();
    this.#effects.push({ type: 'store-broke', kind, blockedMs });
    this.#session?.end('store-rolled-back');
  }

  #contestOf(key: Key): Contest {
    const name = claimName(key);
    let contest = this.#contests.get(name);
    if (contest === undefined)
      this.#contests.set(name, (contest = new Contest(key, name, this.#contestDeps)));
    return contest;
  }

  #each(step: (contest: Contest) => void): void {
    for (const contest of Array.from(this.#contests.values())) step(contest);
  }

  #rested(name: string): void {
    if (this.#contests.get(name)?.isIdle !== true) return;
    this.#contests.delete(name);
    this.#ages.forget(name);
  }

  #nonce(): string {
    this.#nonces += 1;
    const random = Math.floor(this.#deps.random() * 2 ** 48).toString(36);
    return `${this.#deps.incarnation}.${this.#nonces.toString(36)}.${random}`;
  }
}

/** The name of the record of a key. */
export function claimName(key: Key): string {
  return CLAIM + canonicalText(key);
}
