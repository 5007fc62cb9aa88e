import {
  Global,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { microserviceProviders } from '../microservice/when-installed';
import { PgRegistryNode } from '../node';
import { HandlerMount } from './handler-mount';
import { startLast, startsLast } from './hook-order';
import { RegistryExplorer } from './registry.explorer';
import { RegistryOrchestrator } from './registry.orchestrator';

/**
 * The edge between the application and the cluster: last of all modules at the start, first of all at the stop.
 *
 * Decorated providers are registered when every other module has bootstrapped, so no call reaches a half-started one; and
 * the node drains while every provider is still whole. A start that fails here leaves no node behind.
 *
 * The microservice transport lives here for the same reason: what `listen` offers is offered when this module bootstraps.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [RegistryExplorer, RegistryOrchestrator, HandlerMount, ...microserviceProviders()],
  exports: [RegistryExplorer, HandlerMount, ...microserviceProviders()],
})
export class PgRegistryEdgeModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #stopping = false;

  readonly #modules: ModulesContainer;
  readonly #node: PgRegistryNode;
  readonly #explorer: RegistryExplorer;
  readonly #orchestrator: RegistryOrchestrator;

  constructor(
    modules: ModulesContainer,
    node: PgRegistryNode,
    explorer: RegistryExplorer,
    orchestrator: RegistryOrchestrator,
  ) {
    this.#modules = modules;
    this.#node = node;
    this.#explorer = explorer;
    this.#orchestrator = orchestrator;

    startLast(modules, PgRegistryEdgeModule);
  }

  async onModuleInit(): Promise<void> {
    const coreWasFirst = this.#node.state !== 'new';
    if (coreWasFirst && startsLast(this.#modules, PgRegistryEdgeModule)) return;
    await this.#node.close();
    throw new Error(
      'The life-cycle hooks of this application run in an order that nestjs-pg-registry does not know: calls could reach ' +
        'providers before they are ready. Use a version of Nest that the package names as its peer, and no other module ' +
        'with a negative distance.',
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    // A signal may stop an application that is still starting.
    if (this.#stopping) return;
    try {
      this.#orchestrator.mount(this.#explorer.explore());
    } catch (error) {
      await this.#node.close();
      throw error;
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    await this.#node.drain();
    this.#orchestrator.unmount();
  }
}
