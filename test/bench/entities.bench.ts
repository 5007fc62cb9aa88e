import 'reflect-metadata';
import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Destination,
  entity,
  Entity,
  EntityService,
  type EntityStart,
  HandleCall,
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
} from 'nestjs-pg-registry';
import { NatsServer } from '../support/nats-server';
import { type Bench, verify } from './support/bench';
import { optionsOfAllNodes } from './support/nodes';
import { withPage } from './support/pages';

const IN_FLIGHT = 64;

@Entity('benched', { idleMs: Infinity })
class Benched {
  #state: unknown;

  onProcessStart({ state, key }: EntityStart): void {
    this.#state = state ?? { key, text: 'x'.repeat(100) };
  }
  @HandleCall()
  echo(question: number): number {
    return question;
  }
  onHandOver(): unknown {
    return this.#state;
  }
}

/** Entities over a real nats-server: what a call to one costs beside a call by pid, how fast they start and move, and what an idle one takes. */
export async function entities(bench: Bench): Promise<void> {
  const server = await NatsServer.start();
  try {
    await calls(bench, server);
    await idleAndDrain(bench, server, bench.size(10_000, 200));
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function start(server: NatsServer, node: string, providers: Type[]): Promise<INestApplicationContext> {
  const [namespace] = node.split('-');
  @Module({
    imports: [
      PgRegistryModule.forRoot({
        ...optionsOfAllNodes(),
        node,
        namespace,
        transport: natsTransport({ servers: server.url }),
      }),
    ],
    providers,
  })
  class BenchModule {}
  const application = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
  await withPage(application.get(PgRegistryNode));
  await application.get(EntityService).ready();
  return application;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function calls(bench: Bench, server: NatsServer): Promise<void> {
  const [host, caller] = await Promise.all([
    start(server, 'entities-host', [Benched]),
    start(server, 'entities-caller', []),
  ]);
  const service = caller.get(EntityService);
  const processes = caller.get(ProcessService);
  await until(() => service.hosts('benched').length === 1);
  const one = service.ref('benched', 'one');
  await one.call('echo', 0);
  await until(() => one.pid() !== undefined);
  const echo = (to: Destination) => async (question: number) =>
    (await processes.call(to, 'echo', question)) === question;
  await bench.rates({
    name: `call to a living entity, ${IN_FLIGHT} in flight, against one by pid`,
    unit: 'calls/s',
    work: (times) => inLanes(echo(one), times),
    baseline: (times) => inLanes(echo(one.pid()!), times),
    limits: [{ of: 'ratio', atLeast: 0.9 }],
    rounds: 15,
    warmUpMs: 1500,
  });
  let key = 0;
  const activate = (question: number): Promise<boolean> =>
    echo(entity('benched', ['activated', (key += 1)]))(question);
  await bench.rates({
    name: `first call to an entity, ${IN_FLIGHT} in flight`,
    work: (times) => inLanes(activate, times),
    rounds: 5,
  });
  await caller.close();
  await host.close();
}

async function inLanes(ask: (question: number) => Promise<boolean>, times: number): Promise<number> {
  let next = 0;
  let right = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      next += 1;
      if (await ask(next)) right += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, times) }, lane));
  return right;
}

/** Entities that nobody calls, and then the drain of their node while another one takes them. */
async function idleAndDrain(bench: Bench, server: NatsServer, count: number): Promise<void> {
  const leaver = await start(server, 'drain-leaver', [Benched]);
  const service = leaver.get(EntityService);
  const before = heapAfterCollection();
  const made = await inLanes(
    async (key) => (await service.ref(Benched, key).call('echo', key)) === key,
    count,
  );
  verify(made === count, `${count} entities live, not ${made}`);
  const bytes = (heapAfterCollection() - before) / count;
  const many = count.toLocaleString('en');
  bench.report({ name: `heap of each of ${many} idle entities`, unit: 'B', values: [bytes] });
  const heir = await start(server, 'drain-heir', [Benched]);
  const heirs = heir.get(EntityService);
  await until(() => service.hosts(Benched).length === 2 && heirs.list(Benched).length === count);
  const from = performance.now();
  await leaver.close();
  const ms = performance.now() - from;
  await until(() => heirs.list(Benched).every(({ pid }) => pid.node === 'drain-heir'));
  const left = heirs.list(Benched).length;
  verify(left === count, `${count} entities moved, not ${left}`);
  bench.report({ name: `drain of ${many} entities with state`, unit: 'ms', values: [ms] });
  await heir.close();
}

function heapAfterCollection(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
