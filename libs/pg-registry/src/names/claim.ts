import type { LocalProcess } from '../lifetime';
import { ClaimLostError, formatKey, type Key, type LossReason, type Pid, type Value } from '../term';
import type { Holding } from './lease/contest-deps';

/** What a claim asks of the names of its node. */
export interface ClaimDeps {
  readonly key: Key;
  readonly process: LocalProcess;
  /** Whether the node may still act on this claim, by its clocks at this moment. */
  readonly isHeld: (token: number) => boolean;
  /** Why the claim ended, when the clocks have ended it and nobody was told yet. */
  readonly settle: () => void;
  readonly update: (value: unknown) => Promise<Value>;
  /** @param to The incarnation that may take the key first; undefined: whoever is first */
  readonly release: (to?: string) => Promise<void>;
}

/**
 * One key of the cluster, held by one process: made by `ClusterNames.claim`. It is held until {@link release}, the end of its process or
 * node, or until it is {@link lost}. Code that has awaited anything asks {@link assertHeld} before its next side effect, and gives
 * {@link token} to whatever it writes to. Mirrors a lock of Erlang's `global`, with a fencing token.
 */
export class Claim implements AsyncDisposable {
  /** What is held. */
  readonly key: Key;
  /**
   * The fencing token: higher than that of every earlier holder of this key, for ever; constant while this claim is held. A safe
   * integer. A resource that keeps the highest token it has seen, and refuses lower ones, is safe from holders that have lost.
   */
  readonly token: number;
  /** The process that holds it. It is released when the process exits. */
  readonly pid: Pid;
  /** Resolves when the claim ends, with the reason. Never rejects. */
  readonly lost: Promise<LossReason>;
  readonly #deps: ClaimDeps;
  /** Made when somebody asks for the signal: a release costs a tenth of a millisecond less without it. */
  #controller: AbortController | undefined;
  #value: Value;
  #reason: LossReason | undefined;
  #tellLost!: (reason: LossReason) => void;

  /** @internal Made by `ClusterNames`. */
  constructor({ token, value }: Holding, deps: ClaimDeps) {
    this.#deps = deps;
    this.key = deps.key;
    this.token = token;
    this.pid = deps.process.pid;
    this.#value = value;
    this.lost = new Promise((resolve) => (this.#tellLost = resolve));
  }

  /** Aborts when the claim ends, with a {@link ClaimLostError} as the reason. Within one phase of timers: {@link held} may know before. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#error(this.#reason));
    }
    return this.#controller.signal;
  }

  /** @internal The process that holds it. */
  get process(): LocalProcess {
    return this.#deps.process;
  }

  /** What other nodes see beside the token; see {@link update}. */
  get value(): Value {
    return this.#value;
  }

  /** Whether the claim is held now. Asks the clocks, so it is right at once after the process stood still. Costs two reads of a clock. */
  get held(): boolean {
    return this.#reason === undefined && this.#deps.isHeld(this.token);
  }

  /**
   * Makes sure that the claim is held now. Call it right before a side effect.
   *
   * @throws ClaimLostError saying why it is not.
   */
  assertHeld(): void {
    if (this.held) return;
    this.#deps.settle();
    throw this.#error(this.#reason ?? 'expired');
  }

  /**
   * Replaces the value. The token stays.
   *
   * @throws ClaimLostError if the claim is lost before or meanwhile. InvalidValueError, ValueTooLargeError for a value that cannot be
   *   stored; TransportError if the store refuses it. The claim goes on then with the value before.
   */
  async update(value: Value): Promise<void> {
    this.assertHeld();
    this.#value = await this.#deps.update(value);
  }

  /**
   * Gives the key back. It is not held any more when this method returns; the promise resolves when others can have it, or with the end of this
   * node's session if the store is not reached until then: others have it a margin later. Idempotent; never rejects.
   */
  async release(): Promise<void> {
    if (this.#reason === undefined) await this.#deps.release();
  }

  /** @internal Gives the key back so that one node may take it first; others leave it alone for the ttl of this node. */
  async releaseFor(incarnation: string): Promise<void> {
    if (this.#reason === undefined) await this.#deps.release(incarnation);
  }

  /** Releases the claim at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** @internal Why it has ended; undefined: nobody was told that it has. */
  get reason(): LossReason | undefined {
    return this.#reason;
  }

  /** @internal Tells everybody, in this turn, if it is not held any more by the clocks. */
  notice(): void {
    if (this.held) return;
    this.#deps.settle();
    this.end('expired');
  }

  /** @internal Ends the claim, once. */
  end(reason: LossReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#tellLost(reason);
    this.#controller?.abort(this.#error(reason));
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const state = this.#reason ?? (this.held ? 'held' : 'over');
    return `Claim ${formatKey(this.key)} by ${this.pid} with token ${this.token} (${state})`;
  }

  #error(reason: LossReason): ClaimLostError {
    const { key, token } = this;
    return new ClaimLostError(
      `The claim of ${formatKey(key)} with token ${token} is not held any more: ${REASONS[reason]}. Another process may hold it.`,
      { key, token, reason },
    );
  }
}

const REASONS: Readonly<Record<LossReason, string>> = {
  expired: 'this node did not renew its session in time',
  taken: "another node ended this node's session",
  released: 'it was released',
  'process-exit': 'its process has ended',
  'node-stopped': 'this node has drained or stopped',
  disconnected: 'the store could not be reached until the session ended',
  'store-rolled-back': 'the store has lost records or was made anew',
};
