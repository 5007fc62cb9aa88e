import type { AbortListeners, LocalProcess, Timers } from '../lifetime';
import type { Key, Value } from '../term';
import type { Claim } from './claim';

/** One call of `claim` or `tryClaim` that has not ended. */
export interface Waiter {
  readonly process: LocalProcess;
  readonly value: Value;
  /** True: it does not wait for a holder. */
  readonly once: boolean;
  readonly settle: (outcome: { readonly claim: Claim | undefined } | { readonly error: unknown }) => void;
}

/** What ends the waiting of one call. */
export interface WaitingLimits {
  /** Milliseconds; Infinity: no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onTimeout: () => Error;
}

/** What all lists of a node have together. To count them would take a tenth of a second with 100,000 of them. */
export interface ListCounts {
  /** Keys with a claim. */
  held: number;
  /** Calls that wait. */
  waiting: number;
}

/** The claims of one key on this node: the one that is held, and the calls that wait for it in the order of arrival. */
export class WaitingList {
  readonly key: Key;
  /** Resolve when the release that is under way has reached the store. */
  readonly onReleased: (() => void)[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #counts: ListCounts;
  #claim: Claim | undefined;

  /** @param counts Kept up to date by this list */
  constructor(key: Key, counts: ListCounts) {
    this.key = key;
    this.#counts = counts;
  }

  /** The claim that this node holds. */
  get claim(): Claim | undefined {
    return this.#claim;
  }

  /** The key is held by a claim of this node now, or by none. */
  hold(claim: Claim | undefined): void {
    this.#counts.held += Number(claim !== undefined) - Number(this.#claim !== undefined);
    this.#claim = claim;
  }

  /** The call whose turn it is. */
  get first(): Waiter | undefined {
    const [first] = this.#waiters;
    return first;
  }

  /** How many calls wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Whether nothing is held, wanted or being released. */
  get isEmpty(): boolean {
    return this.claim === undefined && this.#waiters.size === 0 && this.onReleased.length === 0;
  }

  /** The calls that wait for a process, or all of them. */
  waiters(process?: LocalProcess): readonly Waiter[] {
    return [...this.#waiters].filter((waiter) => process === undefined || waiter.process === process);
  }

  /**
   * Adds a call, and resolves or rejects as it ends.
   *
   * @param onLeave Called when the call ends without having got the key, with whether its turn it was.
   */
  wait(
    call: Pick<Waiter, 'process' | 'value' | 'once'>,
    limits: WaitingLimits,
    deps: { readonly timers: Timers; readonly signals: AbortListeners },
    onLeave: (wasFirst: boolean) => void,
  ): Promise<Claim | undefined> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, signal, onTimeout } = limits;
      const waiter: Waiter = {
        ...call,
        settle: (outcome) => {
          const wasFirst = this.first === waiter;
          if (!this.#waiters.delete(waiter)) return;
          this.#counts.waiting -= 1;
          cancelTimer?.();
          removeListener?.();
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.claim);
          if ('error' in outcome || outcome.claim === undefined) onLeave(wasFirst);
        },
      };
      this.#waiters.add(waiter);
      this.#counts.waiting += 1;
      const cancelTimer =
        timeoutMs === Infinity
          ? undefined
          : deps.timers.setTimer(timeoutMs, () => waiter.settle({ error: onTimeout() }), { keepAlive: true });
      const removeListener =
        signal && deps.signals.onAbort(signal, () => waiter.settle({ error: signal.reason }));
    });
  }
}
