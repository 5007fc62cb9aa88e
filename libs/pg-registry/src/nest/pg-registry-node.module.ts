import { Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { EntityService } from '../entities';
import { EntityTypesModule } from './decorators/inject-entity.decorator';
import { ClusterNames } from '../names';
import { LOG_CONTEXT, PgRegistryNode } from '../node';
import { PgRegistryObserver } from '../observer';
import { ProcessService } from '../process';
import { DEFAULT_SCOPE, PgRegistryService } from '../scope';
import { messageOfThrown, printable } from '../term';
import { BootstrapWatch } from './bootstrap-watch';
import { startFirst } from './lifecycle-order';
import { ModuleProcessFactory } from './module-process-factory';
import { PgRegistryDecoratorsModule } from './pg-registry-decorators.module';
import { nodeProvider } from './pg-registry-node.provider';
import { PgRegistryHealthIndicator } from './pg-registry.health';
import { ConfigurableModuleClass } from './pg-registry.module-definition';
import { RegistryTelemetry } from './registry.telemetry';

/**
 * Owns the application's node: makes it with the application, connects it before any other module is initialised, and
 * closes it after every other module has shut down.
 */
@Module({
  imports: [PgRegistryDecoratorsModule, EntityTypesModule],
  providers: [
    nodeProvider,
    ModuleProcessFactory,
    PgRegistryHealthIndicator,
    RegistryTelemetry,
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
    {
      provide: ClusterNames,
      inject: [PgRegistryNode],
      useFactory: (node: PgRegistryNode) => node.names,
    },
    {
      provide: EntityService,
      inject: [PgRegistryNode],
      useFactory: (node: PgRegistryNode) => node.entities,
    },
    {
      provide: PgRegistryObserver,
      inject: [PgRegistryNode],
      useFactory: (node: PgRegistryNode) => node.observer,
    },
  ],
  exports: [
    PgRegistryNode,
    ProcessService,
    EntityService,
    ClusterNames,
    PgRegistryObserver,
    PgRegistryHealthIndicator,
  ],
})
export class PgRegistryNodeModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  readonly #node: PgRegistryNode;
  readonly #telemetry: RegistryTelemetry;
  readonly #modules: ModulesContainer;
  readonly #watch: BootstrapWatch;

  constructor(
    node: PgRegistryNode,
    telemetry: RegistryTelemetry,
    modules: ModulesContainer,
    watch: BootstrapWatch,
  ) {
    super();
    this.#node = node;
    this.#telemetry = telemetry;
    this.#modules = modules;
    this.#watch = watch;

    startFirst(modules, PgRegistryNodeModule);
  }

  async onModuleInit(): Promise<void> {
    await this.#node.connect();
    this.#telemetry.observe(this.#node);
    const own = [PgRegistryNodeModule, PgRegistryDecoratorsModule];
    this.#watch.begin(this.#modules, own, (hook, error) => void this.#leaveAfter(hook, error));
  }

  /** Whoever started the application may never get hold of it: `createApplicationContext` only rejects. Never rejects itself. */
  async #leaveAfter(hook: string, error: unknown): Promise<void> {
    new Logger(LOG_CONTEXT).error(
      `The application did not start, because ${hook} failed: ${printable(messageOfThrown(error), 500)}. Its node leaves the cluster.`,
    );
    this.#telemetry.stop();
    await this.#node.close();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#telemetry.stop();
    await this.#node.close();
  }
}
