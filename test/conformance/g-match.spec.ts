import { $, _, InvalidArgumentError } from 'nestjs-pg-registry';
import { onEveryTransport } from './support/cluster';
import { useLoneNodes } from './support/node';
import { ListenerRecording, observe, valuesOf } from './support/recording';

describe('G. match, countMatch, unregisterMatch', () => {
  const start = useLoneNodes();

  test('C065 an object pattern asks only for the properties that it names', () => {
    const registry = start().node.scope('pg');
    registry.register('k', { role: 'primary', n: 1 });
    registry.register('k', { role: 'replica' });
    expect(registry.match('k', { role: 'primary' })).toMatchObject([{ value: { role: 'primary', n: 1 } }]);
    expect(registry.countMatch('k', { role: 'primary' })).toBe(1);
  });

  test('C066 guards are over the variables of the pattern, and all must hold', () => {
    const registry = start().node.scope('pg');
    for (const n of [1, 5, 10]) registry.register('k', { n });
    const above = ['>', $(1), 3] as const;
    expect(registry.countMatch('k', { n: $(1) }, [above])).toBe(2);
    expect(registry.match('k', { n: $(1) }, [above, ['<', $(1), 8]])).toMatchObject([{ value: { n: 5 } }]);
  });

  test('C067 a literal matches only its own kind', () => {
    const registry = start().node.scope('pg');
    registry.register('k', [1, 'a']);
    expect(registry.countMatch('k', [1, _])).toBe(1);
    for (const other of ['1', 1n, true]) expect(registry.match('k', [other, _])).toEqual([]);
  });

  test('C069 what matched is removed, not what is newest', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 'a');
    registry.register('k', 'b');
    expect(registry.unregisterMatch('k', 'a')).toBe(1);
    expect(valuesOf(registry, 'k')).toEqual(['b']);
  });

  test('C071 a wildcard removes everything of the caller and nothing of others', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const other = lone.actor();
    registry.register('k', 'mine');
    registry.join('k', other.pid, 'theirs');
    registry.register('k', 'mine too');
    expect(registry.unregisterMatch('k', _)).toBe(2);
    expect(valuesOf(registry, 'k')).toEqual(['theirs']);
  });

  test('C076 a guard with an unknown function is an argument error that costs nothing', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    const attempt = () => registry.unregisterMatch('k', $(1), [['frobnicate', $(1)]]);
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(/frobnicate/);
    expect(valuesOf(registry, 'k')).toEqual([1]);
    registry.register('k', 2);
    expect(registry.count()).toBe(2);
  });

  onEveryTransport((cluster) => {
    test('C070 a removal by pattern is one event, and exactly these entries go at peers', async () => {
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
