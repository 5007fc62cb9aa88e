import {
  $,
  InvalidArgumentError,
  InvalidOptionError,
  PgRegistryModule,
  type ScopeOptions,
} from 'nestjs-pg-registry';
import { onEveryTransport } from './support/cluster';
import { useLoneNodes } from './support/node';
import { observe, sorted, valuesOf } from './support/recording';

describe('N. Rules that no case is about', () => {
  const start = useLoneNodes();

  test('R009 of several wrong options the first is told: unknown names, partitions, keys, listeners', () => {
    const wrong = { name: 'x', nope: 1, partitions: 0, keys: 'odd', listeners: 7 };
    const blamed = (options: object): unknown => {
      try {
        start().node.startScope(options as ScopeOptions);
        return undefined;
      } catch (error) {
        return error instanceof InvalidOptionError ? error.option : error;
      }
    };
    const { nope: _nope, ...known } = wrong;
    const { partitions: _partitions, ...whole } = known;
    const { keys: _keys, ...duplicate } = whole;
    expect([wrong, known, whole, duplicate].map(blamed)).toEqual(['nope', 'partitions', 'keys', 'listeners']);
  });

  test('R015 a module says at once, where it is described, that its options are wrong', () => {
    const options = { name: 'x', nope: 1 } as unknown as ScopeOptions;
    expect(() => PgRegistryModule.forFeature(options)).toThrow(/'nope'/);
    expect(() => PgRegistryModule.forRoot({ scopes: [options] })).toThrow(/'nope'/);
  });

  test('R033 the end of a process that has left everything is nobody’s event', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const member = lone.actor();
    registry.join('k', member.pid);
    registry.leave('k', member.pid);
    const events = observe(registry);
    member.exit();
    expect(events.told).toEqual([]);
  });

  test('R062 leaving is false only if nobody of those who were named was a member', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const [p, q] = [lone.actor().pid, lone.actor().pid];
    registry.join('k', p);
    const events = observe(registry);
    expect(registry.leave('k', [q, p, p])).toBe(true);
    expect(registry.leave('k', [q, p])).toBe(false);
    expect(events.changes).toMatchObject([{ type: 'leave', entries: [{ pid: p }] }]);
  });

  test('R087 a value is updated under a unique key like under any other', () => {
    const registry = start({ scopes: [{ name: 'x', keys: 'unique' }] }).node.scope('x');
    registry.register('k', 1);
    expect(registry.updateValue('k', 2)).toBe(true);
    expect(valuesOf(registry, 'k')).toEqual([2]);
  });

  test('R098 keys and values take nothing but a pid', () => {
    const registry = start().node.scope('pg');
    expect(() => registry.keys('no pid' as never)).toThrow(InvalidArgumentError);
    expect(() => registry.values('k', 'no pid' as never)).toThrow(InvalidArgumentError);
  });

  test('R121 a removal by pattern that finds nothing tells nobody', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    const events = observe(registry);
    expect(registry.unregisterMatch('k', 2)).toBe(0);
    expect(events.told).toEqual([]);
  });

  test('R125 every number of a variable is the user’s, in removals too', () => {
    const registry = start().node.scope('pg');
    for (const n of [1, 2, 3]) registry.register('k', { n });
    expect(registry.unregisterMatch('k', { n: $(1) }, [['>', $(1), 1]])).toBe(2);
    registry.register('k', { n: 4 });
    expect(registry.unregisterMatch('k', { n: $(0) }, [['>', $(0), 1]])).toBe(1);
    expect(valuesOf(registry, 'k')).toEqual([{ n: 1 }]);
  });

  test('R161 a first clause with a false body hides a later one with a true body', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    registry.register('k', 2);
    const clauses = [
      { head: { value: 1 }, body: false },
      { head: {}, body: true },
    ];
    expect(registry.countSelect(clauses)).toBe(1);
  });

  test('R168 a scope can start with metadata', () => {
    const { node } = start({ scopes: [{ name: 'x', meta: { m: { deep: [1] } } }] });
    expect(node.scope('x').meta('m')).toEqual({ deep: [1] });
    node.scope('x').deleteMeta('m');
    node.stopScope('x');
    node.startScope({ name: 'x', meta: { m: 2 } });
    expect(node.scope('x').meta('m')).toBe(2);
  });

  onEveryTransport((cluster) => {
    test('R035 a member of another node is there until its own node says otherwise', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      const process = b.processes.spawn();
      b.scope('pg').join('k', process.pid);
      await cluster().settle();
      const [entry] = a.scope('pg').lookup('k');
      process.exit();
      expect(a.scope('pg').lookup('k')).toEqual([entry]);
      await cluster().settle();
      expect(a.scope('pg').lookup('k')).toEqual([]);
    });

    test('R086 the holders of both sides of a split coexist after the heal', async () => {
      const [a, b] = await cluster().startAll(['a', 'b'], { scopes: [{ name: 'x', keys: 'unique' }] });
      cluster().cut(b);
      await cluster().settle();
      for (const node of [a, b]) node.scope('x').register('k', node.name);
      cluster().heal(b);
      await cluster().settle();
      for (const node of [a, b]) {
        expect(sorted(valuesOf(node.scope('x'), 'k'))).toEqual(['a', 'b']);
        expect(node.scope('x').whereis('k')).toBe(node.processes.self());
      }
    });

    test('R097 the values of a member can be read on every node', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      for (const value of [1, 2]) b.scope('pg').register('k', value);
      await cluster().settle();
      const [{ pid }] = a.scope('pg').lookup('k');
      expect(a.scope('pg').values('k', pid)).toEqual([1, 2]);
    });

    test('R226 who comes after a heal learns from every owner what it has', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      cluster().cut(b);
      await cluster().settle();
      for (const node of [a, b]) node.scope('pg').register('k', node.name);
      cluster().heal(b);
      const c = await cluster().start('c');
      await cluster().settle();
      for (const node of [a, b, c]) expect(sorted(valuesOf(node.scope('pg'), 'k'))).toEqual(['a', 'b']);
    });
  });
});
