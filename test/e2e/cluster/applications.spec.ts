import 'reflect-metadata';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HandleCall,
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  PgRegistryService,
  Pid,
  ProcessService,
  RegisterVia,
  type Transport,
  via,
} from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { natsClientOf } from '../../support/nats-client-of';
import { NatsServer } from '../../support/nats-server';

@Injectable()
@RegisterVia('desks', 'desk')
class Desk {
  calls = 0;

  @HandleCall()
  count(): number {
    return (this.calls += 1);
  }
}

/** An application of a few lines, as a user would write it. */
async function start(options: {
  transport?: Transport;
  namespace?: string;
}): Promise<INestApplicationContext> {
  @Module({ imports: [PgRegistryModule.forRoot({ ...options, scopes: ['desks'] })], providers: [Desk] })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

let applications: INestApplicationContext[] = [];
afterEach(async () => {
  for (const application of applications) await application.close();
  applications = [];
});

describe('two Nest applications in one process', () => {
  test('two Nest applications in one process share nothing without a common broker: no entry, no peer, no process, no pid', async () => {
    applications = [await start({}), await start({})];
    const [one, two] = applications;
    const [registryOne, registryTwo] = applications.map((application) => application.get(PgRegistryService));
    registryOne.register('mine', 1);
    registryTwo.putMeta('mine', 2);
    expect(registryTwo.lookup('mine')).toEqual([]);
    expect(registryOne.hasMeta('mine')).toBe(false);
    expect(one.get(PgRegistryNode).peers()).toEqual([]);
    expect(one.get(PgRegistryNode).name).not.toBe(two.get(PgRegistryNode).name);
    expect(one.get(ProcessService).self()).not.toBe(two.get(ProcessService).self());

    await one.get(ProcessService).call(via('desks', 'desk'), 'count');
    expect([one.get(Desk).calls, two.get(Desk).calls]).toEqual([1, 0]);

    await one.close();
    expect(registryTwo.count()).toBe(0);
    await expect(two.get(ProcessService).call(via('desks', 'desk'), 'count')).resolves.toBe(1);
    expect(() => registryOne.lookup('mine')).toThrow(expect.objectContaining({ code: 'SCOPE_NOT_RUNNING' }));
  });

  test('two Nest applications in one process on one broker are two nodes, each with pids of its own', async () => {
    const server = await NatsServer.start();
    try {
      const options = (name: string) => ({
        transport: natsTransport({ servers: server.url, client: natsClientOf(name) }),
      });
      applications = await Promise.all([start(options('1')), start(options('2'))]);
      const [one, two] = applications;
      const desks = one.get(PgRegistryNode).scope('desks');
      await eventually(() => expect(desks.members('desk')).toHaveLength(2));
      const theirs = desks.members('desk').find(({ node }) => node === two.get(PgRegistryNode).name)!;
      const [same] = two.get(PgRegistryNode).scope('desks').membersLocal('desk');
      expect(theirs).toBeInstanceOf(Pid);
      expect(theirs).toEqual(same);
      expect(theirs).not.toBe(same);
      await expect(one.get(ProcessService).call(theirs, 'count')).resolves.toBe(1);
      expect([one.get(Desk).calls, two.get(Desk).calls]).toEqual([0, 1]);
    } finally {
      for (const application of applications) await application.close();
      await server[Symbol.asyncDispose]();
    }
  });
});
