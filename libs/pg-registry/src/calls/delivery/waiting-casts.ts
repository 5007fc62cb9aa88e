import type { Timers } from '../../lifetime';
import { KeyMap, messageOfThrown } from '../../term';
import type { ClusterName } from '../destinations/cluster-name';
import type { HolderRouting } from '../destinations/holder-routing';

/** How long a cast waits for a holder, in milliseconds: as long as a call does by default. */
const LIMIT_MS = 5000;
/** So many casts of one node wait at most; further ones are dropped. */
const MOST_WAITING = 1000;

/** A cast that waits for the next holder of its name. */
export interface WaitingCast {
  /** There is a holder. Must not throw. */
  readonly hand: () => void;
  /** There is none, for this reason. Must not throw. */
  readonly drop: (why: string) => void;
}

/** Those that wait for one name, in the order of the casts. */
type Line = { readonly cast: WaitingCast; readonly until: number }[];

/** The casts to cluster names that nobody holds at the moment. Those to one name are handed over in their order. */
export class WaitingCasts {
  readonly #lines = new KeyMap<Line>();
  readonly #holders: HolderRouting;
  readonly #timers: Timers;
  #size = 0;

  constructor(holders: HolderRouting, timers: Timers) {
    this.#holders = holders;
    this.#timers = timers;
  }

  /** Whether a cast has to wait: for a holder, or behind others. */
  mustWait(name: ClusterName): boolean {
    return this.#lines.has(name.key) || this.#holders.pick(name, undefined) === undefined;
  }

  /** Lets a cast wait; drops it at once if too many do. */
  add(name: ClusterName, cast: WaitingCast): void {
    if (this.#size >= MOST_WAITING)
      return cast.drop(`${this.#size} casts of this node wait for holders already`);
    this.#size += 1;
    const waiting = { cast, until: this.#timers.now() + LIMIT_MS };
    const line = this.#lines.get(name.key);
    if (line !== undefined) return void line.push(waiting);
    const begun: Line = [waiting];
    this.#lines.set(name.key, begun);
    void this.#serve(name, begun);
  }

  /** Never rejects. */
  async #serve(name: ClusterName, line: Line): Promise<void> {
    while (line.length > 0) {
      const remainingMs = Math.max(0, line[0].until - this.#timers.now());
      try {
        // One wait after the other: the line moves up in between.
        // oxlint-disable-next-line no-await-in-loop
        await this.#holders.wait(name, { tried: undefined, last: undefined, remainingMs, signal: undefined });
        for (const { cast } of this.#take(line, line.length)) cast.hand();
      } catch (error) {
        for (const { cast } of this.#take(line, this.#lateOnes(line))) cast.drop(messageOfThrown(error));
      }
    }
    this.#lines.delete(name.key);
  }

  /** How many at the head of the line have no time left; all of them if the wait has ended for another reason. */
  #lateOnes(line: Line): number {
    const now = this.#timers.now();
    const inTime = line.findIndex(({ until }) => until > now);
    return inTime > 0 ? inTime : line.length;
  }

  #take(line: Line, count: number): Line {
    this.#size -= count;
    return line.splice(0, count);
  }
}
