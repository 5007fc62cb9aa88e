import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PgRegistryModule } from 'nestjs-pg-registry';
import { createTestCluster, type TestCluster, type TestNode } from 'nestjs-pg-registry/testing';

const DAY_MS = 86_400_000;
/** Longer than what an operation leaves to be done later, such as saying once more what was said last. */
const REST_MS = 10_000;
/** A node that does nothing by itself: no heartbeat of its falls into what is counted. */
const STILL = { helloIntervalMs: DAY_MS, probeIntervalMs: DAY_MS };
/** Says nothing either, but asks its peer often enough to miss it. */
const WATCHFUL = { ...STILL, probeIntervalMs: 250 };

@Module({})
class RootModule {}

/** Two nodes that have met, on a bus in this process. */
export interface Pair extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** Where the walk begins. */
  readonly here: TestNode;
  /** Where it leads. */
  readonly there: TestNode;
}

/**
 * Starts two nodes that keep still.
 *
 * @param options What they are.
 * @param options.scopes Run on both, beside the default one.
 * @param options.modules What the application of `there` imports beside the registry.
 * @param options.watchful Whether `here` looks after `there`. Nobody looks after `here`: a node that is crashed by the test
 *   goes on running, cut off, and would be counted missing the other.
 */
export async function startPair({
  scopes = [],
  modules = [],
  watchful = false,
}: {
  readonly scopes?: readonly string[];
  readonly modules?: readonly Type[];
  readonly watchful?: boolean;
} = {}): Promise<Pair> {
  const cluster = await createTestCluster({
    nodes: ['here', 'there'],
    options: { scopes },
    application: ({ node, options }) => {
      const isHere = node === 'here';
      const registry = PgRegistryModule.forRoot({ ...options, ...(isHere && watchful ? WATCHFUL : STILL) });
      const imports = isHere ? [registry] : [registry, ...modules];
      return NestFactory.createApplicationContext(
        { module: RootModule, imports },
        { logger: ['error'], abortOnError: false },
      );
    },
  });
  return {
    cluster,
    here: cluster.node('here'),
    there: cluster.node('there'),
    [Symbol.asyncDispose]: () => cluster.close(),
  };
}

/**
 * Resolves when nothing is left to be done of the operations before: in virtual time, at a moment in which nothing runs.
 *
 * @param round Gives each round another distance to whatever the nodes do every second or every quarter of one.
 */
export function rest(round: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS + round * 37));
}
