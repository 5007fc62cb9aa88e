import { type DynamicModule, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { PgRegistryNode } from '../node';
import { PgRegistryObserver } from '../observer';
import { ObserverPage } from './observer-page';
import { observerPageController } from './observer-page.controller';
import { normalPageOptions, type ObserverPageOptions } from './observer-page-options';

/**
 * A page that shows the running cluster, and the same as JSON. Import it beside `PgRegistryModule.forRoot`, in one node or in each.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     PgRegistryModule.forRoot({ transport: natsTransport({ servers: 'nats://127.0.0.1:4222' }) }),
 *     PgRegistryObserverModule.forRoot({ guards: [OperatorGuard], imports: [AuthModule] }),
 *   ],
 * })
 * class AppModule {}
 * ```
 */
@Module({})
export class PgRegistryObserverModule {
  /**
   * Serves the page at `/pg-registry`. It costs nothing while nobody looks.
   *
   * @param options See {@link ObserverPageOptions}. `guards` is required, or `open: true`.
   * @throws InvalidOptionError naming the offender. The application does not start if option `observer` of its node is false
   *   (InvalidArgumentError).
   */
  static forRoot(options: ObserverPageOptions): DynamicModule {
    const normal = normalPageOptions(options);
    return {
      module: PgRegistryObserverModule,
      imports: [...normal.imports],
      controllers: [observerPageController(normal)],
      providers: [
        {
          provide: ObserverPage,
          inject: [HttpAdapterHost, PgRegistryNode, PgRegistryObserver],
          useFactory: (host: HttpAdapterHost, { name: node }: PgRegistryNode, observer: PgRegistryObserver) =>
            new ObserverPage({ host, node, observer, allow: normal.allow }),
        },
      ],
    };
  }
}
