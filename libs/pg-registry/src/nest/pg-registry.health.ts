import { Injectable } from '@nestjs/common';
import { type NodeHealth, type NodeLiveness, PgRegistryNode } from '../node';

/** The result that Terminus expects of an indicator: a status and details under the indicator's key. */
export type HealthResult<K extends string> = Record<
  K,
  Omit<NodeHealth, 'healthy'> & {
    /** `'up'` while the node works. */
    readonly status: 'up' | 'down';
  }
>;

/** The same for the question whether only a restart can help. */
export type LivenessResult<K extends string> = Record<
  K,
  Omit<NodeLiveness, 'alive'> & {
    /** `'down'` if only a restart can help. */
    readonly status: 'up' | 'down';
  }
>;

/**
 * Reports to `@nestjs/terminus` (11 and later) whether this node works. Terminus need not be installed, because the indicator
 * returns a plain object that Terminus reads.
 *
 * An orchestrator asks two questions. {@link isReady}: may it send requests? {@link isAlive}: does the process go on, or must it be
 * restarted? While the broker restarts, every node is alive and none is ready, so no pod is restarted.
 *
 * @example
 * ```ts
 * @Get('ready')
 * @HealthCheck()
 * ready() {
 *   return this.health.check([() => this.registry.isReady('registry')]);
 * }
 *
 * @Get('alive')
 * @HealthCheck()
 * alive() {
 *   return this.health.check([() => this.registry.isAlive('registry')]);
 * }
 * ```
 */
@Injectable()
export class PgRegistryHealthIndicator {
  readonly #node: PgRegistryNode;

  /** Made by Nest: a provider of `PgRegistryModule`. */
  constructor(node: PgRegistryNode) {
    this.#node = node;
  }

  /**
   * Answers a readiness probe: the same as {@link isHealthy}.
   *
   * @param key The key of the result. Default `'pgRegistry'`.
   * @param options.timeoutMs How long the broker may take to answer. Default 1000.
   */
  isReady<K extends string = 'pgRegistry'>(
    key: K = 'pgRegistry' as K,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<HealthResult<K>> {
    return this.isHealthy(key, options);
  }

  /**
   * Answers a liveness probe: `down` only if nothing but a restart can help, that is if a younger node has taken this one's name, the
   * node has stopped for good, or its timers have stood still for ten seconds. It stays `up` while the broker is away, and while the
   * node drains. Asks nobody.
   *
   * @param key The key of the result. Default `'pgRegistry'`.
   */
  isAlive<K extends string = 'pgRegistry'>(key: K = 'pgRegistry' as K): LivenessResult<K> {
    const { alive, ...details } = this.#node.liveness();
    return { [key]: { status: alive ? 'up' : 'down', ...details } } as LivenessResult<K>;
  }

  /**
   * Resolves with `up` while the node is part of the cluster, connected, on time, and its broker answers; otherwise with `down`,
   * within `timeoutMs`. A node that drains is `down` at once, so that a load balancer chooses another.
   *
   * @param key The key of the result. Default `'pgRegistry'`.
   * @param options.timeoutMs How long the broker may take to answer, in milliseconds ≥ 0; Infinity for no limit. Default 1000.
   * @throws InvalidOptionError for a wrong or unknown option.
   */
  async isHealthy<K extends string = 'pgRegistry'>(
    key: K = 'pgRegistry' as K,
    options: { readonly timeoutMs?: number | undefined } = {},
  ): Promise<HealthResult<K>> {
    const { healthy, ...details } = await this.#node.health(options);
    return { [key]: { status: healthy ? 'up' : 'down', ...details } } as HealthResult<K>;
  }
}
