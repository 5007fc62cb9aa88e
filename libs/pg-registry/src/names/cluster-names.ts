import type { Observable } from 'rxjs';
import {
  formatKey,
  InvalidArgumentError,
  type Key,
  NamesUnavailableError,
  normalKey,
  OptionChecks,
  type Pid,
  type Value,
} from '../term';
import type { LocalProcess } from '../lifetime';
import { Campaigns } from './campaigns';
import type { Claim } from './claim';
import { isEntityKey } from './entity-keys';
import { EntityNames } from './entity-names';
import { type Holder, Holders, type KnownHolder } from './holders';
import { NameClaims } from './name-claims';
import type { ClusterNamesDeps } from './names-deps';
import { type NamesStats, UNUSED } from './names-stats';
import { type Singleton, Singletons } from './singletons';

/** Options of {@link ClusterNames.tryClaim}. */
export interface TryClaimOptions {
  /** What other nodes see beside the token. Default `null`. */
  readonly value?: Value;
}

/** Options of {@link ClusterNames.claim} and {@link ClusterNames.withLock}. */
export interface ClaimOptions extends TryClaimOptions {
  /** How long to wait for the key, in milliseconds ≥ 0; Infinity for no limit. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting with the signal's reason. A claim that is held already goes on. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 5000;
const TRY_OPTIONS = ['value'];
const CLAIM_OPTIONS = ['value', 'timeoutMs', 'signal'];
const CHECKS = {
  claim: new OptionChecks('Nothing was claimed.', 'claim()'),
  tryClaim: new OptionChecks('Nothing was claimed.', 'tryClaim()'),
  withLock: new OptionChecks('The function was not run.', 'withLock()'),
};

/**
 * Names that one process of the whole cluster holds at a time: leaders, locks, owners. Each claim has a fencing token, and its holder knows
 * when it has lost. One per application; also `node.names`.
 *
 * A node has one session in a store that all nodes share, and renews it; its claims rest on it. At most one process believes that it holds
 * a key, as long as clocks run no more apart than `maxClockDrift` and the store keeps what it has acknowledged. Tokens rise with every
 * change of holder, so a resource that checks them is safe in any case. Mirrors `:global` of Erlang, which has no tokens.
 */
export class ClusterNames {
  readonly #deps: ClusterNamesDeps;
  readonly #holders: Holders;
  readonly #claims: NameClaims | undefined;
  readonly #campaigns: Campaigns;
  readonly #singletons: Singletons;

  /** @internal Made by the node. */
  constructor(deps: ClusterNamesDeps) {
    this.#deps = deps;
    this.#holders = new Holders(deps.scope, deps.timers);
    this.#claims = deps.options === false ? undefined : new NameClaims(deps, deps.options, this.#holders);
    this.#campaigns = new Campaigns(deps);
    const { processes } = deps;
    this.#singletons = new Singletons({
      ...deps,
      claim: async (key, process) =>
        await processes.current.enter(process, undefined, () => this.#claimForEver(key)),
    });
  }

  /**
   * Waits until the process of the running code holds a key. Waiting calls of one node get it in the order of arrival; the order between
   * nodes is not promised, but each gets its turn. Two requests to the store if the key is free. Mirrors `global:set_lock/1`.
   *
   * @param key Any key. Names have keys of their own, apart from those of every scope.
   * @returns The claim. It is released by {@link Claim.release}, and when its process exits.
   * @throws LockTimeoutError if another process holds the key for all of `timeoutMs`; TransportError if the store did not answer;
   *   NamesUnavailableError if there is no store that may be used; the signal's reason; ProcessExitedError if the process exits;
   *   InvalidOptionError, InvalidValueError, ValueTooLargeError. Nothing is held then, and what was under way is given back.
   */
  async claim(key: Key, options: ClaimOptions = {}): Promise<Claim> {
    const { value, timeoutMs, signal } = checked('claim', options);
    return await this.#observed('claim', key, (claims, normal) =>
      claims.claim(normal, value, timeoutMs, signal),
    );
  }

  /**
   * Takes a key if nobody holds it, also from a holder whose session is over. Does not wait for a holder, only for the store. Periodic calls
   * take over from a node that has died, too. Mirrors `global:set_lock/3` without retries.
   *
   * @returns Undefined: another process holds the key, or waits for it on this node; or a node whose session ended while it claimed has it until
   *   the others know of that end.
   * @throws Like {@link claim}; TransportError after 5 seconds without an answer of the store.
   */
  async tryClaim(key: Key, options: TryClaimOptions = {}): Promise<Claim | undefined> {
    CHECKS.tryClaim.names(options, TRY_OPTIONS);
    return await this.#observed('tryClaim', key, (claims, normal) =>
      claims.tryClaim(normal, options.value ?? null, DEFAULT_TIMEOUT_MS),
    );
  }

  /**
   * Claims a key, runs a function, and releases the key. Mirrors `global:trans/2` and `Registry.lock/3`.
   *
   * @param fn Gets the claim. It should end early when `claim.signal` aborts.
   * @returns What the function returned.
   * @throws Like {@link claim}; what the function throws; ClaimLostError if the claim was lost before the function ended, whatever that
   *   returned: then part of its work may not have been protected.
   */
  async withLock<T>(
    key: Key,
    fn: (claim: Claim) => T | PromiseLike<T>,
    options: ClaimOptions = {},
  ): Promise<T> {
    if (typeof fn !== 'function')
      throw new InvalidArgumentError('Argument `fn` of withLock() must be a function. It was not run.');
    const { value, timeoutMs, signal } = checked('withLock', options);
    const claim = await this.#observed('withLock', key, (claims, normal) =>
      claims.claim(normal, value, timeoutMs, signal),
    );
    try {
      const result = await fn(claim);
      claim.assertHeld();
      return result;
    } finally {
      await claim.release();
    }
  }

  /**
   * Asks the store who holds a key. Mirrors `global:whereis_name/1`, with a round trip.
   *
   * @returns Undefined: nobody, or only a node whose session is over.
   * @throws TransportError if the store does not answer within 5 seconds; NamesUnavailableError.
   */
  async holder(key: Key): Promise<Holder | undefined> {
    return await this.#known('holder').holder(this.#key(key), DEFAULT_TIMEOUT_MS);
  }

  /** Returns who holds a key as this node has heard: in memory, at once, and perhaps behind the store. */
  whereis(key: Key): KnownHolder | undefined {
    return this.#holders.find(this.#key(key));
  }

  /**
   * Returns all holders of which this node has heard, or those whose keys are arrays that begin with `prefix`. In memory. Costs the number
   * of keys.
   */
  holders(prefix?: readonly Key[]): readonly KnownHolder[] {
    return this.#holders.all(prefix);
  }

  /** Returns this node's own claim of a key, if it is held now. */
  held(key: Key): Claim | undefined {
    const claim = this.#claims?.held(this.#key(key));
    return claim?.held === true ? claim : undefined;
  }

  /** Emits who holds a key as this node has heard: on subscription, and after each change. Completes when the node stops. */
  watch(key: Key): Observable<KnownHolder | undefined> {
    return this.#holders.watch(this.#key(key));
  }

  /** @internal Returns the process that holds a key, for calls. @throws ScopeNotRunningError if the node has stopped. */
  holderOf(key: Key): Pid | undefined {
    return this.#holders.find(key)?.pid;
  }

  /** @internal Watches who holds a key, for calls, until what is returned is called. */
  onHolderChange(key: Key, onChange: () => void, onEnd: () => void): () => void {
    // As the root process: a subscription ends with its process.
    const { current, root } = this.#deps.processes;
    return current.enter(root, undefined, () => this.#holders.onChange(key, onChange, onEnd));
  }

  /** @internal What is wrong with the store, as part of a sentence; undefined: nothing is known to be. */
  get problem(): string | undefined {
    return this.#claims?.problem;
  }

  /** @internal Whether names are refused because the store has lost records. */
  get isRefusing(): boolean {
    return this.stats().refusedForMs > 0;
  }

  /** Figures of the names of this node at this moment. */
  stats(): NamesStats {
    return this.#claims?.stats() ?? UNUSED;
  }

  /** @internal The node has its connection, for the first time or again. */
  connected(): void {
    this.#claims?.connected();
  }

  /** @internal The node has lost its connection. */
  disconnected(): void {
    this.#claims?.disconnected();
  }

  /** @internal A peer has gone: crashed for certain, or said goodbye. */
  departed(incarnation: string, how: 'crash' | 'goodbye'): void {
    this.#claims?.departed(incarnation, how);
  }

  /** @internal A peer is there. */
  returned(incarnation: string): void {
    this.#claims?.returned(incarnation);
  }

  /**
   * @internal Returns a key as {@link lead} wants it.
   * @throws NamesUnavailableError if names are turned off; InvalidValueError, ValueTooLargeError.
   */
  leaderKey(key: Key): Key {
    this.#known('@OnLeader');
    return this.#key(key);
  }

  /** @internal Campaigns for a key until the node drains, again after each loss, unless the node does already. Idempotent. */
  lead(key: Key): void {
    const { timers } = this.#deps;
    const attempt = async (): Promise<number> => {
      const { lost } = await this.#claimForEver(key);
      const since = timers.now();
      await lost;
      return timers.now() - since;
    };
    this.#campaigns.begin({ key, of: '@OnLeader', attempt });
  }

  /** @internal Returns the names of the entities of this node, which one process holds; undefined if names are turned off. */
  forEntities(process: LocalProcess): EntityNames | undefined {
    return this.#claims && new EntityNames(this.#claims, this.#deps, process);
  }

  /**
   * @internal Returns a key as {@link elect} wants it.
   *
   * @throws InvalidArgumentError if this node campaigns for the key already; what {@link leaderKey} throws.
   */
  singletonKey(key: Key): Key {
    this.#known('@ClusterSingleton');
    const normal = this.#key(key);
    const purpose = this.#campaigns.purposeOf(normal);
    if (purpose === undefined) return normal;
    throw new InvalidArgumentError(
      `${formatKey(normal)} is the key of ${purpose} on this node. Choose another key, or load both when the application starts.`,
    );
  }

  /** @internal Lets a singleton contend for a key until the node drains, again after each loss. */
  elect(key: Key, singleton: Singleton): void {
    this.#campaigns.begin(this.#singletons.campaign(key, singleton));
  }

  /** @internal Ends all claims of this node as a stall does, for tests. */
  expire(): void {
    this.#claims?.expire();
  }

  /** @internal Rejects everything that waits, and takes nothing new. What is held goes on. */
  stopCampaigns(): void {
    this.#campaigns.stop();
    this.#claims?.stopCampaigns();
  }

  /**
   * @internal Ends all claims at once, and resolves when those elected have been deposed and the store has heard it, `timeoutMs` later at the
   * latest. Idempotent.
   */
  async end(timeoutMs: number): Promise<void> {
    this.stopCampaigns();
    await this.#singletons.resign();
    await this.#claims?.end(timeoutMs);
  }

  /** @internal Ends everything: nothing is sent any more. */
  close(): void {
    this.#campaigns.stop();
    this.#claims?.close();
    this.#holders.close();
  }

  /** Claims a key for a campaign. */
  async #claimForEver(key: Key): Promise<Claim> {
    return await this.#known('claim').claim(key, null, Infinity, undefined);
  }

  /** Claims a key for a call of the application, and tells the observer how that came out. */
  async #observed<T extends Claim | undefined>(
    method: string,
    key: Key,
    claim: (claims: NameClaims, key: Key) => Promise<T>,
  ): Promise<T> {
    const claims = this.#known(method);
    const normal = this.#key(key);
    const { onClaiming, timers } = this.#deps;
    const onClaimed = onClaiming?.(method, normal);
    if (onClaimed === undefined) return await claim(claims, normal);
    const since = timers.now();
    try {
      const claimed = await claim(claims, normal);
      onClaimed(
        claimed ? { type: 'held', token: claimed.token } : { type: 'not-free' },
        timers.now() - since,
      );
      return claimed;
    } catch (error) {
      onClaimed({ type: 'failed', error }, timers.now() - since);
      throw error;
    }
  }

  #known(method: string): NameClaims {
    if (this.#claims !== undefined) return this.#claims;
    throw new NamesUnavailableError(
      `${method}() needs cluster names, and option 'names' of node '${this.#deps.node}' is false. Nothing was claimed.`,
    );
  }

  #key(key: Key): Key {
    const normal = normalKey(key, this.#deps.limits, this.#deps.pids);
    if (!isEntityKey(normal)) return normal;
    throw new InvalidArgumentError(
      `The cluster name ${formatKey(normal)} belongs to entities. Use another key. Nothing was claimed.`,
    );
  }
}

function checked(
  method: 'claim' | 'withLock',
  options: ClaimOptions,
): { readonly value: Value; readonly timeoutMs: number; readonly signal: AbortSignal | undefined } {
  const checks: OptionChecks = CHECKS[method];
  checks.names(options, CLAIM_OPTIONS);
  const { value = null, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  checks.signal('signal', signal);
  return { value, timeoutMs: checks.timeout('timeoutMs', timeoutMs), signal };
}
