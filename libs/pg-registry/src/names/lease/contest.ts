import type { LeaseReadOutcome } from '../lease-store';
import type { Key, LossReason } from '../../term';
import type { Candidate, ContestDeps, Holding } from './contest-deps';
import { HeldKey } from './held-key';
import { HintPace } from './hint-pace';
import { freedBy, type Known, knownBy, UNREADABLE } from './claim-reading';
import type { ClaimHolder } from './lease-records';
import type { Settled } from './record-writes';
import type { RivalVerdict, RivalWaiter } from './rival-sessions';

/** How long a node that gave a key back lets others try first, in milliseconds. */
const YIELD_MS = 4;
/** A node that has had its turn leaves this much of a start to those that have not, in milliseconds; and by chance up to twice as much to each other. */
const HEAD_START_MS = 1;
/** How long a contest waits when the store did not answer, in milliseconds. */
const RETRY_MS = 100;

/**
 * One key, as this node contends for it or holds it. At most one request of a contest is under way at a time.
 *
 *     idle ── campaign ──► reading ── free ──────────────────► claiming ── written ──► held
 *                          ▲    │                                 │ ▲                   │
 *                          │    └─ held by another ─► waiting ────┼─┘ its session       │
 *                          │                            │         │   is over, or its   │
 *                          │                            │         │   release was heard │
 *                          └─────────────── hint ───────┴─────────┴─ refused    released, lost ──► idle
 */
export class Contest implements RivalWaiter {
  readonly key: Key;
  readonly name: string;
  readonly #deps: ContestDeps;
  #state: 'idle' | 'reading' | 'waiting' | 'claiming' | 'held' = 'idle';
  #candidate: Candidate | undefined;
  #held: HeldKey | undefined;
  #known: Known | undefined;
  /** The session of the holder for whose end this contest waits. */
  #rival: string | undefined;
  #isWatching = false;
  #isHinted = false;
  /** The record of the last hint, until it is followed. */
  #heard: Uint8Array | undefined;
  readonly #pace = new HintPace();
  /** When the next read is planned for. */
  #checkAt = Infinity;
  #cancelCheck: () => void = () => undefined;
  /** Whether this node has had its turn. */
  #hasHeld = false;
  /** Until when this node lets others try first, because it held the key last; monotonic milliseconds. */
  #yieldUntil = 0;

  constructor(key: Key, name: string, deps: ContestDeps) {
    this.key = key;
    this.name = name;
    this.#deps = deps;
  }

  /** Whether the node has to have a session for this key. */
  get needsSession(): boolean {
    return this.#candidate !== undefined || this.#state === 'held' || this.#state === 'claiming';
  }

  /** Whether nothing is under way: the contest can be forgotten. */
  get isIdle(): boolean {
    return this.#state === 'idle' && this.#candidate === undefined;
  }

  /** The key while it is held, or being given back. Ask the session whether it may still be believed. */
  get held(): HeldKey | undefined {
    return this.#held;
  }

  /** Tries to get the key for a candidate, which replaces the one before. */
  campaign(candidate: Candidate): void {
    this.#candidate = candidate;
    if (this.#state === 'idle' || (this.#state === 'waiting' && candidate.once)) this.#read();
  }

  /** Nobody wants the key any more. What is under way is settled, and released if it succeeds. */
  withdraw(): void {
    this.#candidate = undefined;
    if (this.#state === 'waiting' || this.#state === 'idle') this.#rest();
  }

  /** A session is over: nothing is held by it, and what is under way is begun anew with the next session. */
  sessionOver(session: string, reason: LossReason): void {
    if (this.#held?.heldBy === session) this.#held.lose(reason);
    else if (this.#state === 'idle' && this.#candidate !== undefined) this.#read();
  }

  /** A session was opened: goes on with what waits for it. */
  sessionOpen(): void {
    if (this.#state !== 'idle' || this.#candidate === undefined) return;
    if (this.#known === undefined) this.#read();
    else this.#claim();
  }

  /** The store refuses sessions. */
  sessionRefused(reason: string): void {
    if (this.#state === 'idle') this.#fail(reason);
  }

  /** The record may have changed. @param heard Into this one, unless the store has refused it */
  hint(heard: Uint8Array | undefined): void {
    this.#heard = heard;
    if (this.#state !== 'waiting') return void (this.#isHinted = true);
    // At once by those that have waited all the time; the nearest of the others would take it again and again.
    this.#followHint(this.#hasHeld ? HEAD_START_MS * (1 + this.#deps.random()) : 0);
  }

  /** See {@link RivalWaiter}. */
  onVerdict(verdict: RivalVerdict): void {
    // Of the session that the record names now: another one's end would let this node take the key of a living holder.
    if (this.#state !== 'waiting' || this.#rival === undefined) return;
    if (this.#known?.holder?.session !== this.#rival) return;
    if (verdict.type === 'over') this.#claim();
    else if (verdict.type === 'alive') {
      if (this.#candidate?.once === true) this.#lostOut();
    } else if (verdict.outcome.type === 'unavailable') this.#fail(verdict.outcome.reason);
    else this.#deps.onTrouble(verdict.outcome.reason);
  }

  /** Reads the record, and decides what to do next. */
  #read(): void {
    this.#cancelCheck();
    this.#checkAt = Infinity;
    this.#state = 'waiting';
    // Listens before it reads, so that no change is missed.
    if (!this.#isWatching && this.#candidate?.once === false) {
      this.#isWatching = true;
      this.#deps.watch(this.name);
    }
    const blockedMs = this.#deps.blockedMs();
    if (blockedMs > 0) return this.#blocked(blockedMs);
    this.#state = 'reading';
    this.#isHinted = false;
    this.#deps.requests.read(this.name, this.#deps.now(), (outcome) => {
      this.#state = 'waiting';
      this.#haveRead(outcome);
    });
  }

  #blocked(ms: number): void {
    if (this.#candidate?.once === false) return this.#readAfter(ms);
    this.#fail(
      `The store has lost records. Names are refused for ${Math.ceil(ms / 1000)} s, until no session from before can be alive.`,
    );
  }

  /** Reads soon, because a hint came; no later than was planned. */
  #followHint(afterMs: number): void {
    const now = this.#deps.now().monotonic;
    const at = this.#pace.next(now) + afterMs;
    if (at >= this.#checkAt) return;
    this.#doAfter(at - now, () => {
      this.#pace.follow(this.#deps.now().monotonic);
      if (!this.#takeFreed()) this.#read();
    });
  }

  /**
   * Claims behind the write of a release that was heard, without reading first: the store refuses the claim unless it has made that write, and
   * no other one of the key since. Then the record is read.
   */
  #takeFreed(): boolean {
    const heard = this.#heard;
    this.#heard = undefined;
    const [candidate, session] = [this.#candidate, this.#deps.session()];
    if (candidate === undefined || session === undefined || this.#deps.blockedMs() > 0) return false;
    if (this.#yieldUntil > this.#deps.now().monotonic) return false;
    const release = freedBy(heard, this.key, this.#deps);
    if (release === undefined) return false;
    this.#cancelCheck();
    this.#write(candidate, session, release);
    return true;
  }

  #haveRead(outcome: LeaseReadOutcome): void {
    if (outcome.type === 'absent' || outcome.type === 'found')
      this.#pace.saw(outcome.type === 'found' ? outcome.revision : 0);
    switch (outcome.type) {
      case 'absent':
      case 'found': {
        const known = knownBy(outcome, this.key, this.#deps.decoding);
        return known === undefined ? this.#fail(UNREADABLE) : this.#decide(known);
      }
      case 'unavailable':
        return this.#fail(outcome.reason);
      case 'unknown':
      case 'unreachable':
        this.#deps.onTrouble(outcome.reason);
        if (this.#candidate === undefined) this.#rest();
        else this.#readAfter(RETRY_MS);
    }
  }

  #decide(known: Known): void {
    this.#known = known;
    const candidate = this.#candidate;
    if (candidate === undefined) return this.#rest();
    const { holder } = known;
    if (holder === undefined) return this.#takeFree(known, candidate);
    // A claim of this node's own session that no contest holds was made for somebody who has gone: it is replaced.
    if (holder.session === this.#deps.session()) return this.#claim();
    if (this.#rival !== holder.session) this.#leaveRival();
    this.#readAfter(Math.min(this.#pace.lookAgainMs, this.#deps.checkMs));
    if (this.#isHinted) this.#followHint(0);
    this.#rival = holder.session;
    // One who does not wait for a holder needs a fresh answer.
    const { rivals } = this.#deps;
    if (candidate.once || !rivals.isWaiting(holder.session, this)) rivals.ask(holder.session, this);
    // A session of its own while it waits, so that one write takes the key later.
    if (!candidate.once && this.#deps.session() === undefined) this.#deps.openSession();
  }

  #takeFree({ revision, reservedFor }: Known, { once }: Candidate): void {
    const reservedMs =
      reservedFor === undefined ? 0 : this.#deps.reservedMs(this.name, revision, reservedFor);
    if (reservedMs <= 0) return this.#claim();
    if (once) return this.#lostOut();
    this.#leaveRival();
    this.#readAfter(Math.min(reservedMs, this.#deps.checkMs));
    if (this.#isHinted) this.#followHint(0);
  }

  #claim(): void {
    this.#cancelCheck();
    this.#leaveRival();
    const [candidate, known] = [this.#candidate, this.#known];
    if (candidate === undefined || known === undefined) return this.#rest();
    // Also what the store said when it showed that it has lost records, or just before, gives nobody a key.
    const blockedMs = this.#deps.blockedMs();
    if (blockedMs > 0) {
      this.#state = 'waiting';
      return this.#blocked(blockedMs);
    }
    const yieldMs = this.#yieldUntil - this.#deps.now().monotonic;
    if (yieldMs > 0 && !candidate.once) {
      this.#state = 'waiting';
      return this.#readAfter(yieldMs);
    }
    const session = this.#deps.session();
    if (session === undefined) {
      this.#state = 'idle'; // until sessionOpen()
      return this.#deps.openSession();
    }
    this.#write(candidate, session, known.revision);
  }

  #write(candidate: Candidate, session: string, after: number | string): void {
    this.#state = 'claiming';
    const holder: ClaimHolder = { session, pid: candidate.pid, value: candidate.value, token: 0 };
    this.#deps.writes.begin({
      name: this.name,
      record: { type: 'claim', key: this.key, nonce: this.#deps.nonce(), holder },
      after,
      certainEpoch: true,
      isNeeded: () => this.#deps.session() === session,
      onSettled: (settled) => this.#settled(candidate, session, settled),
      onTrouble: this.#deps.onTrouble,
    });
  }

  #settled(candidate: Candidate, session: string, settled: Settled): void {
    this.#state = 'waiting';
    this.#known = undefined;
    if (settled.type === 'unavailable') return this.#fail(settled.reason);
    // Not written: somebody was faster. Another session: the record names one that is over, so anybody may take the key.
    if (settled.type !== 'written' || this.#deps.session() !== session) {
      if (this.#candidate === undefined) this.#rest();
      else this.#read();
      return;
    }
    const { revision, epoch } = settled;
    const holding: Holding = { pid: candidate.pid, value: candidate.value, token: epoch + revision };
    this.#state = 'held';
    this.#pace.hit();
    this.#leaveRival();
    this.#stopWatching();
    this.#held = new HeldKey(holding, revision, {
      ...this.#deps,
      key: this.key,
      name: this.name,
      heldBy: session,
      onEnd: () => this.#heldEnded(),
    });
    // The process that wanted it has gone, or another one is next: that one gets a token of its own.
    if (this.#candidate !== candidate) return this.#held.releaseUnseen();
    this.#candidate = undefined;
    this.#deps.written(this.name);
    this.#deps.emit({ type: 'elected', key: this.key, holding });
  }

  #heldEnded(): void {
    this.#held = undefined;
    this.#state = 'idle';
    this.#hasHeld = true;
    this.#yieldUntil = this.#deps.now().monotonic + YIELD_MS;
    if (this.#candidate === undefined) this.#rest();
    else this.#read();
  }

  #lostOut(): void {
    this.#candidate = undefined;
    const holding = this.#known?.holder;
    this.#rest();
    this.#deps.emit({ type: 'not-elected', key: this.key, holding });
  }

  #fail(reason: string): void {
    const failed = this.#candidate !== undefined;
    this.#candidate = undefined;
    this.#rest();
    if (failed) this.#deps.emit({ type: 'unavailable', key: this.key, reason });
  }

  /** Nobody wants the key, and nothing is under way. */
  #rest(): void {
    this.#cancelCheck();
    this.#leaveRival();
    this.#stopWatching();
    this.#state = 'idle';
    this.#known = undefined;
    this.#deps.rested(this.name);
  }

  #readAfter(ms: number): void {
    this.#doAfter(ms, () => this.#read());
  }

  /** Plans the next step, in place of the one that was planned. */
  #doAfter(ms: number, step: () => void): void {
    this.#cancelCheck();
    this.#checkAt = this.#deps.now().monotonic + ms;
    this.#cancelCheck = this.#deps.agenda.add(this.#checkAt, () => {
      if (this.#state === 'waiting') step();
    });
  }

  #leaveRival(): void {
    if (this.#rival === undefined) return;
    this.#deps.rivals.leave(this.#rival, this);
    this.#rival = undefined;
  }

  #stopWatching(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    this.#deps.unwatch(this.name);
  }
}
