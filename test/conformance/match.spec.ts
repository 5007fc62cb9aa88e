import { $, _, InvalidArgumentError } from 'nestjs-pg-registry';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { ListenerRecording, observe, valuesOf } from './support/recording';

describe('match, countMatch and unregisterMatch', () => {
  const start = useLoneNodes();

  test('C065 an object pattern checks only the properties that it names', () => {
    const registry = start().node.scope('pg');
    registry.register('k', { role: 'primary', n: 1 });
    registry.register('k', { role: 'replica' });
    expect(registry.match('k', { role: 'primary' })).toMatchObject([{ value: { role: 'primary', n: 1 } }]);
    expect(registry.countMatch('k', { role: 'primary' })).toBe(1);
  });

  test('C066 guards refer to the variables of the pattern, and all of them must hold', () => {
    const registry = start().node.scope('pg');
    for (const n of [1, 5, 10]) registry.register('k', { n });
    const above = ['>', $(1), 3] as const;
    expect(registry.countMatch('k', { n: $(1) }, [above])).toBe(2);
    expect(registry.match('k', { n: $(1) }, [above, ['<', $(1), 8]])).toMatchObject([{ value: { n: 5 } }]);
  });

  test('C067 a literal matches only values of its own type', () => {
    const registry = start().node.scope('pg');
    registry.register('k', [1, 'a']);
    expect(registry.countMatch('k', [1, _])).toBe(1);
    for (const other of ['1', 1n, true]) expect(registry.match('k', [other, _])).toEqual([]);
  });

  test('C069 unregisterMatch removes the entries that match, not the newest ones', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 'a');
    registry.register('k', 'b');
    expect(registry.unregisterMatch('k', 'a')).toBe(1);
    expect(valuesOf(registry, 'k')).toEqual(['b']);
  });

  test('C071 unregisterMatch with a wildcard removes all entries of the caller and none of other processes', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const other = lone.actor();
    registry.register('k', 'mine');
    registry.join('k', other.pid, 'theirs');
    registry.register('k', 'mine too');
    expect(registry.unregisterMatch('k', _)).toBe(2);
    expect(valuesOf(registry, 'k')).toEqual(['theirs']);
  });

  test('C076 a guard with an unknown function throws an argument error and removes nothing', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    const attempt = () => registry.unregisterMatch('k', $(1), [['frobnicate', $(1)]]);
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(/frobnicate/);
    expect(valuesOf(registry, 'k')).toEqual([1]);
    registry.register('k', 2);
    expect(registry.count()).toBe(2);
  });

  test('R121 a removal by pattern that finds nothing emits no event', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    const events = observe(registry);
    expect(registry.unregisterMatch('k', 2)).toBe(0);
    expect(events.told).toEqual([]);
  });

  test('R125 a pattern may use any variable number, also in removals', () => {
    const registry = start().node.scope('pg');
    for (const n of [1, 2, 3]) registry.register('k', { n });
    expect(registry.unregisterMatch('k', { n: $(1) }, [['>', $(1), 1]])).toBe(2);
    registry.register('k', { n: 4 });
    expect(registry.unregisterMatch('k', { n: $(0) }, [['>', $(0), 1]])).toBe(1);
    expect(valuesOf(registry, 'k')).toEqual([{ n: 1 }]);
  });

  onEveryTransport((cluster) => {
    test('C070 a removal by pattern emits one event, and peers remove exactly the same entries', async () => {
      const listener = new ListenerRecording();
      const a = await cluster().start('a', { scopes: [{ name: 'x', listeners: [listener] }] });
      const b = await cluster().start('b', { scopes: ['x'] });
      const registry = a.scope('x');
      for (const value of [
        [1, 'a'],
        [2, 'a'],
        [3, 'b'],
      ])
        registry.register('k', value);
      await cluster().settle();
      listener.told.length = 0;
      const [here, there] = [observe(registry), observe(b.scope('x'))];
      expect(registry.unregisterMatch('k', [_, 'a'])).toBe(2);
      const event = [
        'leave',
        'k',
        [
          [1, 'a'],
          [2, 'a'],
        ],
      ];
      expect(here.told).toEqual([event]);
      expect(listener.told.map(([type]) => type)).toEqual(['unregister', 'unregister']);
      await cluster().settle();
      expect(there.told).toEqual([event]);
      expect(valuesOf(b.scope('x'), 'k')).toEqual([[3, 'b']]);
    });
  });
});
