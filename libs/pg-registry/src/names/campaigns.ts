import type { Processes, Timers } from '../lifetime';
import { formatKey, type Key, KeyMap, messageOfThrown } from '../term';

/** What campaigns are given. */
export interface CampaignsDeps {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly random: () => number;
  readonly onError: (kind: string, message: string) => void;
}

/** One key that this node wants for as long as it runs. */
export interface Campaign {
  /** In normal form. */
  readonly key: Key;
  /** What does not run while the key is not held, for the log: `Scheduler with @ClusterSingleton`. */
  readonly of: string;
  /** Waits for the key, acts on the claim until it is lost, and resolves with how long that was, in milliseconds. */
  readonly attempt: () => Promise<number>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A claim that was held for so long ends a row of failures. */
const STEADY_MS = 10_000;

/**
 * The keys that this node wants for as long as it runs: one campaign for each. After a loss or a failure the campaign begins again, after 50
 * to 100 ms at first, and after twice as long, up to 10 s, for each failure in a row; a claim that lasted less than 10 s counts as one.
 */
export class Campaigns {
  readonly #deps: CampaignsDeps;
  readonly #campaigns = new KeyMap<Campaign>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(deps: CampaignsDeps) {
    this.#deps = deps;
  }

  /** What the campaign for a key is for; undefined if there is none. */
  purposeOf(key: Key): string | undefined {
    return this.#campaigns.get(key)?.of;
  }

  /** Begins a campaign, unless there is one for its key. */
  begin(campaign: Campaign): void {
    if (this.#isStopped || this.#campaigns.has(campaign.key)) return;
    this.#campaigns.set(campaign.key, campaign);
    const { current, root } = this.#deps.processes;
    // A module may be mounted by a process that ends sooner.
    current.enter(root, undefined, () => {
      void this.#run(campaign, 0);
    });
  }

  /** Ends all campaigns. What is held stays so. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#pauses) cancel();
    this.#pauses.clear();
  }

  /** Never rejects. @param failures How many came before, in a row */
  async #run(campaign: Campaign, failures: number): Promise<void> {
    let heldMs = 0;
    try {
      heldMs = await campaign.attempt();
    } catch (error) {
      if (!this.#isStopped) this.#deps.onError('leader', notLeading(campaign, error));
    }
    if (!this.#isStopped) this.#pause(campaign, heldMs < STEADY_MS ? failures : 0);
  }

  #pause(campaign: Campaign, failures: number): void {
    const { timers, random } = this.#deps;
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 20));
    const cancel = timers.setTimer(longestMs * (0.5 + random() / 2), () => {
      this.#pauses.delete(cancel);
      void this.#run(campaign, failures + 1);
    });
    this.#pauses.add(cancel);
  }
}

function notLeading({ key, of }: Campaign, error: unknown): string {
  return `This node cannot hold ${formatKey(key)}, so ${of} does not run here. It goes on trying. ${messageOfThrown(error)}`;
}
