import type { LeaseReadOutcome, LeaseUnavailable } from '../lease-store';
import type { Agenda } from './agenda';
import { HintPace } from './hint-pace';
import { type Instant, marginOf } from './instant';
import { decodeRecord, type RecordDecoding, type SessionRecord } from './lease-records';
import type { RecordWrites } from './record-writes';
import { sessionName } from './session';
import type { StoreRequests } from './store-requests';

/** How a session of another node is found. */
export type RivalVerdict =
  /** It is over, and its node cannot renew it: its keys can be taken. */
  | { readonly type: 'over' }
  /** It may be believed by its node. `endsInMs`: when it can be ended unless its node renews it. */
  | { readonly type: 'alive'; readonly endsInMs: number }
  /** The store does not say. */
  | { readonly type: 'unknown'; readonly outcome: Exclude<LeaseReadOutcome, { readonly epoch: number }> };

/** Who waits for the end of a session. */
export interface RivalWaiter {
  /** Called with every verdict until the waiter {@link RivalSessions.leave leaves}. */
  onVerdict(verdict: RivalVerdict): void;
}

/** What {@link RivalSessions} needs. */
export interface RivalSessionsDeps {
  readonly requests: StoreRequests;
  readonly writes: RecordWrites;
  readonly agenda: Agenda;
  readonly decoding: RecordDecoding;
  readonly now: () => Instant;
  readonly nonce: () => string;
  readonly maxClockDrift: number;
  /** Begins to call {@link RivalSessions.hint} when the record of this name may have changed. */
  readonly watch: (name: string) => void;
  readonly unwatch: (name: string) => void;
  /** Whether the registry has confirmed that the node of this session is gone, and how. */
  readonly departure: (session: string) => 'crash' | 'goodbye' | undefined;
  /** Whether a session is an earlier one of this node, which does not believe in it any more. */
  readonly isOwnOver: (session: string) => boolean;
}

/** What this node saw of one record, and when it saw it first. */
interface Sighting {
  readonly revision: number;
  readonly firstSeen: number;
  readonly record: SessionRecord;
}

interface Rival {
  readonly id: string;
  readonly waiters: Set<RivalWaiter>;
  sighting: Sighting | undefined;
  isOver: boolean;
  isBusy: boolean;
  /** A hint came while the store was being asked. */
  isHinted: boolean;
  readonly pace: HintPace;
  cancelCheck: () => void;
  /** When the next check is planned for. */
  checkAt: number;
}

/** Nobody knows how long the node of such a session believes in it. */
const UNREADABLE: LeaseUnavailable = {
  type: 'unavailable',
  reason:
    'The session of the holder has a record that this version cannot read. Update this node, or stop the nodes of the other version.',
};
/** So many sessions are remembered; of those that nobody waits for, the one that was asked about least recently is forgotten first. */
const MOST_REMEMBERED = 10_000;

/**
 * The sessions of other nodes, as far as this node waits for their ends.
 *
 * A session is over when its record says so, or when this node has seen one unchanged revision for the record's ttl and a margin, on its
 * own monotonic clock, counted from the answer that showed it first. Then this node fences it: it writes the end into the record by
 * compare-and-set, so that the next renewal of its node fails. Only after that its keys are taken. Hints only make this node read sooner.
 */
export class RivalSessions {
  readonly #deps: RivalSessionsDeps;
  readonly #rivals = new Map<string, Rival>();
  /** The longest ttl that was seen, in milliseconds. */
  longestTtlMs = 0;
  /** Sessions of others that this node has ended. */
  fenced = 0;

  constructor(deps: RivalSessionsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#rivals.size;
  }

  /** Asks about a session. The waiter gets a verdict soon, and again at each change. */
  ask(id: string, waiter: RivalWaiter): void {
    const rival = this.#rivalOf(id);
    if (rival.waiters.size === 0) this.#deps.watch(sessionName(id));
    rival.waiters.add(waiter);
    if (rival.isOver) waiter.onVerdict({ type: 'over' });
    else this.#check(rival);
  }

  /** Whether a waiter hears of the end of a session by itself: it waits, and the session is not known to be over. */
  isWaiting(id: string, waiter: RivalWaiter): boolean {
    const rival = this.#rivals.get(id);
    return rival !== undefined && !rival.isOver && rival.waiters.has(waiter);
  }

  /** Ends the waiting. What was seen is remembered. */
  leave(id: string, waiter: RivalWaiter): void {
    const rival = this.#rivals.get(id);
    if (rival === undefined || !rival.waiters.delete(waiter) || rival.waiters.size > 0) return;
    cancelCheck(rival);
    this.#deps.unwatch(sessionName(id));
  }

  /** The record of a session may have changed. */
  hint(id: string): void {
    const rival = this.#rivals.get(id);
    if (rival === undefined || rival.waiters.size === 0) return;
    if (rival.isBusy) rival.isHinted = true;
    else this.#followHint(rival);
  }

  /** The registry has confirmed that a node is gone: looks again at its sessions. */
  departed(isOf: (session: string) => boolean): void {
    for (const rival of Array.from(this.#rivals.values()))
      if (isOf(rival.id) && rival.waiters.size > 0) this.#check(rival);
  }

  /** Forgets everything that was seen: the store was made anew. Waiters are not called any more. */
  clear(): void {
    for (const rival of this.#rivals.values()) {
      cancelCheck(rival);
      if (rival.waiters.size > 0) this.#deps.unwatch(sessionName(rival.id));
      rival.waiters.clear();
    }
    this.#rivals.clear();
  }

  #rivalOf(id: string): Rival {
    const known = this.#rivals.get(id);
    const rival = known ?? {
      id,
      waiters: new Set(),
      sighting: undefined,
      isOver: false,
      isBusy: false,
      isHinted: false,
      pace: new HintPace(),
      cancelCheck: () => undefined,
      checkAt: Infinity,
    };
    this.#rivals.delete(id); // so that the order of the Map is that of the asking
    this.#rivals.set(id, rival);
    if (known === undefined) this.#forgetOldest();
    return rival;
  }

  #forgetOldest(): void {
    if (this.#rivals.size <= MOST_REMEMBERED) return;
    for (const { id, waiters } of this.#rivals.values()) {
      if (waiters.size > 0) continue;
      this.#rivals.delete(id);
      return;
    }
  }

  #check(rival: Rival): void {
    if (rival.isBusy) {
      rival.isHinted = true;
      return;
    }
    cancelCheck(rival);
    rival.isBusy = true;
    rival.isHinted = false;
    this.#deps.requests.read(sessionName(rival.id), this.#deps.now(), (outcome) => {
      rival.isBusy = false;
      this.#seen(rival, outcome);
    });
  }

  #seen(rival: Rival, outcome: LeaseReadOutcome): void {
    if (outcome.type === 'found') rival.pace.saw(outcome.revision);
    if (outcome.type === 'absent') return this.#over(rival); // nobody has renewed it for longer than any ttl
    if (outcome.type !== 'found') {
      this.#planCheck(rival, 1000);
      return this.#tell(rival, { type: 'unknown', outcome });
    }
    const record = this.#sessionIn(outcome.record);
    if (record === undefined) {
      this.#planCheck(rival, 1000);
      return this.#tell(rival, { type: 'unknown', outcome: UNREADABLE });
    }
    if (!record.open) return this.#over(rival);
    const { monotonic } = this.#deps.now();
    if (rival.sighting?.revision !== outcome.revision)
      rival.sighting = { revision: outcome.revision, firstSeen: monotonic, record };
    this.longestTtlMs = Math.max(this.longestTtlMs, record.ttlMs);
    const endsInMs = this.#endsInMs(rival, rival.sighting);
    if (endsInMs <= 0) return this.#fence(rival, rival.sighting);
    // Hints may be lost, so the record is read in between, too: the clock starts when a revision is first seen.
    this.#planCheck(rival, Math.min(endsInMs, record.ttlMs / 3));
    if (rival.isHinted) this.#followHint(rival);
    this.#tell(rival, { type: 'alive', endsInMs });
  }

  #endsInMs(rival: Rival, { firstSeen, record }: Sighting): number {
    const departure = this.#deps.departure(rival.id);
    if (departure === 'goodbye' || this.#deps.isOwnOver(rival.id)) return 0;
    if (departure === 'crash' && record.takeover === 'crash') return 0;
    const { monotonic } = this.#deps.now();
    return firstSeen + record.ttlMs + marginOf(record.ttlMs, this.#deps.maxClockDrift) - monotonic;
  }

  #fence(rival: Rival, { revision, record }: Sighting): void {
    rival.isBusy = true;
    this.#deps.writes.begin({
      name: sessionName(rival.id),
      record: { ...record, open: false, nonce: this.#deps.nonce() },
      after: revision,
      certainEpoch: false,
      isNeeded: () => rival.waiters.size > 0,
      onSettled: (settled) => {
        rival.isBusy = false;
        if (settled.type === 'written') {
          this.fenced += 1;
          return this.#over(rival);
        }
        if (settled.type === 'refused' || (settled.type === 'abandoned' && rival.waiters.size > 0))
          return this.#check(rival);
        if (settled.type === 'unavailable') {
          this.#planCheck(rival, 1000);
          this.#tell(rival, { type: 'unknown', outcome: settled });
        }
      },
    });
  }

  #over(rival: Rival): void {
    rival.isOver = true;
    rival.sighting = undefined;
    this.#tell(rival, { type: 'over' });
  }

  /** Checks soon, because a hint came; no later than was planned. */
  #followHint(rival: Rival): void {
    const now = this.#deps.now().monotonic;
    const at = rival.pace.next(now);
    if (at >= rival.checkAt) return;
    this.#planCheck(rival, at - now, () => rival.pace.follow(this.#deps.now().monotonic));
  }

  #planCheck(rival: Rival, afterMs: number, before?: () => void): void {
    cancelCheck(rival);
    if (rival.waiters.size === 0) return;
    const at = this.#deps.now().monotonic + afterMs;
    rival.checkAt = at;
    rival.cancelCheck = this.#deps.agenda.add(at, () => {
      rival.checkAt = Infinity;
      before?.();
      this.#check(rival);
    });
  }

  #tell(rival: Rival, verdict: RivalVerdict): void {
    for (const waiter of Array.from(rival.waiters)) if (rival.waiters.has(waiter)) waiter.onVerdict(verdict);
  }

  #sessionIn(bytes: Uint8Array): SessionRecord | undefined {
    try {
      const record = decodeRecord(bytes, this.#deps.decoding);
      return record.type === 'session' ? record : undefined;
    } catch {
      return undefined;
    }
  }
}

function cancelCheck(rival: Rival): void {
  rival.cancelCheck();
  rival.checkAt = Infinity;
}
