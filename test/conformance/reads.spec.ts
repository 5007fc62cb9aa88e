import { InvalidArgumentError } from 'nestjs-pg-registry';
import { Actor } from './support/actor';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { valuesOf, sorted } from './support/recording';

describe('reads', () => {
  const start = useLoneNodes();

  test('C054 an update neither moves an entry nor hides it while it runs', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const [m1, m2] = [lone.actor().pid, lone.actor().pid];
    registry.join('k', m1, 1);
    registry.join('k', m2, 2);
    const seen: unknown[] = [];
    registry.watch('k').subscribe((entries) => seen.push(entries.map(({ value }) => value)));
    registry.updateValue('k', () => valuesOf(registry, 'k').length * 10, m1);
    expect(seen).toEqual([
      [1, 2],
      [20, 2],
    ]);
    expect(registry.members('k')).toEqual([m1, m2]);
  });

  test('C055 a lookup sees writes whose events are still to be delivered', () => {
    const registry = start().node.scope('pg');
    const counts: number[] = [];
    registry.monitor('k').subscribe((event) => {
      if (event.type !== 'join' || counts.length > 0) return;
      for (let i = 1; i < 500; i += 1) registry.register('k', i);
      counts.push(registry.lookup('k').length);
    });
    registry.register('k', 0);
    expect(counts).toEqual([500]);
  });

  test('C057 values() returns the values of one member', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.register('k', 'a');
    registry.register('k', 'b');
    expect(registry.values('k')).toEqual(['a', 'b']);
    expect(registry.values('k', lone.actor().pid)).toEqual([]);
  });

  test('R098 keys() and values() refuse anything but a pid', () => {
    const registry = start().node.scope('pg');
    expect(() => registry.keys('no pid' as never)).toThrow(InvalidArgumentError);
    expect(() => registry.values('k', 'no pid' as never)).toThrow(InvalidArgumentError);
  });

  onEveryTransport((cluster) => {
    test('C053 lookup covers the whole cluster, lookupLocal this node', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      for (const node of [a, b]) node.scope('pg').register('k', node.name);
      await cluster().settle();
      expect(sorted(valuesOf(a.scope('pg'), 'k'))).toEqual(['a', 'b']);
      expect(
        a
          .scope('pg')
          .lookupLocal('k')
          .map(({ value }) => value),
      ).toEqual(['a']);
    });

    test('C056 keys() returns each key of a member once, on its own node and on others', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const { pid } = new Actor(a);
      a.scope('pg').join('k', [pid, pid]);
      a.scope('pg').join('j', pid);
      await cluster().settle();
      const [entry] = b.scope('pg').lookup('j');
      expect(sorted(a.scope('pg').keys(pid))).toEqual(['j', 'k']);
      expect(sorted(b.scope('pg').keys(entry.pid))).toEqual(['j', 'k']);
    });

    test('C058 count() counts entries, duplicates and remote ones included', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const { pid } = new Actor(a);
      a.scope('pg').join('a', [pid, pid]);
      a.scope('pg').join('b', pid);
      b.scope('pg').register('a');
      await cluster().settle();
      expect(a.scope('pg').count()).toBe(4);
      expect(a.scope('pg').countLocal()).toBe(3);
    });

    test('R097 the values of a member can be read on every node', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      for (const value of [1, 2]) b.scope('pg').register('k', value);
      await cluster().settle();
      const [{ pid }] = a.scope('pg').lookup('k');
      expect(a.scope('pg').values('k', pid)).toEqual([1, 2]);
    });
  });
});
