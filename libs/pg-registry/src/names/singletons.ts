import { type LocalProcess, type Timers, withTimeout } from '../lifetime';
import { formatKey, type Key, type LossReason, messageOfThrown } from '../term';
import type { Campaign } from './campaigns';
import type { Claim } from './claim';

/** A class of which one instance serves in the whole cluster: what its node knows of it. Implemented by nest/. */
export interface Singleton {
  /** The class, for logs. */
  readonly label: string;
  /**
   * Starts the process of its next term. What is sent to it waits.
   *
   * @param mayHandOut Must be asked before each delivery; false ends the process, which gets nothing more.
   */
  begin(mayHandOut: () => boolean): SingletonProcess;
}

/** The process by which a singleton contends for its key, and serves if it is elected. */
export interface SingletonProcess {
  readonly process: LocalProcess;
  /** Tells the instance that it is elected, as the process. May throw, or return a promise. */
  elected(claim: Claim): unknown;
  /** Delivers what was sent. */
  open(): void;
  /** Delivers nothing any more. */
  suspend(): void;
  /** Tells the instance that it is not elected any more, as the process. May throw, or return a promise. */
  deposed(reason: LossReason): unknown;
}

/** What singletons are given. */
export interface SingletonsDeps {
  readonly timers: Timers;
  /** How long a hook may hold up what follows it, in milliseconds. */
  readonly exitTimeoutMs: number;
  /** Waits, as a process, for a key without a limit of time. */
  readonly claim: (key: Key, process: LocalProcess) => Promise<Claim>;
  readonly onWarning: (kind: string, message: string) => void;
  readonly onError: (kind: string, message: string) => void;
}

/** The singletons of this node: each has a process that waits for the key, and serves from its election to the loss of the claim. */
export class Singletons {
  readonly #deps: SingletonsDeps;
  readonly #terms = new Set<Term>();

  constructor(deps: SingletonsDeps) {
    this.#deps = deps;
  }

  /** Makes the campaign of a singleton for a key. */
  campaign(key: Key, singleton: Singleton): Campaign {
    const attempt = async (): Promise<number> => {
      const term: Term = new Term(key, singleton, this.#deps);
      this.#terms.add(term);
      try {
        return await term.run();
      } finally {
        this.#terms.delete(term);
      }
    };
    return { key, of: `${singleton.label} with @ClusterSingleton`, attempt };
  }

  /** Deposes those that are elected here, while their claim is still kept from others. Resolves when `onDeposed` has run. Never rejects. */
  async resign(): Promise<void> {
    await Promise.all([...this.#terms].map((term) => term.resign()));
  }
}

/** One process of a singleton, from the campaign to the end of what it was elected for. */
class Term {
  readonly #key: Key;
  readonly #singleton: Singleton;
  readonly #deps: SingletonsDeps;
  readonly #served: SingletonProcess;
  #claim: Claim | undefined;
  /** Resolves when `onElected` has returned. */
  #begun: Promise<void> = Promise.resolve();
  /** Resolves when `onDeposed` has returned; set once it was called. */
  #ended: Promise<void> | undefined;
  #isResigning = false;

  constructor(key: Key, singleton: Singleton, deps: SingletonsDeps) {
    this.#key = key;
    this.#singleton = singleton;
    this.#deps = deps;
    this.#served = singleton.begin(() => this.#isHeld());
  }

  /** Waits for the key, serves, and resolves with how long the claim was held. @throws What makes the claim fail */
  async run(): Promise<number> {
    const { timers, claim } = this.#deps;
    try {
      this.#claim = await claim(this.#key, this.#served.process);
    } catch (error) {
      this.#served.process.exit('not-elected');
      throw error;
    }
    const since = timers.now();
    this.#serve(this.#claim);
    await this.#claim.lost;
    const heldMs = timers.now() - since;
    await this.#limited('onElected', this.#begun);
    if (!this.#isResigning) await this.#limited('onDeposed', this.#ended);
    return heldMs;
  }

  async resign(): Promise<void> {
    if (this.#claim === undefined) return;
    this.#isResigning = true;
    this.#claim.end('node-stopped'); // unless it has ended already
    await this.#limited('onDeposed', this.#ended);
    this.#served.process.exit('deposed');
  }

  /** `onElected` runs first; what was sent is delivered when it has returned. */
  #serve(claim: Claim): void {
    const { signal } = claim;
    const depose = (): void => this.#depose(claim);
    if (signal.aborted) return this.#served.process.exit('deposed'); // it was never told of its election
    signal.addEventListener('abort', depose, { once: true });
    const opened = (): void => {
      if (claim.held) this.#served.open();
    };
    const failed = (error: unknown): void => {
      this.#failed('onElected', error);
      void claim.release();
    };
    const cancelWarning = this.#warnLater(claim);
    this.#begun = run(() => this.#served.elected(claim))
      .finally(cancelWarning)
      .then(opened, failed);
  }

  /** It would hold the key without serving, and only its own code could say why. @returns What cancels the warning */
  #warnLater(claim: Claim): () => void {
    const { exitTimeoutMs, timers, onWarning } = this.#deps;
    return timers.setTimer(exitTimeoutMs, () => {
      if (!claim.held) return;
      onWarning(
        'singleton-onElected',
        `${this.#describe('onElected')} has not returned for ${exitTimeoutMs} ms. Calls to it wait until it has, and no other instance is elected.`,
      );
    });
  }

  /** The claim has ended. Nothing is delivered any more, and then the instance is told, in this very turn. */
  #depose(claim: Claim): void {
    this.#served.suspend();
    const reason = claim.reason ?? 'expired';
    this.#ended = run(() => this.#served.deposed(reason)).catch((error: unknown) =>
      this.#failed('onDeposed', error),
    );
    // While it resigns, the end of its process would give the key to others before it has saved anything.
    if (!this.#isResigning) this.#served.process.exit('deposed');
  }

  /** A stall may have ended the claim without anybody's knowing yet. */
  #isHeld(): boolean {
    this.#claim?.notice();
    return this.#claim?.held === true;
  }

  async #limited(hook: string, promise: Promise<void> | undefined): Promise<void> {
    const { exitTimeoutMs, timers, onError } = this.#deps;
    if (promise === undefined || (await withTimeout(promise, exitTimeoutMs, timers))) return;
    const { label } = this.#singleton;
    onError(
      `singleton-${hook}`,
      `${label}.${hook} has not returned within ${exitTimeoutMs} ms. Nobody waits for it any more.`,
    );
  }

  #failed(hook: string, error: unknown): void {
    this.#deps.onError(`singleton-${hook}`, `${this.#describe(hook)} threw: ${messageOfThrown(error)}`);
  }

  #describe(hook: string): string {
    return `${this.#singleton.label}.${hook} of the cluster singleton ${formatKey(this.#key)}`;
  }
}

/** Runs a step now; what it throws or rejects with rejects. */
async function run(step: () => unknown): Promise<void> {
  await step();
}
