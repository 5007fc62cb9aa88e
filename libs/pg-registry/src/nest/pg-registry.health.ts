import { Injectable } from '@nestjs/common';
import { type NodeHealth, PgRegistryNode } from '../node';

/** What Terminus expects of an indicator: a status under the indicator's key, and whatever else is worth showing. */
export type HealthResult<K extends string> = Record<
  K,
  Omit<NodeHealth, 'healthy'> & {
    /** Whether the node does its work. */
    readonly status: 'up' | 'down';
  }
>;

/**
 * Tells `@nestjs/terminus` (11 and later) whether this node does its work. Needs no part of Terminus: it returns what
 * Terminus reads.
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
   * Up while the node is part of the cluster, connected, on time, and its broker answers; down within `timeoutMs` otherwise,
   * and as soon as the node drains: a load balancer should then look elsewhere.
   *
   * @param key Under which the result stands. Default `'pgRegistry'`.
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
