import type { Processes, Timers } from '../lifetime';
import { formatKey, type Key, KeyMap, messageOfThrown } from '../term';
import type { Claim } from './claim';

/** What campaigns are given. */
export interface LeaderCampaignsDeps {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly random: () => number;
  /** Waits for a key without a limit of time. */
  readonly claim: (key: Key) => Promise<Claim>;
  readonly onError: (kind: string, message: string) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A claim that was held for so long ends a row of failures. */
const STEADY_MS = 10_000;

/**
 * The keys that this node wants for as long as it runs: one campaign for each, owned by the root process. After a loss or a failure the
 * campaign begins again, after 50 to 100 ms at first, and after twice as long, up to 10 s, for each failure in a row; a claim that lasted less
 * than 10 s counts as one.
 */
export class LeaderCampaigns {
  readonly #deps: LeaderCampaignsDeps;
  readonly #keys = new KeyMap<true>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(deps: LeaderCampaignsDeps) {
    this.#deps = deps;
  }

  /** Begins the campaign for a key in normal form, unless there is one. */
  begin(key: Key): void {
    if (this.#isStopped || this.#keys.has(key)) return;
    this.#keys.set(key, true);
    const { current, root } = this.#deps.processes;
    // Whoever mounts a module may be a process that ends sooner.
    current.enter(root, undefined, () => {
      void this.#campaign(key, 0);
    });
  }

  /** Ends all campaigns. What is held stays so. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#pauses) cancel();
    this.#pauses.clear();
  }

  /** Never rejects. @param failures How many came before, in a row */
  async #campaign(key: Key, failures: number): Promise<void> {
    const { claim, timers, onError } = this.#deps;
    let heldMs = 0;
    try {
      const { lost } = await claim(key);
      const since = timers.now();
      await lost;
      heldMs = timers.now() - since;
    } catch (error) {
      if (!this.#isStopped) onError('leader', notLeading(key, error));
    }
    if (!this.#isStopped) this.#pause(key, heldMs < STEADY_MS ? failures : 0);
  }

  #pause(key: Key, failures: number): void {
    const { timers, random } = this.#deps;
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 20));
    const cancel = timers.setTimer(longestMs * (0.5 + random() / 2), () => {
      this.#pauses.delete(cancel);
      void this.#campaign(key, failures + 1);
    });
    this.#pauses.add(cancel);
  }
}

function notLeading(key: Key, error: unknown): string {
  return `This node cannot lead, so methods with @OnLeader(${formatKey(key)}) do not run here. It goes on trying. ${messageOfThrown(error)}`;
}
