import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PgRegistryModule } from '../nest';
import {
  MICROSERVICE_OPTIONS,
  normalMicroserviceOptions,
  type PgRegistryMicroserviceOptions,
} from './microservice-options';
import { PgRegistryClient } from './pg-registry.client';
import { PgRegistryServer } from './pg-registry.server';
import { RPC_SCOPE } from './rpc-cluster';

/**
 * Provides {@link PgRegistryServer} and {@link PgRegistryClient} to the whole application. Imported beside
 * `PgRegistryModule.forRoot(…)`, once, by applications that have `@nestjs/microservices`.
 *
 * @example
 * ```ts
 * import { PgRegistryModule } from 'nestjs-pg-registry';
 * import { PgRegistryMicroserviceModule, PgRegistryServer } from 'nestjs-pg-registry/microservice';
 *
 * @Module({ imports: [PgRegistryModule.forRoot({ transport }), PgRegistryMicroserviceModule], controllers: [MathController] })
 * class AppModule {}
 *
 * const app = await NestFactory.create(AppModule);
 * app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
 * await app.startAllMicroservices();
 * await app.listen(3000);
 * ```
 */
@Global()
@Module({
  imports: [PgRegistryModule.forFeature(RPC_SCOPE)],
  providers: [PgRegistryServer, PgRegistryClient],
  exports: [PgRegistryServer, PgRegistryClient],
})
export class PgRegistryMicroserviceModule {
  /**
   * The module with options.
   *
   * @throws InvalidOptionError naming the offender.
   */
  static forRoot(options: PgRegistryMicroserviceOptions = {}): DynamicModule {
    normalMicroserviceOptions(options);
    return {
      module: PgRegistryMicroserviceModule,
      providers: [{ provide: MICROSERVICE_OPTIONS, useValue: options }],
    };
  }
}
