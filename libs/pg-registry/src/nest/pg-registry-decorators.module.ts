import {
  Global,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryModule, ModuleRef, ModulesContainer } from '@nestjs/core';
import { PgRegistryNode } from '../node';
import { describeValue, InvalidArgumentError, isInstanceOf } from '../term';
import { BootstrapWatch } from './bootstrap-watch';
import { GuardedHandlers } from './handlers/guarded-handlers';
import { isLast, startLast } from './lifecycle-order';
import { microserviceProviders } from './optional-microservice';
import { RegistryMetadataAccessor } from './registry-metadata.accessor';
import { RegistryExplorer } from './registry.explorer';
import { RegistryOrchestrator } from './registry.orchestrator';

/**
 * Mounts decorated providers when every other module has bootstrapped, so that no call reaches a half-started provider; and
 * drains the node before any other module is destroyed, while every provider still works. If mounting fails, the node is closed.
 *
 * It provides the microservice transport, too, for the same reason: `listen` registers its handlers when this module bootstraps.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    RegistryMetadataAccessor,
    RegistryExplorer,
    RegistryOrchestrator,
    GuardedHandlers,
    BootstrapWatch,
    ...microserviceProviders(),
  ],
  exports: [BootstrapWatch, RegistryExplorer, GuardedHandlers, ...microserviceProviders()],
})
export class PgRegistryDecoratorsModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #state: 'starting' | 'mounted' | 'stopping' = 'starting';

  readonly #modules: ModulesContainer;
  readonly #node: PgRegistryNode;
  readonly #explorer: RegistryExplorer;
  readonly #orchestrator: RegistryOrchestrator;
  readonly #watch: BootstrapWatch;

  constructor(
    modules: ModulesContainer,
    node: PgRegistryNode,
    explorer: RegistryExplorer,
    orchestrator: RegistryOrchestrator,
    watch: BootstrapWatch,
  ) {
    this.#watch = watch;
    this.#modules = modules;
    this.#node = node;
    this.#explorer = explorer;
    this.#orchestrator = orchestrator;

    startLast(modules, PgRegistryDecoratorsModule);
    node.useMounter((moduleRef) => this.#mountLater(moduleRef));
  }

  async onModuleInit(): Promise<void> {
    const nodeWasFirst = this.#node.state !== 'new';
    if (nodeWasFirst && isLast(this.#modules, PgRegistryDecoratorsModule)) return;
    await this.#node.close();
    throw new Error(
      'nestjs-pg-registry must start before and after all other modules, but the life-cycle hooks of this application run in ' +
        'another order: calls could reach providers before they are ready. Use a version of Nest that the package names as ' +
        'its peer, and no other module with a negative distance. The node was closed.',
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#watch.end();
    // Race: a signal may stop an application that is still starting.
    if (this.#state === 'stopping') return;
    try {
      this.#orchestrator.mount(this.#explorer.explore());
      this.#state = 'mounted';
    } catch (error) {
      await this.#node.close();
      throw error;
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.#state = 'stopping';
    this.#watch.end();
    await this.#node.drain();
    this.#orchestrator.unmount();
  }

  /** Mounts what was loaded after the bootstrap. Before it there is nothing to do: the bootstrap finds it; and nothing any more once the node drains. */
  #mountLater(moduleRef: unknown): void {
    if (!isInstanceOf(moduleRef, ModuleRef)) {
      throw new InvalidArgumentError(
        'mount() must be given the ModuleRef of a loaded module: node.mount(await lazyModuleLoader.load(() => LazyModule)) ' +
          `(got ${describeValue(moduleRef)}). Nothing was mounted.`,
      );
    }
    if (this.#state === 'mounted') this.#orchestrator.mount(this.#explorer.explore());
  }
}
