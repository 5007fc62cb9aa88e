import type { Claim, EntityNames, Holder } from '../names';
import {
  EntityUnavailableError,
  type Key,
  LockTimeoutError,
  messageOfThrown,
  NamesUnavailableError,
  quoteText,
  TransportError,
} from '../term';
import { withTimeout } from '../lifetime';
import type { EntitiesDeps } from './entities-deps';
import { nameOf } from './entity-options';
import type { Life } from './hosted-type';
import type { Refusals } from './refusals';

/** How long calls wait for a lease, so that their callers hear why they do not get it: less than the default time limit of a call. */
const CLAIM_MS = 4000;
/** How long a node waits for a lease before it asks again who holds it, in milliseconds; twice as long each time, up to the second. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 400;
/** How long an entity that has ended waits for the store to hear it. */
const FREE_MS = 5000;

/** The leases of the entities with guard `'lease'`: each is the cluster name of a type and key, held by the process of the host. */
export class EntityLeases {
  readonly #deps: Pick<EntitiesDeps, 'processes' | 'availability' | 'timers'>;
  readonly #names: EntityNames;
  readonly #refusals: Refusals;
  readonly #freeing = new Set<Promise<void>>();

  constructor(
    deps: Pick<EntitiesDeps, 'processes' | 'availability' | 'timers'>,
    names: EntityNames,
    refusals: Refusals,
  ) {
    this.#deps = deps;
    this.#names = names;
    this.#refusals = refusals;
  }

  /** Whether this node has begun to leave, and claims nothing any more. */
  get isStopped(): boolean {
    return this.#names.isStopped;
  }

  /**
   * Claims an entity. Two requests to the store if nobody holds it.
   *
   * @throws EntityElsewhereError naming the holder, if that is on a node of the cluster, or if this node leaves; EntityUnavailableError if a
   *   node that cannot be reached holds it for more than {@link CLAIM_MS}, or if the store cannot be used; ValueTooLargeError.
   */
  async take(type: string, key: Key): Promise<Claim> {
    const { timers } = this.#deps;
    const until = timers.now() + CLAIM_MS;
    const left = (atMost = CLAIM_MS): number =>
      Math.max(1, Math.ceil(Math.min(atMost, until - timers.now())));
    let who = 'another node';
    let late: LockTimeoutError | TransportError | undefined;
    try {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
        // One question after the other: who gets it while this node waits is to be asked instead.
        // oxlint-disable-next-line no-await-in-loop
        const claim = await this.#names.tryClaim(type, key, left());
        if (claim !== undefined) return claim;
        // oxlint-disable-next-line no-await-in-loop
        who = this.#describe({ type, key }, await this.#names.holder(type, key, left())) ?? who;
        // After the last wait there is still time to ask.
        if (late !== undefined && left() <= LONGEST_WAIT_MS) throw late;
        const began = timers.now();
        try {
          // oxlint-disable-next-line no-await-in-loop
          return await this.#names.claim(type, key, left(waitMs));
        } catch (error) {
          // A busy store may answer too late for so short a wait, and in time for the next question.
          const isLate = error instanceof TransportError && timers.now() - began >= waitMs / 2;
          if (!isLate && !(error instanceof LockTimeoutError)) throw error;
          late = error;
        }
      }
    } catch (error) {
      throw this.#failure({ type, key }, who, error);
    }
  }

  /** Describes a holder who cannot be asked. @throws EntityElsewhereError naming one who can */
  #describe(
    address: { readonly type: string; readonly key: Key },
    holder: Holder | undefined,
  ): string | undefined {
    const { processes, availability } = this.#deps;
    if (holder === undefined || processes.isLocal(holder.pid)) return undefined;
    const { pid, expiresInMs } = holder;
    if (availability(pid) !== 'unknown')
      throw this.#refusals.elsewhere(address, pid, 'does not hold its lease');
    return `node ${quoteText(pid.node)}, which is no peer of this node and may be alive. Its lease lasts ${expiresInMs} ms unless it is renewed`;
  }

  /** Gives the lease of a life back, whose `onProcessExit` has run. @param to The incarnation that may take it first */
  async free(life: Life, to?: string): Promise<void> {
    const { claim } = life;
    if (claim === undefined) return;
    life.isFreed = true;
    const freed = to === undefined ? claim.release() : claim.releaseFor(to);
    await withTimeout(freed, FREE_MS, this.#deps.timers);
  }

  /** Gives the lease of a life back when what it protected is over. @param exit Its `onProcessExit`; never rejects */
  freeAfter(exit: Promise<void>, life: Life): void {
    const freeing = exit.then(() => this.free(life)).finally(() => this.#freeing.delete(freeing));
    this.#freeing.add(freeing);
  }

  /** Resolves when no lease waits any more for the end of what it protected. */
  async freed(): Promise<void> {
    await Promise.allSettled(this.#freeing);
  }

  #failure(address: { readonly type: string; readonly key: Key }, who: string, error: unknown): unknown {
    const entity = nameOf(address);
    if (error instanceof LockTimeoutError)
      return new EntityUnavailableError(
        `The entity ${entity} is not started: its lease is held by ${who}. Nothing was executed.`,
      );
    if (!(error instanceof TransportError || error instanceof NamesUnavailableError)) return error;
    if (this.isStopped) return this.#refusals.leaving(address);
    const remedy =
      error instanceof TransportError
        ? 'It is tried again with the next call.'
        : "Guard 'lease' needs a store of leases that can be used; without one, use guard 'view'.";
    return new EntityUnavailableError(
      `The entity ${entity} is not started, because its lease cannot be claimed: ${messageOfThrown(error)} ${remedy} Nothing was executed.`,
    );
  }
}
