import type { LocalProcess } from '../lifetime';
import { type Key, normalKey } from '../term';
import type { Claim } from './claim';
import { ENTITY_KEYS } from './entity-keys';
import type { Holder } from './holders';
import type { NameClaims } from './name-claims';
import type { ClusterNamesDeps } from './names-deps';

/** The cluster names by which entities with guard `'lease'` are held, all by one process of their node. */
export class EntityNames {
  readonly #claims: NameClaims;
  readonly #deps: Pick<ClusterNamesDeps, 'processes' | 'limits' | 'pids'>;
  readonly #process: LocalProcess;

  constructor(
    claims: NameClaims,
    deps: Pick<ClusterNamesDeps, 'processes' | 'limits' | 'pids'>,
    process: LocalProcess,
  ) {
    this.#claims = claims;
    this.#deps = deps;
    this.#process = process;
  }

  /** Whether this node has begun to leave, and claims nothing any more. */
  get isStopped(): boolean {
    return this.#claims.isStopped;
  }

  /** See `ClusterNames.tryClaim`. */
  async tryClaim(type: string, key: Key, timeoutMs: number): Promise<Claim | undefined> {
    const name = this.#nameOf(type, key);
    return await this.#run(() => this.#claims.tryClaim(name, null, timeoutMs));
  }

  /** See `ClusterNames.claim`. */
  async claim(type: string, key: Key, timeoutMs: number): Promise<Claim> {
    const name = this.#nameOf(type, key);
    return await this.#run(() => this.#claims.claim(name, null, timeoutMs, undefined));
  }

  /** See `ClusterNames.holder`. */
  async holder(type: string, key: Key, timeoutMs: number): Promise<Holder | undefined> {
    return await this.#claims.holder(this.#nameOf(type, key), timeoutMs);
  }

  /** @throws ValueTooLargeError: nobody could read the record. */
  #nameOf(type: string, key: Key): Key {
    return normalKey([ENTITY_KEYS, type, key], this.#deps.limits, this.#deps.pids);
  }

  #run<T>(claim: () => T): T {
    return this.#deps.processes.current.enter(this.#process, undefined, claim);
  }
}
