import { AlreadyRegisteredError, via } from 'nestjs-pg-registry';
import { Actor } from './support/actor';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { ListenerRecording, observe, valuesOf } from './support/recording';

describe('register, leave and count', () => {
  const start = useLoneNodes();

  test('C027 a registration names its process, and a name without a value stores null', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const other = lone.actor();
    expect(registry.register('k', 'v').pid).toBe(lone.node.processes.self());
    expect(registry.registerName(via('pg', 'k'), other.pid)).toBe(true);
    expect(registry.lookup('k')).toMatchObject([
      { pid: lone.node.processes.self(), value: 'v' },
      { pid: other.pid, value: null },
    ]);
  });

  test('C028 a join of several processes emits one event in their order, and one listener call each', () => {
    const listener = new ListenerRecording();
    const lone = start({ scopes: [{ name: 'x', listeners: [listener] }] });
    const [p, q] = [lone.actor().pid, lone.actor().pid];
    const events = observe(lone.node.scope('x'));
    lone.node.scope('x').join('g', [p, q, p], 'v');
    expect(events.changes).toMatchObject([{ type: 'join', entries: [{ pid: p }, { pid: q }, { pid: p }] }]);
    expect(listener.told).toEqual([p, q, p].map((pid) => ['register', 'g', pid, 'v']));
  });

  test('C030 a write has delivered its event when it returns', () => {
    const registry = start().node.scope('pg');
    const events = observe(registry, 'k');
    registry.register('k', 1);
    expect(events.told).toEqual([['join', 'k', [1]]]);
  });

  test('C031 every process of the node can read an entry when register has returned', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.register('k', 1);
    expect(lone.actor().do(() => valuesOf(registry, 'k'))).toEqual([1]);
  });

  test('C032 leave removes the newest entry', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const { pid } = lone.actor();
    registry.join('g', pid, 'first');
    registry.join('g', pid, 'second');
    const events = observe(registry);
    expect(registry.leave('g', pid)).toBe(true);
    expect(events.told).toEqual([['leave', 'g', ['second']]]);
    expect(valuesOf(registry, 'g')).toEqual(['first']);
  });

  test('C033 unregister removes one entry, or nothing if there is none', () => {
    const registry = start().node.scope('pg');
    for (const value of [1, 2, 3]) registry.register('k', value);
    registry.unregister('k');
    expect(valuesOf(registry, 'k')).toEqual([1, 2]);
    for (let times = 0; times < 3; times += 1) registry.unregister('k');
    expect(registry.lookup('k')).toEqual([]);
  });

  test('C035 leave without processes changes nothing', () => {
    const registry = start().node.scope('pg');
    registry.register('g');
    const events = observe(registry);
    expect(registry.leave('g', [])).toBe(true);
    expect(registry.leave('unknown', [])).toBe(true);
    expect(events.told).toEqual([]);
    expect(registry.count()).toBe(1);
  });

  test('C037 a removal by pattern keeps the order of the other entries', () => {
    const registry = start().node.scope('pg');
    for (const value of [1, 2, 3]) registry.register('k', value);
    expect(registry.unregisterMatch('k', 3)).toBe(1);
    registry.register('k', 4);
    registry.unregister('k');
    expect(valuesOf(registry, 'k')).toEqual([1, 2]);
  });

  test('C042 a process that another process registered under a name is the member, and the entry goes when it ends', () => {
    const lone = start({ scopes: [{ name: 'x', keys: 'unique' }] });
    const registry = lone.node.scope('x');
    const [p, q] = [lone.actor(), lone.actor()];
    expect(p.do(() => registry.registerName(via('x', 'k'), q.pid))).toBe(true);
    p.exit();
    expect(registry.whereis('k')).toBe(q.pid);
    q.exit();
    expect(registry.whereis('k')).toBeUndefined();
  });

  test('R062 leave returns false only if none of the named processes was a member', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const [p, q] = [lone.actor().pid, lone.actor().pid];
    registry.join('k', p);
    const events = observe(registry);
    expect(registry.leave('k', [q, p, p])).toBe(true);
    expect(registry.leave('k', [q, p])).toBe(false);
    expect(events.changes).toMatchObject([{ type: 'leave', entries: [{ pid: p }] }]);
  });

  onEveryTransport((cluster) => {
    test('C029 join without processes changes nothing, here and on peers', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const [here, there] = [observe(a.scope('pg')), observe(b.scope('pg'))];
      a.scope('pg').join('g', [], 'v');
      await cluster().settle();
      expect(a.scope('pg').groups()).toEqual([]);
      expect([here.told, there.told]).toEqual([[], []]);
      await cluster().stop(a);
      await cluster().settle();
      expect(there.told).toEqual([]);
    });

    test('C039 unregisterName removes every local entry of the key and no remote one', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const registry = a.scope('pg');
      b.scope('pg').register('k', 'remote');
      await cluster().settle();
      const [p, q] = [new Actor(a), new Actor(a)];
      registry.join('k', [p.pid, q.pid, q.pid], 'local');
      new Actor(a).do(() => registry.unregisterName(via('pg', 'k')));
      expect(valuesOf(registry, 'k')).toEqual(['remote']);
      registry.unregisterName(via('pg', 'k'));
      await cluster().settle();
      expect(valuesOf(b.scope('pg'), 'k')).toEqual(['remote']);
    });

    test('C041 a key without entries is listed on no node', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const registration = a.scope('pg').register('g');
      await cluster().settle();
      expect(b.scope('pg').groups()).toEqual(['g']);
      registration.unregister();
      await cluster().settle();
      for (const node of [a, b]) expect(node.scope('pg').groups()).toEqual([]);
    });

    test('C043 a registration that fails leaves no trace, here and on peers', async () => {
      const listener = new ListenerRecording();
      const scopes = [{ name: 'x', keys: 'unique', listeners: [listener] }] as const;
      const a = await cluster().start('a', { scopes });
      const b = await cluster().start('b', { scopes: [{ name: 'x', keys: 'unique' }] });
      a.scope('x').register('k');
      await cluster().settle();
      listener.told.length = 0;
      const [here, there] = [observe(a.scope('x')), observe(b.scope('x'))];
      expect(() => new Actor(a).do(() => a.scope('x').register('k'))).toThrow(AlreadyRegisteredError);
      await cluster().settle();
      expect([here.told, there.told, listener.told]).toEqual([[], [], []]);
      expect([a.scope('x').count(), b.scope('x').count()]).toEqual([1, 1]);
    });
  });
});
