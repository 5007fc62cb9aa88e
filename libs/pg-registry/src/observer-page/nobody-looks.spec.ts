import { Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { rootModule } from '../nest/application.fixture';
import { PgRegistryNode } from '../node';
import type { Clock } from '../node/clock';
import { PgRegistryObserver } from '../observer';
import { Answers } from '../observer/answers';
import { HandlerMeter } from '../observer/handler-meter';
import { Journal } from '../observer/journal';
import type { Transport } from '../transport';
import { localTransport } from '../transport/local';
import { PgRegistryObserverModule } from './pg-registry-observer.module';

/** A node that is connected, and what it asks its transport and its clock for. Nothing of its own happens, because the clock stands still. */
async function watchedNode(): Promise<{ readonly node: PgRegistryNode; readonly asked: string[] }> {
  const asked: string[] = [];
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    setTimer: () => {
      asked.push('setTimer');
      return () => undefined;
    },
    stayAlive: () => void asked.push('stayAlive'),
    afterTurn: () => {
      asked.push('afterTurn');
      return () => undefined;
    },
  };
  const local = localTransport();
  const transport: Transport = {
    kind: 'watched',
    connect: async (options) =>
      new Proxy(await local.connect(options), {
        get: (connection, name) => {
          const value: unknown = Reflect.get(connection, name);
          if (typeof value !== 'function') return value;
          asked.push(String(name));
          return value.bind(connection) as unknown;
        },
      }),
  };
  const node = new PgRegistryNode({ node: 'node1', transport }, { clock, defaultTransport: localTransport });
  await node.connect();
  return { node, asked };
}

/** Starts an application with the page around a node. */
async function start(node: PgRegistryNode): Promise<INestApplication> {
  @Global()
  @Module({
    providers: [
      { provide: PgRegistryNode, useValue: node },
      { provide: PgRegistryObserver, useValue: node.observer },
    ],
    exports: [PgRegistryNode, PgRegistryObserver],
  })
  class NodeModule {}
  const page = PgRegistryObserverModule.forRoot({ open: true, allow: ['call'] });
  const root = rootModule({ imports: [NodeModule, page] });
  const application = await NestFactory.create(root, { logger: false });
  await application.listen(0, '127.0.0.1');
  return application;
}

describe('the page while nobody looks', () => {
  afterEach(() => jest.restoreAllMocks());

  it('follows nothing, measures nothing, asks nothing, and starts neither timer nor process', async () => {
    const looks = [
      jest.spyOn(Journal.prototype, 'tap'),
      jest.spyOn(HandlerMeter.prototype, 'look'),
      jest.spyOn(Answers.prototype, 'answer'),
    ];
    const { node, asked } = await watchedNode();
    const seen = (): unknown => ({
      asked: [...asked],
      looks: looks.map(({ mock }) => mock.calls.length),
      processes: node.stats().processes,
    });
    const before = seen();
    const application = await start(node);
    expect(seen()).toEqual(before);
    await application.close();
    expect(seen()).toEqual(before);
    await node.close();
  });

  it('leaves the journal of its node as it was', async () => {
    const { node } = await watchedNode();
    node.scope('pg').register('before', 1);
    const application = await start(node);
    node.scope('pg').register('while', 1);
    await application.close();
    node.scope('pg').register('after', 1);
    const changes = await node.observer.observe().changes('node1', 'pg');
    expect(changes.map(({ number, keyText }) => [number, keyText])).toEqual([
      [3, "'after'"],
      [2, "'while'"],
      [1, "'before'"],
    ]);
    await node.close();
  });
});
