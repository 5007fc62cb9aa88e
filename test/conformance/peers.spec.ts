import type { PgRegistryNode } from 'nestjs-pg-registry';
import { eventually } from '../support/eventually';
import { Actor } from './support/actor';
import { type Cluster, startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { ListenerRecording, observe, sorted, valuesOf } from './support/recording';

/** Ways in which the entries of a node can be lost to the others. */
const LOSSES: [string, (cluster: Cluster, node: PgRegistryNode) => Promise<void> | void][] = [
  ['its node crashes', (cluster, node) => cluster.crash(node)],
  ['its node says goodbye', (cluster, node) => cluster.stop(node)],
  ['its node vanishes', (cluster, node) => cluster.cut(node)],
  ['its scope stops', (_cluster, node) => void node.stopScope('pg')],
];

describe('peers, faults and recovery', () => {
  onEveryTransport((cluster) => {
    test("C119 a subscriber from before a peer's start is told once of each entry of the peer", async () => {
      const a = await cluster().start('a');
      const events = observe(a.scope('pg'), 'k');
      const b = await cluster().start('b');
      b.scope('pg').register('k', 'v');
      await cluster().settle();
      expect(events.told).toEqual([['join', 'k', ['v']]]);
    });

    test('C120 entries of a new node join the existing ones', async () => {
      const [a] = await startAll(cluster(), ['a', 'b']);
      a.scope('pg').register('k', 'a');
      const events = observe(a.scope('pg'), 'k');
      const c = await cluster().start('c', {}, (node) => void node.scope('pg').register('k', 'c'));
      await cluster().settle();
      expect(events.told).toEqual([['join', 'k', ['c']]]);
      for (const node of [a, c]) expect(sorted(valuesOf(node.scope('pg'), 'k'))).toEqual(['a', 'c']);
    });

    test.each(LOSSES)(
      'C129 entries of a node leave key by key with their values when %s',
      async (_what, lose) => {
        const listener = new ListenerRecording();
        const a = await cluster().start('a', { scopes: [{ name: 'pg', listeners: [listener] }] });
        const b = await cluster().start('b');
        const registry = b.scope('pg');
        registry.register('k', 1);
        registry.register('k', 2);
        registry.register('j', 'old');
        registry.updateValue('j', 'new');
        await cluster().settle();
        listener.told.length = 0;
        const events = observe(a.scope('pg'));
        await lose(cluster(), b);
        await eventually(() => expect(a.scope('pg').count()).toBe(0));
        expect(sorted(events.told)).toEqual([
          ['leave', 'j', ['new']],
          ['leave', 'k', [2, 1]],
        ]);
        const unregistered = listener.told.map(([type, key]) => [type, key]);
        expect(sorted(unregistered)).toEqual([
          ['unregister', 'j'],
          ['unregister', 'k'],
          ['unregister', 'k'],
        ]);
      },
    );

    test('C130 a restarted scope starts empty and gets the entries of other nodes', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      a.scope('pg').register('k', 'a');
      b.scope('pg').register('k', 'b');
      await cluster().settle();
      b.stopScope('pg');
      b.startScope('pg');
      await cluster().settle();
      const values = [a, b].map((node) => valuesOf(node.scope('pg'), 'k'));
      expect(values).toEqual([['a'], ['a']]);
    });

    test('C130 a node that restarts after a crash starts empty and gets the entries of other nodes', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      a.scope('pg').register('k', 'a');
      b.scope('pg').register('k', 'b');
      await cluster().settle();
      cluster().crash(b);
      const again = await cluster().start('b');
      await cluster().settle();
      for (const node of [a, again]) expect(valuesOf(node.scope('pg'), 'k')).toEqual(['a']);
    });

    test("C131 each side of a split goes on, and after the heal both have every owner's entries", async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      a.scope('pg').register('a', 'of a');
      const owner = b.scope('pg');
      owner.register('a', 'v1');
      const registration = owner.register('b');
      await cluster().settle();
      const events = observe(a.scope('pg'));
      cluster().cut(b);
      await cluster().settle();
      expect(sorted(events.told)).toEqual([
        ['leave', 'a', ['v1']],
        ['leave', 'b', [null]],
      ]);
      expect(valuesOf(owner, 'a')).toEqual(['v1']);
      owner.updateValue('a', 'v2');
      owner.register('c');
      registration.unregister();
      const before = events.told.length;
      cluster().heal(b);
      await cluster().settle();
      expect(sorted(events.told.slice(before))).toEqual([
        ['join', 'a', ['v2']],
        ['join', 'c', [null]],
      ]);
      for (const node of [a, b]) {
        expect(sorted(node.scope('pg').groups())).toEqual(['a', 'c']);
        expect(sorted(valuesOf(node.scope('pg'), 'a'))).toEqual(['of a', 'v2']);
      }
    });

    test('C134 peers count the entries of one member one by one', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const { pid } = new Actor(b);
      b.scope('pg').join(
        'k',
        Array.from({ length: 16 }, () => pid),
      );
      b.scope('pg').leave('k', [pid, pid, pid, pid]);
      await cluster().settle();
      expect(a.scope('pg').lookup('k')).toHaveLength(12);
      cluster().crash(b);
      await cluster().settle();
      expect(a.scope('pg').count()).toBe(0);
      expect(a.scope('pg').groups()).toEqual([]);
    });

    test("R226 a node that starts after a heal gets every owner's entries", async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
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
