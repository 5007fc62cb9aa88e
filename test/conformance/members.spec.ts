import { InvalidArgumentError, type Key, NotLocalError, ProcessExitedError } from 'nestjs-pg-registry';
import { Subjects } from '../../libs/pg-registry/src/wire/subject';
import { eventually } from '../support/eventually';
import { Actor } from './support/actor';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { observe, valuesOf, sorted } from './support/recording';

describe('members and their lifetimes', () => {
  const start = useLoneNodes();

  test('C014 all entries and keys of a member go when it ends normally', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const member = lone.actor();
    registry.join('a', [member.pid, member.pid]);
    registry.join('b', member.pid);
    expect(registry.count()).toBe(3);
    member.exit();
    expect(registry.count()).toBe(0);
    expect(registry.groups()).toEqual([]);
  });

  test('C015 the end of a member emits one leave event per key, newest entry first', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const member = lone.actor();
    for (const [key, value] of [
      ['k1', 1],
      ['k1', 2],
      ['k2', 3],
      ['k1', 4],
    ] as const) {
      registry.join(key, member.pid, value);
    }
    const events = observe(registry);
    member.exit('killed');
    expect(sorted(events.told)).toEqual([
      ['leave', 'k1', [4, 2, 1]],
      ['leave', 'k2', [3]],
    ]);
    expect(events.changes.map(({ cause }) => cause)).toEqual(['exit', 'exit']);
  });

  test('C018 a process that has ended cannot join, and leave returns false for it', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const living = lone.actor();
    const ended = lone.actor();
    ended.exit();
    const events = observe(registry);
    expect(() => registry.join('k', [living.pid, ended.pid])).toThrow(ProcessExitedError);
    expect(registry.leave('k', ended.pid)).toBe(false);
    expect(registry.count()).toBe(0);
    expect(events.told).toEqual([]);
  });

  test('C022 a restarted scope is empty, and its former members go on living', () => {
    const lone = start({ scopes: ['x'] });
    const registry = lone.node.scope('x');
    const member = lone.actor();
    registry.join('k', member.pid);
    registry.putMeta('m', 1);
    const events = observe(registry);
    lone.node.stopScope('x');
    lone.node.startScope('x');
    expect(member.process.alive).toBe(true);
    expect(registry.count()).toBe(0);
    expect(registry.hasMeta('m')).toBe(false);
    expect([events.completed, events.subscription.closed]).toEqual([true, true]);
    registry.join('k', member.pid);
    expect(events.told).toEqual([]);
  });

  test('C026 keys that differ only in the type of a value are different keys', () => {
    const registry = start().node.scope('pg');
    const keys: Key[] = [1, '1', 1n, true, 'true', ['a', { n: 1 }], ['a', { n: '1' }], ['a', { n: 1n }]];
    const events = keys.map((key) => observe(registry, key));
    keys.forEach((key, index) => registry.register(key, index));
    expect(registry.groups()).toHaveLength(keys.length);
    keys.forEach((key, index) => {
      expect(valuesOf(registry, key)).toEqual([index]);
      expect(events[index].told).toEqual([['join', key, [index]]]);
    });
  });

  test('R033 the end of a process that has left all keys emits no event', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const member = lone.actor();
    registry.join('k', member.pid);
    registry.leave('k', member.pid);
    const events = observe(registry);
    member.exit();
    expect(events.told).toEqual([]);
  });

  onEveryTransport((cluster) => {
    test('C020 a write for a process of another node is refused, with another error than a value that is no pid', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const remote = new Actor(b).pid;
      b.scope('pg').join('k', remote);
      await cluster().settle();
      const registry = a.scope('pg');
      const uses: ((pid: never) => unknown)[] = [
        (pid) => registry.join('k', pid),
        (pid) => registry.join('k', [a.processes.self(), pid]),
        (pid) => registry.leave('k', pid),
        (pid) => registry.updateValue('k', 1, pid),
        (pid) => registry.unregisterMatch('k', null, [], pid),
      ];
      for (const use of uses) {
        expect(() => use(remote as never)).toThrow(NotLocalError);
        expect(() => use('no pid' as never)).toThrow(InvalidArgumentError);
      }
      expect(registry.members('k')).toEqual([remote]);
    });

    test('C024 a malformed frame is logged and no entry is lost', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      a.scope('pg').register('k', 'a');
      b.scope('pg').register('k', 'b');
      await cluster().settle();
      const transport = await cluster().stranger();
      const connection = await transport.connect({
        node: 'stranger',
        replies: new Subjects(cluster().namespace, 'stranger').replies(),
        timeoutMs: 5000,
        onStatus: () => undefined,
        onError: () => undefined,
        onWarning: () => undefined,
      });
      const subject = new Subjects(cluster().namespace, 'stranger').announce('hello');
      for (const bytes of [[], [0], [80, 71, 1], [80, 71, 255, 255, 255, 255, 255]]) {
        connection.publish(subject, Uint8Array.from(bytes));
      }
      await eventually(() => expect(cluster().log.join('\n')).toMatch(/malformed/));
      await connection.close();
      await cluster().settle();
      for (const node of [a, b]) expect(sorted(valuesOf(node.scope('pg'), 'k'))).toEqual(['a', 'b']);
    });

    test('R035 a member of another node stays until its own node removes it', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const process = b.processes.spawn();
      b.scope('pg').join('k', process.pid);
      await cluster().settle();
      const [entry] = a.scope('pg').lookup('k');
      process.exit();
      expect(a.scope('pg').lookup('k')).toEqual([entry]);
      await cluster().settle();
      expect(a.scope('pg').lookup('k')).toEqual([]);
    });
  });
});
