import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { PgRegistryHealthIndicator } from 'nestjs-pg-registry';

/** Tells a balancer whether this node takes browsers. */
@Controller('api/health')
export class HealthController {
  readonly #health: PgRegistryHealthIndicator;

  constructor(health: PgRegistryHealthIndicator) {
    this.#health = health;
  }

  @Get()
  async ready(): Promise<unknown> {
    const health = await this.#health.isReady();
    if (health.pgRegistry.status !== 'up') throw new ServiceUnavailableException(health);
    return health;
  }
}
