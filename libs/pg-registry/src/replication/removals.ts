import type { RemoteCause } from '../cluster';
import type { RemoteEntries } from '../table';
import type { ReplicationBudget } from './budget';
import type { StreamOutput } from './stream-output';

/** What {@link Removals} are given. */
export interface RemovalsDeps {
  readonly budget: ReplicationBudget;
  readonly output: StreamOutput;
}

/** The entries of an owner that are to leave, and why. */
interface Removal {
  readonly entries: RemoteEntries;
  readonly cause: RemoteCause;
}

/**
 * The entries of one scope that leave because their owner, or its run of the scope, is gone, or because it has too many.
 *
 *     begun ── few enough for this turn ──► all have left, in one diff
 *       └───── more ──► some leave in each turn of the event loop, the newest first, each time in one diff ──► all have left
 *
 * Meanwhile reads return those that are still here. An owner that comes back is not synced before the last of its entries has left:
 * then nothing that is about to leave is taken for something that it has.
 */
export class Removals {
  readonly #pending = new Map<string, Removal>();
  /** When to `tick`, connected or not: at once (−Infinity) while entries are left to remove; Infinity: never. */
  deadline = Infinity;

  readonly #budget: ReplicationBudget;
  readonly #output: StreamOutput;

  constructor({ budget, output }: RemovalsDeps) {
    this.#budget = budget;
    this.#output = output;
  }

  /** Whether entries of this incarnation are still to leave. */
  has(incarnation: string): boolean {
    return this.#pending.has(incarnation);
  }

  /** Removes all entries of an owner: at once, or beginning now. */
  begin(entries: RemoteEntries, cause: RemoteCause): void {
    // One without entries may be in sync again before its turn comes, with new ones: they must not leave.
    if (entries.count === 0 || this.#pending.has(entries.owner)) return;
    this.#pending.set(entries.owner, { entries, cause });
    this.tick();
  }

  /** Removes as many as the present turn has room for. */
  tick(): void {
    for (const [owner, { entries, cause }] of this.#pending) {
      const { count, extraCost } = entries;
      if (this.#budget.rowsLeft <= 0) break;
      this.#output.diff(entries.removeNewest(this.#budget.rowsLeft), cause);
      this.#budget.rowsLeft -= count - entries.count + entries.extraCost - extraCost;
      if (entries.count === 0) this.#pending.delete(owner);
    }
    this.deadline = this.#pending.size > 0 ? -Infinity : Infinity;
  }

  /** Forgets what is left to remove, because the table goes. */
  clear(): void {
    this.#pending.clear();
    this.deadline = Infinity;
  }
}
