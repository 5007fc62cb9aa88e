import type { LossReason } from '../../term';
import type { Agenda } from './agenda';
import { type Instant, marginOf, mostElapsed } from './instant';
import type { SessionRecord, Takeover } from './lease-records';
import type { RecordWrites, Settled } from './record-writes';

/** The options of every session of a node. */
export interface SessionOptions {
  readonly ttlMs: number;
  readonly takeover: Takeover;
  readonly maxClockDrift: number;
  /** How long a holder with `takeover: 'crash'` believes after its node was disconnected, in milliseconds. */
  readonly disconnectedMs: number;
}

/** What a session needs. */
export interface SessionDeps {
  readonly options: SessionOptions;
  readonly agenda: Agenda;
  readonly writes: RecordWrites;
  readonly now: () => Instant;
  readonly nonce: () => string;
  /** Whether anything is held or wanted; otherwise the session ends instead of being renewed. */
  readonly isInUse: () => boolean;
  /** Called once, when the first record is written and believed. */
  readonly onOpen: () => void;
  /** Called once, when the session is over. A reason of text: the store refuses the first record. */
  readonly onOver: (reason: LossReason | { readonly unavailable: string }) => void;
  /** Called when the store does not answer. */
  readonly onTrouble: (reason: string) => void;
}

/** The store's name of a session. */
export function sessionName(id: string): string {
  return `s:${id}`;
}

/**
 * One session of this node: what all its claims rest on.
 *
 * The session is renewed each third of its ttl. The node believes in it from a moment before the last successful renewal was sent, until
 * the ttl less a margin has passed; whoever else sees the same record for the ttl and a margin may end it. A session that is over stays
 * over: the node opens another one, with another id.
 */
export class Session {
  readonly id: string;
  readonly #deps: SessionDeps;
  readonly #beliefMs: number;
  #state: 'opening' | 'open' | 'over' = 'opening';
  #revision = 0;
  #isWriting = false;
  /** Whether the end is not to be said yet: some who hold a key have not heard it. */
  #isSilent = false;
  #believedSince: Instant | undefined;
  /** When the node was disconnected, if that matters and it is not connected again. */
  #disconnectedAt: Instant | undefined;
  /** Whether the present renewal has had an attempt without an answer. */
  #isTroubled = false;

  constructor(id: string, deps: SessionDeps) {
    this.id = id;
    this.#deps = deps;
    const { ttlMs, maxClockDrift } = deps.options;
    this.#beliefMs = ttlMs - marginOf(ttlMs, maxClockDrift);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** How late the renewal is, in milliseconds; 0 if it is not due yet. */
  renewalLagMs(now: Instant): number {
    if (this.#state !== 'open' || this.#believedSince === undefined) return 0;
    return Math.max(0, mostElapsed(this.#believedSince, now) - this.#deps.options.ttlMs / 3);
  }

  /** Writes the first record. */
  open(): void {
    this.#write(true, this.#opened);
    // Without belief in time the record would be of use only to others, who had to wait for its end.
    const giveUpAt = this.#deps.now().monotonic + this.#beliefMs;
    this.#deps.agenda.add(giveUpAt, () => this.#state === 'opening' && this.end('disconnected'));
  }

  /** Whether the node may act on what it holds. Ends the session if it may not any more. */
  isBelieved(): boolean {
    if (this.#state !== 'open') return false;
    if (this.endsInMs() > 0) return true;
    this.end(this.#isTroubled || this.#disconnectedAt !== undefined ? 'disconnected' : 'expired');
    return false;
  }

  /** How long the node believes unless it renews, in milliseconds. */
  endsInMs(now = this.#deps.now()): number {
    if (this.#believedSince === undefined) return 0;
    const left = this.#beliefMs - mostElapsed(this.#believedSince, now);
    if (this.#disconnectedAt === undefined) return left;
    return Math.min(left, this.#deps.options.disconnectedMs - mostElapsed(this.#disconnectedAt, now));
  }

  /** The node has lost its connection. */
  disconnected(): void {
    if (this.#deps.options.takeover !== 'crash' || this.#disconnectedAt !== undefined) return;
    this.#disconnectedAt = this.#deps.now();
    this.#planEnd();
  }

  /** The node has its connection again. */
  connected(): void {
    // Asked first: a session that ended meanwhile does not begin to be believed again.
    if (this.#state === 'open' && !this.isBelieved()) return;
    this.#disconnectedAt = undefined;
  }

  /**
   * Ends the session: nothing is believed from now on. Says so in the store, so that others need not wait, if the store is reached soon.
   *
   * @param reason What the holders are told.
   */
  end(reason: LossReason): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    if (!this.#isWriting) this.#sayOver();
    this.#deps.onOver(reason);
  }

  /** Ends the session as {@link end} does, but tells nobody: the node does, and then calls {@link sayStopped}. */
  stop(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#isSilent = true;
  }

  /** Says in the store that the session was stopped. */
  sayStopped(): void {
    if (!this.#isSilent) return;
    this.#isSilent = false;
    if (!this.#isWriting) this.#sayOver();
  }

  #renew(): void {
    if (!this.isBelieved() || this.#isWriting) return;
    if (!this.#deps.isInUse()) return this.end('released');
    this.#write(true, this.#renewed);
  }

  /** A field, because it is passed on as a function. */
  readonly #opened = (settled: Settled): void => {
    if (settled.type === 'written') {
      this.#revision = settled.revision;
      if (this.#state === 'over') return this.#sayOver();
      this.#state = 'open';
      this.#believe(settled.since);
      if (this.isBelieved()) this.#deps.onOpen();
      return;
    }
    if (this.#state === 'over') return;
    // Refused: the id is this node's own and new, so the store has a record that it cannot have.
    this.#state = 'over';
    this.#deps.onOver(settled.type === 'unavailable' ? { unavailable: settled.reason } : 'disconnected');
  };

  /** A field, because it is passed on as a function. */
  readonly #renewed = (settled: Settled): void => {
    switch (settled.type) {
      case 'written':
        this.#revision = settled.revision;
        if (this.#state === 'over') return this.#sayOver();
        this.#isTroubled = false;
        return this.#believe(settled.since);
      case 'refused':
        if (this.#state === 'over') return;
        this.#state = 'over'; // nothing to say: somebody else has said it
        return this.#deps.onOver('taken');
      case 'unavailable':
        this.#deps.onTrouble(settled.reason);
        this.#isTroubled = true;
        this.#deps.agenda.add(this.#deps.now().monotonic + this.#deps.options.ttlMs / 10, () =>
          this.#renew(),
        );
        return;
      case 'abandoned':
        if (this.#state === 'over') this.#sayOver();
    }
  };

  #believe(since: Instant): void {
    this.#believedSince = since;
    const dueAt = since.monotonic + this.#deps.options.ttlMs / 3;
    this.#deps.agenda.add(Math.max(dueAt, this.#deps.now().monotonic), () => this.#renew());
    this.#planEnd();
  }

  /** Looks again when the belief ends by the monotonic clock. Where the wall clock has gone further, whoever asks finds out before. */
  #planEnd(): void {
    const at = this.#deps.now().monotonic + Math.max(this.endsInMs(), 0);
    this.#deps.agenda.add(at, () => void this.isBelieved());
  }

  #sayOver(): void {
    if (this.#revision > 0 && !this.#isSilent) this.#write(false, () => undefined);
  }

  #write(open: boolean, onSettled: (settled: Settled) => void): void {
    const { writes, options, nonce, onTrouble } = this.#deps;
    const { ttlMs, takeover } = options;
    const record: SessionRecord = { type: 'session', open, ttlMs, takeover, nonce: nonce() };
    const begun = this.#deps.now();
    this.#isWriting = true;
    writes.begin({
      name: sessionName(this.id),
      record,
      after: this.#revision,
      certainEpoch: false,
      // Later, others have taken the session for over without being told.
      isNeeded: () => mostElapsed(begun, this.#deps.now()) < ttlMs && (this.#state !== 'over' || !open),
      onSettled: (settled) => {
        this.#isWriting = false;
        onSettled(settled);
      },
      onTrouble: (reason) => {
        this.#isTroubled = true;
        onTrouble(reason);
      },
    });
  }
}
