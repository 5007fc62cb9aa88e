import { Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AlreadyRegisteredError,
  InvalidArgumentError,
  NotRegisteredError,
  PgRegistryModule,
  PgRegistryNode,
  type Pid,
  UniqueKeysRequiredError,
  via,
} from 'nestjs-pg-registry';
import { eventually } from '../support/eventually';
import { Actor } from './support/actor';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { observe } from './support/recording';

describe('metadata, dispatch and names', () => {
  const start = useLoneNodes();

  test('C098 metadata that is null differs from absent metadata, and deleting absent metadata does nothing', () => {
    const registry = start().node.scope('pg');
    registry.putMeta('m', null);
    expect([registry.meta('m'), registry.hasMeta('m')]).toEqual([null, true]);
    expect([registry.meta('other'), registry.hasMeta('other')]).toEqual([undefined, false]);
    registry.deleteMeta('m');
    registry.deleteMeta('m');
    expect(registry.hasMeta('m')).toBe(false);
  });

  test.each([7, true, null, { a: 1 }])(
    'C099 metadata refuses the key %j, even in a scope that does not run',
    (key) => {
      const { node } = start();
      for (const registry of [node.scope('pg'), node.scope('missing')]) {
        for (const use of [
          () => registry.meta(key as never),
          () => registry.putMeta(key as never, 1),
          () => registry.deleteMeta(key as never),
        ]) {
          expect(use).toThrow(InvalidArgumentError);
        }
      }
    },
  );

  test('C102 a dispatch with an unknown option is refused before any member is looked up', () => {
    const registry = start().node.scope('pg');
    const options = { paralel: true } as never;
    expect(() => registry.dispatch('k', () => undefined, options)).toThrow(InvalidArgumentError);
    expect(() => registry.dispatch('k', () => undefined, options)).toThrow(/'paralel'.*parallel/);
  });

  test('C102 a parallel dispatch resolves after every returned promise', async () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.join('k', [lone.actor().pid, lone.actor().pid]);
    const done: number[] = [];
    const slow = async (index: number): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(index);
    };
    await registry.dispatch('k', (pids) => pids.map((_pid, index) => slow(index)), { parallel: true });
    expect(done).toEqual([0, 1]);
  });

  test('C105 a process class holds its name from its start to its end, and frees it if the start fails', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Service {
      onProcessStart(fails: boolean): void {
        if (fails) throw new RangeError('deliberate');
      }
    }
    @Module({
      imports: [PgRegistryModule.forRoot({ scopes: [{ name: 'x', keys: 'unique' }] })],
      providers: [Service],
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const { processes } = app.get(PgRegistryNode);
    const name = via('x', 'k');
    const first = await processes.start(Service, { via: name });
    const second: unknown = await processes.start(Service, { via: name }).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(AlreadyRegisteredError);
    expect(second).toMatchObject({ pid: first.pid });
    first.exit();
    await expect(processes.start(Service, { via: name, args: true })).rejects.toThrow(RangeError);
    await expect(processes.call(name, 'anything')).rejects.toThrow(NotRegisteredError);
    processes.cast(name, 'anything');
    const third = await processes.start(Service, { via: name });
    expect(app.get(PgRegistryNode).scope('x').whereis('k')).toBe(third.pid);
    await app.close();
  });

  onEveryTransport((cluster) => {
    test('C100 metadata belongs to one node and one run of the scope', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b'], { scopes: ['x'] });
      const events = [a, b].map((node) => observe(node.scope('x')));
      a.scope('x').putMeta('m', 1);
      await cluster().settle();
      expect(b.scope('x').hasMeta('m')).toBe(false);
      expect([a.scope('x').count(), ...events.map(({ told }) => told)]).toEqual([0, [], []]);
      a.stopScope('x');
      a.startScope('x');
      expect(a.scope('x').hasMeta('m')).toBe(false);
    });

    test('C101 dispatch calls its function once with all members, and its error reaches the caller', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const registry = a.scope('pg');
      const { pid } = new Actor(a);
      registry.join('k', [pid, pid]);
      b.scope('pg').register('k');
      await cluster().settle();
      const calls: (readonly Pid[])[] = [];
      registry.dispatch('k', (pids) => void calls.push(pids));
      registry.dispatch('nobody', (pids) => void calls.push(pids));
      expect(calls).toEqual([[pid, pid, expect.objectContaining({ node: 'b' })]]);
      const attempt = () =>
        registry.dispatch('k', () => {
          throw new RangeError('mine');
        });
      expect(attempt).toThrow(RangeError);
      expect(registry.count()).toBe(3);
    });

    test('C104 names can be found and messaged on their own node only', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b'], { scopes: [{ name: 'x', keys: 'unique' }] });
      const heard: unknown[] = [];
      const holder = b.processes.spawn({ onMessage: (message) => void heard.push(message) });
      b.scope('x').registerName(via('x', 'k', 'stored'), holder.pid);
      await cluster().settle();
      expect(a.scope('x').count()).toBe(1);
      expect(a.scope('x').whereisName(via('x', 'k'))).toBeUndefined();
      expect(() => a.scope('x').send(via('x', 'k'), 'hello')).toThrow(NotRegisteredError);
      expect(b.scope('x').whereisName(via('x', 'k', 'ignored'))).toBe(holder.pid);
      expect(b.scope('x').send(via('x', 'k', 'ignored'), 'hello')).toBe(holder.pid);
      expect(b.scope('x').lookup('k')).toMatchObject([{ value: 'stored' }]);
      await eventually(() => expect(heard).toEqual(['hello']));
      expect(() => a.scope('pg').whereisName(via('pg', 'k'))).toThrow(UniqueKeysRequiredError);
    });
  });
});
