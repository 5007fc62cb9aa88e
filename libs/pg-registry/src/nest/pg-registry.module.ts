import { type DynamicModule, Module } from '@nestjs/common';
import { scopeName } from '../scope';
import { PgRegistryNodeModule } from './pg-registry-node.module';
import {
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
  registryProvider,
  type ScopeInput,
} from './pg-registry.module-definition';
import { FEATURE_SCOPES, getRegistryToken } from './tokens';

/**
 * The process registry as a Nest module. Import `forRoot` once, in the root module, and `forFeature` in modules that need scopes
 * of their own.
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
   * be injected everywhere. The node exists from construction. It connects before any other module's `onModuleInit`, and does
   * not wait for peers (`node.synced()` does).
   *
   * @param options See `NodeOptions`. Every option has a default.
   * @throws InvalidOptionError naming the offender, when the application is created; also for a second `forRoot` in one
   *   application. TransportError if there is no connection within `connectTimeoutMs` (5000).
   */
  static forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return { module: PgRegistryModule, imports: [PgRegistryNodeModule.forRoot(options)] };
  }

  /**
   * Makes this application a node with options from a factory, a class or an existing provider. Give `scopes` beside the
   * factory, because their tokens must be known before it runs. See {@link forRoot}.
   */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return { module: PgRegistryModule, imports: [PgRegistryNodeModule.forRootAsync(options)] };
  }

  /**
   * Provides the registries of these scopes to the importing module. Scopes that do not run yet start with the application, or
   * with the module if it is loaded later. Several modules may name one scope, with equal options or by its name alone.
   *
   * @throws InvalidOptionError when the application is created, naming both sets of options if they differ.
   */
  static forFeature(...scopes: readonly ScopeInput[]): DynamicModule {
    return {
      module: PgRegistryModule,
      providers: [{ provide: FEATURE_SCOPES, useValue: scopes }, ...scopes.map(registryProvider)],
      exports: scopes.map((scope) => getRegistryToken(scopeName(scope))),
    };
  }
}
