import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HandleCall, PgRegistryModule, ProcessService, RegisterVia, via } from 'nestjs-pg-registry';
import { createTestCluster } from 'nestjs-pg-registry/testing';

/** What a user's first application is like, with nothing installed but what it needs. */
@Injectable()
@RegisterVia('greeters', 'hello')
class Greeter {
  @HandleCall()
  greet(name: string): string {
    return `Hello ${name}`;
  }
}

@Module({ imports: [PgRegistryModule.forRoot({ scopes: ['greeters'] })], providers: [Greeter] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  console.log(await app.get(ProcessService).call<string>(via('greeters', 'hello'), 'greet', 'Ada'));
  await app.close();

  @Module({ providers: [Greeter] })
  class GreeterModule {}
  const cluster = await createTestCluster({
    nodes: 2,
    modules: [GreeterModule],
    options: { scopes: ['greeters'] },
  });
  await cluster.settle();
  const greeters = cluster.nodes[0].node.scope('greeters').members('hello');
  const answers = greeters.map((pid) =>
    cluster.nodes[0].get(ProcessService).call<string>(pid, 'greet', pid.node),
  );
  console.log((await Promise.all(answers)).toSorted().join(', '));
  await cluster.close();
}
void main();
