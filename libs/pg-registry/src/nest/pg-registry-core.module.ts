import { Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, ModuleRef, ModulesContainer } from '@nestjs/core';
import { PgRegistryNode } from '../node';
import { ProcessService } from '../process';
import { DEFAULT_SCOPE, type ListenerToken, PgRegistryService, type RegistryListener } from '../scope';
import { InvalidOptionError } from '../term';
import { localTransport } from '../transport/local';
import { PgRegistryEdgeModule } from './pg-registry-edge.module';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type PgRegistryModuleOptions,
  type ScopeInput,
} from './pg-registry.module-definition';
import { REGISTRY_SCOPES } from './tokens';

/**
 * One application, one node: made with the application, connected before any other module is initialised, closed after
 * every other module has shut down. Being global puts its hooks first at the start and last at the stop.
 */
@Module({
  imports: [DiscoveryModule, PgRegistryEdgeModule],
  providers: [
    {
      provide: PgRegistryNode,
      inject: [MODULE_OPTIONS_TOKEN, REGISTRY_SCOPES, ModuleRef],
      useFactory: (options: PgRegistryModuleOptions, scopes: readonly ScopeInput[], moduleRef: ModuleRef) =>
        new PgRegistryNode(
          { ...options, scopes },
          {
            logger: new Logger('PgRegistry'),
            defaultTransport: localTransport,
            resolveListener: (token) => resolveListener(moduleRef, token),
          },
        ),
    },
    {
      provide: PgRegistryService,
      inject: [PgRegistryNode],
      useFactory: (node: PgRegistryNode) => node.scope(DEFAULT_SCOPE),
    },
    {
      provide: ProcessService,
      inject: [PgRegistryNode],
      useFactory: (node: PgRegistryNode) => node.processes,
    },
  ],
  exports: [PgRegistryNode, ProcessService],
})
export class PgRegistryCoreModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  constructor(
    private readonly node: PgRegistryNode,
    modules: ModulesContainer,
  ) {
    super();
    const cores = [...modules.values()].filter((module) => module.metatype === PgRegistryCoreModule);
    if (cores.length > 1) {
      throw new InvalidOptionError(
        'PgRegistryModule.forRoot was imported twice, with different options. One application is one node: call it once, ' +
          'in the root module, and add scopes elsewhere with PgRegistryModule.forFeature(scope).',
        { option: 'forRoot' },
      );
    }
  }

  async onModuleInit(): Promise<void> {
    await this.node.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.node.close();
  }
}

/** Asked at each delivery, so that a provider that is replaced or missing is nobody's error. */
function resolveListener(moduleRef: ModuleRef, token: ListenerToken): RegistryListener | undefined {
  try {
    return moduleRef.get<ListenerToken, RegistryListener>(token, { strict: false });
  } catch {
    // Not provided, or request-scoped and without an instance of its own: skipped, as an unbound name is in `Registry`.
    return undefined;
  }
}
