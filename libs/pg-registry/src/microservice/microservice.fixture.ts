import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  createTestCluster,
  type TestCluster,
  type TestClusterOptions,
  type TestNodeSettings,
} from '../testing';
import { type PgRegistryMicroserviceOptions, PgRegistryServer } from '.';

type ModuleImports = readonly Type[];

/** A cluster of hybrid applications: each has the modules, and offers their handlers over the registry. */
export function createMicroserviceCluster(
  modules: ModuleImports | ((node: string) => ModuleImports),
  options: Omit<TestClusterOptions, 'modules' | 'application'> = {},
  serverOptions: PgRegistryMicroserviceOptions = { gracePeriodMs: 2000 },
): Promise<TestCluster> {
  return createTestCluster({
    nodes: ['a', 'b'],
    ...options,
    modules: ({ node }) => (typeof modules === 'function' ? modules(node) : modules),
    application: (settings) => hybridApplication(settings, serverOptions),
  });
}

/** An application that is not initialised yet, and whose microservice listens already: the order of Nest's documentation. */
async function hybridApplication(
  { root }: TestNodeSettings,
  options: PgRegistryMicroserviceOptions,
): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [root] }).compile();
  const app = testing.createNestApplication();
  app.useLogger(false);
  app.connectMicroservice({ strategy: app.get(PgRegistryServer).configure(options) });
  await app.startAllMicroservices();
  return app;
}
