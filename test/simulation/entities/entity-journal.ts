import { formatKey, type Key } from '../../../libs/pg-registry/src/term';
import type { StartCause } from '../../../libs/pg-registry/src/entities';

/** A call that an entity has executed, by its number. */
export type Executed = number;

/** What an entity hands over: which hand-over it is, and the calls that it has executed. */
export interface HandedOver {
  readonly id: number;
  readonly executed: readonly Executed[];
}

/** One life of an entity, as its instance saw it. */
export interface EntityLife {
  readonly id: number;
  readonly type: string;
  readonly key: Key;
  readonly node: string;
  /** Whether its node runs: it has neither crashed nor closed. */
  readonly isNodeAlive: () => boolean;
  /** Whether its node stands still at this moment. */
  readonly isNodeStill: () => boolean;
  /** Whether its node has not begun to leave. */
  readonly isNodeRunning: () => boolean;
  readonly cause: StartCause;
  readonly token: number | undefined;
  readonly startedAt: number;
  isOpen: boolean;
  /** Why `onProcessExit` has begun. */
  reason: unknown;
  hasExitEnded: boolean;
  hasHandedOver: boolean;
  executed: Executed[];
}

/** What the journal asks about the history. */
export interface JournalDeps {
  readonly now: () => number;
  /**
   * How long an entity with guard `'lease'` may go on after the next one has begun, in milliseconds: with `takeover: 'crash'` a node that some do not
   * see, and the store does, hears of its end with the next renewal. 0: not at all.
   */
  readonly overlapMs: number;
  /** Since when all nodes see each other; Infinity: they may not. */
  readonly calmSince: () => number;
  readonly log: (line: string) => void;
  readonly fail: (what: string) => void;
  /** Called when an entity ends. */
  readonly onExit: (life: EntityLife) => void;
}

/**
 * What entities of all nodes did, and the invariants that can be checked where it happens:
 *
 * 1. Guard `'lease'`: when an entity starts, no other one of its key believes that it is the entity; and none executes a call after one with a higher token has started.
 * 2. No call is executed twice, and none by an entity that has not started or has handed over.
 * 4. A state that was handed over is given to one life at most, as it was, and nobody has executed a call after it was taken.
 * 6. No entity starts while another one of its key, on a node that it sees, has not ended.
 */
export class EntityJournal {
  readonly lives: EntityLife[] = [];
  /** What entities saved at their end, by type and key. */
  readonly saved = new Map<string, readonly Executed[]>();
  readonly ends: Record<string, number> = {};
  readonly starts: Record<string, number> = {};
  readonly #deps: JournalDeps;
  readonly #executed = new Map<Executed, EntityLife>();
  readonly #handedOver = new Map<
    number,
    { readonly by: EntityLife; readonly state: HandedOver; isGiven: boolean }
  >();

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  /** The life that executed a call. */
  executorOf(call: Executed): EntityLife | undefined {
    return this.#executed.get(call);
  }

  /** The lives of a key that have not ended, on nodes that run. */
  living(type: string, key: Key): readonly EntityLife[] {
    return this.lives.filter(
      (life) => life.type === type && life.key === key && !life.hasExitEnded && life.isNodeAlive(),
    );
  }

  /** `onProcessStart` begins. */
  begins(
    of: Omit<
      EntityLife,
      'id' | 'startedAt' | 'isOpen' | 'reason' | 'hasExitEnded' | 'hasHandedOver' | 'executed'
    >,
  ): EntityLife {
    const { now, calmSince, fail, log, overlapMs } = this.#deps;
    const mayOverlap = overlapMs > 0;
    const life: EntityLife = {
      ...of,
      id: this.lives.length + 1,
      startedAt: now(),
      isOpen: false,
      reason: undefined,
      hasExitEnded: false,
      hasHandedOver: false,
      executed: [],
    };
    log(`${nameOf(life)} begins: ${life.cause}${life.token === undefined ? '' : ` with ${life.token}`}`);
    for (const other of this.living(of.type, of.key)) {
      // By its own clock, which it looks at before it does anything.
      const isBelieving = other.token !== undefined && other.reason === undefined && !other.isNodeStill();
      if (life.token !== undefined && isBelieving && !mayOverlap)
        fail(`1: ${nameOf(life)} begins while ${nameOf(other)} believes that it holds the lease`);
      if (other.reason !== 'lost' && calmSince() <= other.startedAt)
        fail(`6: ${nameOf(life)} begins before the end of ${nameOf(other)}`);
    }
    this.lives.push(life);
    this.starts[life.cause] = (this.starts[life.cause] ?? 0) + 1;
    return life;
  }

  /** An entity gets what another one handed over. */
  given(life: EntityLife, state: HandedOver, how: string): void {
    const { fail } = this.#deps;
    const handed = this.#handedOver.get(state.id);
    if (handed === undefined) return fail(`4: ${nameOf(life)} got a state by ${how} that nobody handed over`);
    const { by } = handed;
    if (handed.isGiven)
      fail(`4: ${nameOf(life)} got the state of ${nameOf(by)} by ${how}, which was given before`);
    handed.isGiven = true;
    if (by.type !== life.type || by.key !== life.key)
      fail(`4: ${nameOf(life)} got the state of ${nameOf(by)} by ${how}`);
    if (String(by.executed) !== String(state.executed))
      fail(
        `4: ${nameOf(life)} got ${state.executed.length} calls of ${nameOf(by)}, which has ${by.executed.length}`,
      );
  }

  executes(life: EntityLife, call: Executed): void {
    const { fail } = this.#deps;
    const before = this.#executed.get(call);
    if (before !== undefined)
      fail(`2: call ${call} is executed by ${nameOf(life)}, and was by ${nameOf(before)}`);
    if (!life.isOpen || life.hasHandedOver || life.reason !== undefined)
      fail(`2: ${nameOf(life)} executes call ${call}, but has ${life.isOpen ? 'ended' : 'not started'}`);
    this.#executed.set(call, life);
    this.#deps.log(`${nameOf(life)} executes call ${call}`);
    if (life.token === undefined) return;
    const later = this.lives.find(
      ({ type, key, token = 0 }) => type === life.type && key === life.key && token > life.token!,
    );
    const { now, overlapMs } = this.#deps;
    if (later !== undefined && now() - later.startedAt >= overlapMs)
      fail(
        `1: ${nameOf(life)} executes call ${call} with token ${life.token}, after ${nameOf(later)} with ${later.token}`,
      );
  }

  handsOver(life: EntityLife): HandedOver {
    const state = { id: life.id, executed: [...life.executed] };
    if (life.hasHandedOver) this.#deps.fail(`4: ${nameOf(life)} hands over twice`);
    life.hasHandedOver = true;
    this.#handedOver.set(state.id, { by: life, state, isGiven: false });
    return state;
  }

  /** `onProcessExit` begins. */
  exits(life: EntityLife, reason: unknown): void {
    if (life.reason !== undefined) this.#deps.fail(`6: ${nameOf(life)} exits twice`);
    life.reason = reason ?? 'none';
    const word = typeof reason === 'string' ? reason : 'error';
    this.ends[word] = (this.ends[word] ?? 0) + 1;
    this.#deps.log(`${nameOf(life)} exits: ${word}`);
    this.#deps.onExit(life);
  }

  exited(life: EntityLife): void {
    life.hasExitEnded = true;
    this.saved.set(placeOf(life), life.executed);
  }
}

/** Names a key of a type in maps. */
export function placeOf({ type, key }: Pick<EntityLife, 'type' | 'key'>): string {
  return `${type} ${formatKey(key)}`;
}

/** Names a life for people. */
export function nameOf({ id, type, key, node }: EntityLife): string {
  return `${type} ${formatKey(key)} #${id} on ${node}`;
}
