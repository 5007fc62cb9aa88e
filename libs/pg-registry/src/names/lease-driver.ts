import type { Timers } from '../lifetime';
import type { KeyEffect } from './lease/contest-deps';
import type { Instant } from './lease/instant';
import type { LeaseEffect } from './lease/lease-effect';
import type { Leases } from './lease/leases';
import type { StoreRequest } from './lease/store-requests';
import type {
  LeaseReadOutcome,
  LeaseStore,
  LeaseUnavailable,
  LeaseUnreachable,
  LeaseWatch,
} from './lease-store';

/** What {@link LeaseDriver} needs. */
export interface LeaseDriverDeps {
  readonly leases: Leases;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** The store of the present connection; or why there is none. */
  readonly openStore: () => LeaseStore | LeaseUnreachable | LeaseUnavailable;
  /** Takes what became of a key. It must not throw. */
  readonly onKey: (effect: KeyEffect) => void;
  /** Called after each input, when all that it led to was begun. It must not throw. */
  readonly onStep: () => void;
  /** Called when the store has broken what it promises. */
  readonly onStoreBroke: (effect: Extract<LeaseEffect, { type: 'store-broke' }>) => void;
  /** Called when the store did not answer. */
  readonly onTrouble: (reason: string) => void;
  /** Called when a step failed by a fault of ours, or of a store that breaks the port; the next one goes on. */
  readonly onFailure: (error: unknown) => void;
}

/** So many requests are under way at a time; the others wait in line. The session's own go first. */
const MOST_REQUESTS = 256;

/** Runs {@link Leases} with a clock, timers and a store. */
export class LeaseDriver {
  readonly #deps: LeaseDriverDeps;
  #effects: LeaseEffect[] = [];
  /** In the order of their coming. */
  readonly #waiting = new Set<StoreRequest>();
  readonly #watches = new Map<string, LeaseWatch>();
  #store: LeaseStore | undefined;
  #isRunning = false;
  #underWay = 0;
  #cancelTimer: () => void = () => undefined;
  /** The deadline for which there is a timer. */
  #plannedFor: number | undefined;
  #isClosed = false;

  constructor(deps: LeaseDriverDeps) {
    this.#deps = deps;
  }

  /** The moment, on both clocks. */
  now(): Instant {
    return { monotonic: this.#deps.timers.now(), wall: this.#deps.wall() };
  }

  /** Which store this is, for people; undefined before its first use. */
  get place(): string | undefined {
    return this.#store?.place;
  }

  /** Runs what an input led to, in order; also what the receivers of it lead to. */
  run(effects: readonly LeaseEffect[]): void {
    for (const effect of effects) this.#effects.push(effect);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      // Also reaches what is added meanwhile.
      for (const effect of this.#effects) this.#perform(effect);
    } finally {
      this.#effects = [];
      this.#isRunning = false;
    }
    this.#plan();
    this.#deps.onStep();
  }

  /** Reads a record for somebody who only wants to know. */
  async read(name: string, timeoutMs: number): Promise<LeaseReadOutcome> {
    const store = this.#opened();
    return 'type' in store ? store : await store.read(name, { timeoutMs });
  }

  /** Ends everything; nothing is sent any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
    this.#store?.close();
  }

  #perform(effect: LeaseEffect): void {
    switch (effect.type) {
      case 'request':
        return this.#request(effect.request);
      case 'watch':
        return this.#watch(effect.name);
      case 'unwatch':
        this.#watches.get(effect.name)?.stop();
        return void this.#watches.delete(effect.name);
      case 'store-broke':
        return this.#deps.onStoreBroke(effect);
      case 'trouble':
        return this.#deps.onTrouble(effect.reason);
      default:
        return this.#deps.onKey(effect);
    }
  }

  #request(request: StoreRequest): void {
    if (this.#isClosed) return;
    if (this.#underWay >= MOST_REQUESTS && !isOfSession(request)) this.#waiting.add(request);
    else this.#sendSafely(request);
  }

  #sendSafely(request: StoreRequest): void {
    this.#send(request).catch(this.#deps.onFailure);
  }

  async #send(request: StoreRequest): Promise<void> {
    this.#underWay += 1;
    const { id, timeoutMs } = request;
    const store = this.#opened();
    const sent =
      'type' in store
        ? Promise.resolve(store)
        : request.type === 'read'
          ? store.read(request.name, { timeoutMs })
          : store.write(request.write, { timeoutMs });
    const outcome = await sent;
    this.#underWay -= 1;
    if (this.#isClosed) return;
    const [next] = this.#waiting;
    if (next !== undefined && this.#waiting.delete(next)) this.#sendSafely(next);
    this.run(this.#deps.leases.answered(id, outcome, this.now()));
  }

  #watch(name: string): void {
    const store = this.#opened();
    if ('type' in store) return; // the record is read again in any case, only later
    const hint = (heard?: Uint8Array): void => {
      if (!this.#isClosed) this.run(this.#deps.leases.hint(name, this.now(), heard));
    };
    this.#watches.get(name)?.stop();
    this.#watches.set(name, store.watch(name, hint));
  }

  #opened(): LeaseStore | LeaseUnreachable | LeaseUnavailable {
    if (this.#store !== undefined) return this.#store;
    const store = this.#deps.openStore();
    if (!('type' in store)) this.#store = store;
    return store;
  }

  #plan(): void {
    const deadline = this.#isClosed ? undefined : this.#deps.leases.nextDeadline();
    if (deadline === this.#plannedFor) return;
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    this.#plannedFor = deadline;
    if (deadline === undefined) return;
    const { timers, leases } = this.#deps;
    this.#cancelTimer = timers.setTimer(Math.max(0, deadline - timers.now()), () => {
      this.#plannedFor = undefined;
      this.run(leases.tick(this.now()));
    });
  }
}

function isOfSession(request: StoreRequest): boolean {
  return (request.type === 'read' ? request.name : request.write.name).startsWith('s:');
}
