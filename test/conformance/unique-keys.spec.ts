import {
  AlreadyRegisteredError,
  InvalidArgumentError,
  type PgRegistryService,
  type Pid,
} from 'nestjs-pg-registry';
import { Actor } from './support/actor';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { observe, valuesOf, sorted } from './support/recording';

const UNIQUE = { name: 'x', keys: 'unique' } as const;

/** Expects that a key cannot be registered because this pid holds it. */
function expectHeld(registry: PgRegistryService, key: string, holder: Pid): void {
  const attempt = () => registry.register(key);
  expect(attempt).toThrow(AlreadyRegisteredError);
  expect(attempt).toThrow(expect.objectContaining({ pid: holder }) as Error);
}

describe('unique keys', () => {
  const start = useLoneNodes();

  test('C044 a held key is refused to every process, its holder included', () => {
    const lone = start({ scopes: [UNIQUE] });
    const registry = lone.node.scope('x');
    const { pid } = registry.register('k');
    expectHeld(registry, 'k', pid);
    lone.actor().do(() => expectHeld(registry, 'k', pid));
    registry.register('another key');
    expect(registry.count()).toBe(2);
  });

  test('C045 a key is free again when its holder leaves or ends', () => {
    const lone = start({ scopes: [UNIQUE] });
    const registry = lone.node.scope('x');
    const [p, q, r] = [lone.actor(), lone.actor(), lone.actor()];
    registry.join('k', p.pid);
    registry.leave('k', p.pid);
    registry.join('k', q.pid);
    q.exit();
    registry.join('k', r.pid);
    expect(registry.whereis('k')).toBe(r.pid);
  });

  test('C047 a join of several processes under a unique key throws an argument error, and the scope goes on', () => {
    const lone = start({ scopes: [UNIQUE] });
    const registry = lone.node.scope('x');
    const [p, q] = [lone.actor().pid, lone.actor().pid];
    for (const pids of [
      [p, q],
      [p, p],
    ])
      expect(() => registry.join('k', pids)).toThrow(InvalidArgumentError);
    expect(registry.count()).toBe(0);
    registry.join('k', [p]);
    expect(registry.members('k')).toEqual([p]);
  });

  test('C048 the key of a holder that has just ended can be taken in the same turn', () => {
    const lone = start({ scopes: [UNIQUE] });
    const registry = lone.node.scope('x');
    const holder = lone.actor();
    registry.join('k', holder.pid, 'old');
    const events = observe(registry);
    holder.exit();
    registry.register('k', 'new');
    expect(valuesOf(registry, 'k')).toEqual(['new']);
    expect(events.told).toEqual([
      ['leave', 'k', ['old']],
      ['join', 'k', ['new']],
    ]);
  });

  test('R087 updateValue works under a unique key as under any other', () => {
    const registry = start({ scopes: [{ name: 'x', keys: 'unique' }] }).node.scope('x');
    registry.register('k', 1);
    expect(registry.updateValue('k', 2)).toBe(true);
    expect(valuesOf(registry, 'k')).toEqual([2]);
  });

  onEveryTransport((cluster) => {
    test('C046 every node may have its own holder, and lookup lists them all', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b'], { scopes: [UNIQUE] });
      b.scope('x').register('k', 'b');
      await cluster().settle();
      const { pid } = a.scope('x').register('k', 'a');
      await cluster().settle();
      for (const node of [a, b]) expect(sorted(valuesOf(node.scope('x'), 'k'))).toEqual(['a', 'b']);
      expectHeld(a.scope('x'), 'k', pid);
    });

    test('C051 each node enforces only its own key mode', async () => {
      const a = await cluster().start('a', { scopes: [UNIQUE] });
      const b = await cluster().start('b', { scopes: [{ name: 'x', keys: 'duplicate' }] });
      await cluster().settle();
      b.scope('x').register('k', 'b1');
      b.scope('x').register('k', 'b2');
      const { pid } = a.scope('x').register('k', 'a');
      await cluster().settle();
      for (const node of [a, b]) expect(sorted(valuesOf(node.scope('x'), 'k'))).toEqual(['a', 'b1', 'b2']);
      expectHeld(a.scope('x'), 'k', pid);
      new Actor(b).do(() => b.scope('x').register('k', 'b3'));
      expect(b.scope('x').lookupLocal('k')).toHaveLength(3);
    });

    test('R086 the holders of a unique key on both sides of a split coexist after the heal', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b'], { scopes: [{ name: 'x', keys: 'unique' }] });
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
  });
});
