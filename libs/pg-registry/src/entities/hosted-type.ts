import type { Mailbox, TraceContext } from '../calls';
import type { LocalProcess } from '../lifetime';
import type { Claim } from '../names';
import { type Key, KeyMap, type Pid } from '../term';
import type { EntityClass, EntityDefinition, StartCause } from './entity-options';
import { RememberedKeys } from './memory/remembered-keys';
import { StartPauses } from './memory/start-pauses';

/** Keys of a type of which it is remembered where they came from, and again where they went; what was noted first is forgotten first. */
const MOST_ORIGINS = 1000;

/** One life of an entity on this node, from the beginning of its start until its process has ended. */
export interface Life {
  readonly key: Key;
  readonly cause: StartCause;
  readonly process: LocalProcess;
  readonly mailbox: Mailbox;
  /** Settles when its start is over; never rejects. */
  readonly started: Promise<void>;
  /** Where it lived before, if it was handed over. */
  readonly from: Pid | undefined;
  /** By which it is held, with guard `'lease'`. */
  readonly claim: Claim | undefined;
  /** Whether the claim is released. */
  isFreed: boolean;
  /** Whether another node has it, and only its process is left here. */
  isAway: boolean;
  /** Its end, once that has begun; never rejects. */
  closing: Promise<unknown> | undefined;
  /** What the mailbox had handled when it was looked at last, and since when it has not handled anything more. */
  handled: number;
  quietSince: number;
}

/** How a life begins. */
export interface StartOf {
  readonly cause: StartCause;
  readonly state?: unknown;
  readonly from?: Pid;
  readonly claim?: Claim | undefined;
  /** The trace of the call that starts it. */
  readonly trace?: TraceContext | undefined;
}

/** What happened to the entities of one type on this node, so far. */
export interface TypeCounts {
  readonly started: Record<string, number>;
  failedStarts: number;
  readonly moves: Record<'done' | 'without-state' | 'refused' | 'failed', number>;
  readonly merges: Record<'merged' | 'dropped' | 'lost', number>;
}

/** Makes counts of nothing. */
export function noCounts(): TypeCounts {
  return {
    started: {},
    failedStarts: 0,
    moves: { done: 0, 'without-state': 0, refused: 0, failed: 0 },
    merges: { merged: 0, dropped: 0, lost: 0 },
  };
}

/** Adds counts to a sum. */
export function addCounts(sum: TypeCounts, { started, failedStarts, moves, merges }: TypeCounts): void {
  sum.failedStarts += failedStarts;
  add(sum.started, started);
  add(sum.moves, moves);
  add(sum.merges, merges);
}

function add(sum: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [what, count] of Object.entries(counts)) sum[what] = (sum[what] ?? 0) + count;
}

/** An entity type that this node offers, and what lives of it here. */
export class HostedType {
  readonly type: EntityDefinition;
  readonly class: EntityClass;
  readonly lives = new KeyMap<Life>();
  /** Calls that wait until it is known whether their entity starts here. */
  readonly parked = new KeyMap<Mailbox>();
  readonly pauses = new StartPauses();
  readonly counts = noCounts();
  readonly #origins = new RememberedKeys<Pid>(MOST_ORIGINS);
  /** Where entities went that lived here, and when; see {@link leftFor}. */
  readonly #departures = new RememberedKeys<{ readonly host: Pid; readonly at: number }>(MOST_ORIGINS);
  /** Since when its entities start here: this node has begun to offer it then, or has room again. Infinity: it does not offer it yet. */
  openSince = Infinity;
  /** What its offer says. */
  full = false;
  /** Whether the node has ended: nothing of the type lives here any more. */
  isClosed = false;

  constructor(type: EntityDefinition, entityClass: EntityClass) {
    this.type = type;
    this.class = entityClass;
  }

  /** An entity that was handed over has ended here: its old node may still say for a while that it is on its way. */
  endedAfterMove(key: Key, from: Pid): void {
    this.#origins.note(key, from);
  }

  /** Whether the last entity of a key that was handed over to this node came from this process, and has ended. */
  hasComeFrom(key: Key, from: Pid): boolean {
    return this.#origins.get(key) === from;
  }

  /** An entity is given away, to this host, and has its entry here no longer. */
  leftFor(key: Key, host: Pid, at: number): void {
    this.#departures.note(key, { host, at });
  }

  /** The host to which the last entity of a key that lived here was given away, unless that was before a moment. */
  wentTo(key: Key, since: number): Pid | undefined {
    const departure = this.#departures.get(key);
    return departure !== undefined && departure.at >= since ? departure.host : undefined;
  }

  /** Whether no more entities of the type may be started here. */
  get isFull(): boolean {
    return this.lives.size + this.parked.size >= this.type.maxPerNode;
  }

  /**
   * Whether its offer should say so: it takes that back when there is room for one in twenty, so that it does not flap. Only what lives counts.
   *
   * Race: nodes that read that this one is full pass it over, and must know by then what it has. What waits for its start has no entry yet:
   * they would start it a second time.
   */
  get isToldFull(): boolean {
    const { maxPerNode } = this.type;
    const most = this.full ? maxPerNode - Math.max(1, Math.floor(maxPerNode / 20)) + 1 : maxPerNode;
    return this.lives.size >= most;
  }
}
