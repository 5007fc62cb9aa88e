import type { LeaseEffect } from '../../../libs/pg-registry/src/names/lease/lease-effect';
import { Leases } from '../../../libs/pg-registry/src/names/lease/leases';
import type { Holding } from '../../../libs/pg-registry/src/names/lease/contest-deps';
import type { Instant } from '../../../libs/pg-registry/src/names/lease/instant';
import type { SessionOptions } from '../../../libs/pg-registry/src/names/lease/session';
import { DEFAULT_VALUE_LIMITS, PidInterner } from '../../../libs/pg-registry/src/term';
import type { SeededRandom } from '../../support/seeded-random';
import type { SimulatedStream } from './simulated-stream';

/** The clocks of a node, which run at rates of their own. */
export class DriftingClock {
  readonly #rate: number;
  readonly #wallRate: number;
  /** How long the monotonic clock has stood still, in true milliseconds. */
  #stood = 0;
  #standsSince: number | undefined;
  /** By how much somebody has set the wall clock, in milliseconds. */
  #set = 0;

  constructor(random: SeededRandom, drift: number) {
    this.#rate = random.between(1 - drift, 1 + drift);
    this.#wallRate = random.between(1 - drift, 1 + drift);
  }

  /** The machine sleeps: its monotonic clock stands still. */
  stand(at: number): void {
    this.#standsSince ??= at;
  }

  /** Somebody sets the wall clock forward, or back if `ms` is negative. */
  set(ms: number): void {
    this.#set += ms;
  }

  go(at: number): void {
    if (this.#standsSince !== undefined) this.#stood += at - this.#standsSince;
    this.#standsSince = undefined;
  }

  at(time: number): Instant {
    const stood = this.#stood + (this.#standsSince === undefined ? 0 : time - this.#standsSince);
    return {
      monotonic: (time - stood) * this.#rate,
      wall: 1_700_000_000_000 + time * this.#wallRate + this.#set,
    };
  }

  /** How much true time passes until the monotonic clock says so, while it goes. */
  trueMs(until: number, time: number): number {
    return Math.max(0, (until - this.at(time).monotonic) / this.#rate);
  }
}

/** One life of a node, as far as names go. */
export class SimulatedHolder {
  readonly leases: Leases;
  readonly pids = new PidInterner();
  /** The keys that it wants, each for one process at a time. */
  readonly wanted = new Set<string>();
  /** The keys that it was told to hold, by token. */
  readonly told = new Map<string, Holding>();
  readonly watched = new Set<string>();
  /** How it talks to the store; made at first use. */
  stream: SimulatedStream | undefined;
  alive = true;
  /** Stopped by a signal, or with a blocked event loop: it does nothing until it goes on. */
  stalled = false;
  connected = true;
  /** How often it was cut off. */
  cuts = 0;
  /** What came while it was stalled. */
  readonly inbox: (() => void)[] = [];
  #ids = 0;

  constructor(
    readonly name: string,
    readonly incarnation: string,
    readonly clock: DriftingClock,
    random: SeededRandom,
    options: SessionOptions,
    mostEndsInStep: number | undefined,
  ) {
    this.leases = new Leases({
      incarnation,
      pids: this.pids,
      limits: DEFAULT_VALUE_LIMITS,
      options,
      random: random.next,
      ...(mostEndsInStep !== undefined && { mostEndsInStep }),
    });
  }

  /** Asks for a key, for a new process. */
  campaign(key: string, once: boolean, time: number): readonly LeaseEffect[] {
    this.#ids += 1;
    this.wanted.add(key);
    const pid = this.pids.intern(this.name, this.incarnation, this.#ids);
    return this.leases.campaign(key, { pid, value: this.#ids, once }, this.clock.at(time));
  }
}
