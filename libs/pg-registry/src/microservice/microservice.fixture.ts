import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  createTestCluster,
  type TestCluster,
  type TestClusterOptions,
  type TestNodeSettings,
} from '../testing';
import { PgRegistryMicroserviceModule, PgRegistryServer } from '.';

type ModuleImports = readonly Type[];

/** A cluster of hybrid applications: each has the modules, and offers their handlers over the registry. */
export function createMicroserviceCluster(
  modules: ModuleImports | ((node: string) => ModuleImports),
  { nodes = ['a', 'b'], ...options }: Omit<TestClusterOptions, 'modules' | 'application'> = {},
): Promise<TestCluster> {
  return createTestCluster({
    nodes,
    ...options,
    modules: ({ node }) => [
      PgRegistryMicroserviceModule.forRoot({ gracePeriodMs: 2000 }),
      ...(typeof modules === 'function' ? modules(node) : modules),
    ],
    application: hybridApplication,
  });
}

/** An application that is not initialised yet, and whose microservice listens already: the order of Nest's documentation. */
export async function hybridApplication({ root }: Pick<TestNodeSettings, 'root'>): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [root] }).compile();
  const app = testing.createNestApplication();
  app.useLogger(false);
  app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
  await app.startAllMicroservices();
  return app;
}
