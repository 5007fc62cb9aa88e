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
    return { module: PgRegistryModule, imports: [PgRegistryNodeModule.forRoot(options)] };
  }

  /**
   * Like {@link forRoot}, with options from a factory, a class or an existing provider. `scopes` stand beside the factory:
   * their tokens have to be known before it runs.
   */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return { module: PgRegistryModule, imports: [PgRegistryNodeModule.forRootAsync(options)] };
  }

  /**
   * Provides the registries of these scopes to the importing module. They start with the application, or with the module if
   * that is loaded later, unless they run. Naming a scope several times with equal options, or with options here and by its
   * name alone there, is the same scope.
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
