import type { Agenda } from './agenda';
import type { Contest } from './contest';
import type { Instant } from './instant';

/** How much later the next step is, in milliseconds: not in the same one. */
const NEXT_STEP_MS = 0.001;

/** Keys whose contests are still to be told of an end, of a session or of the node. */
interface Ending {
  readonly contests: readonly Contest[];
  readonly tell: (contest: Contest) => void;
  readonly onTold: (() => void) | undefined;
  /** So many have been told. */
  told: number;
}

/**
 * Tells the contests of a node that a session, or everything, has ended: in one step if they are few, else in several. With 100,000 keys one
 * step would take half a second.
 */
export class Endings {
  readonly #agenda: Agenda;
  readonly #now: () => Instant;
  readonly #most: number;
  /** In the order of their beginning. */
  readonly #open: Ending[] = [];

  /** @param most So many contests are told in one step */
  constructor(agenda: Agenda, now: () => Instant, most: number) {
    this.#agenda = agenda;
    this.#now = now;
    this.#most = most;
  }

  /** Whether all have been told. */
  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /**
   * Tells contests of an end, the first of them now.
   *
   * @param tell Called for each; it may remove the contest.
   * @param onTold Called when all have been told.
   */
  begin(contests: Iterable<Contest>, tell: Ending['tell'], onTold?: () => void): void {
    this.#open.push({ contests: Array.from(contests), tell, onTold, told: 0 });
    if (this.#open.length === 1) this.#step();
  }

  /** Tells all that are left. */
  finish(): void {
    while (this.#open.length > 0) this.#tellSome(Infinity);
  }

  #step(): void {
    this.#tellSome(this.#most);
    if (this.#open.length > 0) this.#agenda.add(this.#now().monotonic + NEXT_STEP_MS, () => this.#step());
  }

  #tellSome(most: number): void {
    const [ending] = this.#open;
    if (ending === undefined) return;
    const { contests, tell, onTold, told } = ending;
    ending.told = Math.min(told + most, contests.length);
    for (let at = told; at < ending.told; at += 1) tell(contests[at]);
    if (ending.told < contests.length) return;
    this.#open.shift();
    onTold?.();
  }
}
