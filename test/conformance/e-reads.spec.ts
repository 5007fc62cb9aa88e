import { Actor } from './support/actor';
import { onEveryTransport } from './support/cluster';
import { useLoneNodes } from './support/node';
import { valuesOf, sorted } from './support/recording';

describe('E. Reads', () => {
  const start = useLoneNodes();

  test('C054 an update neither moves an entry nor hides it for a moment', () => {
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

  test('C055 a lookup does not wait for the writes whose events are still to be delivered', () => {
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

  test('C057 values are those of one member', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.register('k', 'a');
    registry.register('k', 'b');
    expect(registry.values('k')).toEqual(['a', 'b']);
    expect(registry.values('k', lone.actor().pid)).toEqual([]);
  });

  onEveryTransport((cluster) => {
    test('C053 lookup is of the whole cluster, lookupLocal of this node', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
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

    test('C056 the keys of a member come once each, on its own node and on others', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      const { pid } = new Actor(a);
      a.scope('pg').join('k', [pid, pid]);
      a.scope('pg').join('j', pid);
      await cluster().settle();
      const [entry] = b.scope('pg').lookup('j');
      expect(sorted(a.scope('pg').keys(pid))).toEqual(['j', 'k']);
      expect(sorted(b.scope('pg').keys(entry.pid))).toEqual(['j', 'k']);
    });

    test('C058 the count is of entries, duplicates and remote ones included', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      const { pid } = new Actor(a);
      a.scope('pg').join('a', [pid, pid]);
      a.scope('pg').join('b', pid);
      b.scope('pg').register('a');
      await cluster().settle();
      expect(a.scope('pg').count()).toBe(4);
      expect(a.scope('pg').countLocal()).toBe(3);
    });
  });
});
