import { type DynamicModule, Module } from '@nestjs/common';
import { scopeName } from '../scope';
import { PgRegistryCoreModule } from './pg-registry-core.module';
import {
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
  registryProvider,
  type ScopeInput,
} from './pg-registry.module-definition';
import { getRegistryToken } from './tokens';

/**
 * The process registry as a Nest module: `forRoot` once in the root module, `forFeature` where a module wants scopes of its
 * own.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [PgRegistryModule.forRoot({ transport: natsTransport({ servers: 'nats://127.0.0.1:4222' }), scopes: ['workers'] })],
 * })
 * class AppModule {}
 * ```
 */
@Module({})
export class PgRegistryModule {
  /**
   * Makes this application a node of the cluster. Global: the node, the `ProcessService` and the registries of `scopes` can
   * be injected everywhere. The node exists from construction; it connects before any other module's `onModuleInit` and
   * does not wait for peers (`node.synced()` does).
   *
   * @param options See `NodeOptions`; everything has a default.
   * @throws InvalidOptionError naming the offender, when the application is created; also for a second `forRoot` in one
   *   application. TransportError if there is no connection within `connectTimeoutMs` (5000).
   */
  static forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return { module: PgRegistryModule, imports: [PgRegistryCoreModule.forRoot(options)] };
  }

  /**
   * Like {@link forRoot}, with options from a factory, a class or an existing provider. `scopes` stand beside the factory:
   * their tokens have to be known before it runs.
   */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return { module: PgRegistryModule, imports: [PgRegistryCoreModule.forRootAsync(options)] };
  }

  /**
   * Provides the registries of these scopes to the importing module, and starts the scopes unless they run. Naming a scope
   * twice with equal options, or once with options and elsewhere by name alone, is the same scope.
   *
   * @throws InvalidOptionError naming both sets of options if they differ.
   */
  static forFeature(...scopes: readonly ScopeInput[]): DynamicModule {
    return {
      module: PgRegistryModule,
      providers: scopes.map(registryProvider),
      exports: scopes.map((scope) => getRegistryToken(scopeName(scope))),
    };
  }
}
