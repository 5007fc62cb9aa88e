import { Module, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { PgRegistryNode } from '../node';
import { HandlerMount } from './handler-mount';
import { RegistryExplorer } from './registry.explorer';
import { RegistryOrchestrator } from './registry.orchestrator';

/** Behind every module of the application, whose distances are 0 and more. */
const LAST = -1;

/**
 * The edge between the application and the cluster: last of all modules at the start, first of all at the stop.
 *
 * Decorated providers are registered when every other module has bootstrapped, so no call reaches a half-started one; and
 * the node drains while every provider is still whole. Nest orders hooks by a module's `distance` from the root, which is
 * public but undocumented: that is why the order is checked at each start.
 */
@Module({ imports: [DiscoveryModule], providers: [RegistryExplorer, RegistryOrchestrator, HandlerMount] })
export class PgRegistryEdgeModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly node: PgRegistryNode,
    private readonly explorer: RegistryExplorer,
    private readonly orchestrator: RegistryOrchestrator,
  ) {
    for (const module of modules.values()) {
      if (module.metatype === PgRegistryEdgeModule) module.distance = LAST;
    }
  }

  onModuleInit(): void {
    const others = [...this.modules.values()].filter((module) => module.metatype !== PgRegistryEdgeModule);
    if (others.every((module) => module.distance > LAST)) return;
    throw new Error(
      'This version of Nest orders its life-cycle hooks in a way that nestjs-pg-registry does not know: calls could reach ' +
        'providers before they are ready. Use a version of Nest that the package names as its peer.',
    );
  }

  onApplicationBootstrap(): void {
    this.orchestrator.mount(this.explorer.explore());
  }

  async onModuleDestroy(): Promise<void> {
    await this.node.drain();
    this.orchestrator.unmount();
  }
}
