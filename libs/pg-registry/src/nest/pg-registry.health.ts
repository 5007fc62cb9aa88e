import { Injectable } from '@nestjs/common';
import { type NodeHealth, PgRegistryNode } from '../node';

/** The result that Terminus expects of an indicator: a status and details under the indicator's key. */
export type HealthResult<K extends string> = Record<
  K,
  Omit<NodeHealth, 'healthy'> & {
    /** `'up'` while the node works. */
    readonly status: 'up' | 'down';
  }
>;

/**
 * Reports to `@nestjs/terminus` (11 and later) whether this node works. Terminus need not be installed, because the indicator
 * returns a plain object that Terminus reads.
 *
 * @example
 * ```ts
 * @Get('ready')
 * @HealthCheck()
 * ready() {
 *   return this.health.check([() => this.registry.isHealthy('registry')]);
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
   * Resolves with `up` while the node is part of the cluster, connected, on time, and its broker answers; otherwise with `down`,
   * within `timeoutMs`. A node that drains is `down` at once, so that a load balancer chooses another.
   *
   * @param key The key of the result. Default `'pgRegistry'`.
   * @param options.timeoutMs How long the broker may take to answer. Default 1000.
   */
  async isHealthy<K extends string = 'pgRegistry'>(
    key: K = 'pgRegistry' as K,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<HealthResult<K>> {
    const { healthy, ...details } = await this.#node.health(options);
    return { [key]: { status: healthy ? 'up' : 'down', ...details } } as HealthResult<K>;
  }
}
