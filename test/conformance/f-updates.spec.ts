import { onEveryTransport } from './support/cluster';
import { useLoneNodes } from './support/node';
import { ListenerRecording, observe, valuesOf } from './support/recording';

describe('F. Updates', () => {
  const start = useLoneNodes();

  test('C060 an update gives every entry of the process the value, in one event; listeners are not told', () => {
    const listener = new ListenerRecording();
    const registry = start({ scopes: [{ name: 'x', listeners: [listener] }] }).node.scope('x');
    registry.register('g', 'a');
    registry.register('g', 'b');
    listener.told.length = 0;
    const events = observe(registry);
    expect(registry.updateValue('g', 'z')).toBe(true);
    expect(valuesOf(registry, 'g')).toEqual(['z', 'z']);
    expect(events.told).toEqual([
      [
        'update',
        'g',
        [
          ['a', 'z'],
          ['b', 'z'],
        ],
      ],
    ]);
    expect(listener.told).toEqual([]);
  });

  test('C061 a process that is no member updates nothing', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.register('g', 'a');
    const events = observe(registry);
    expect(lone.actor().do(() => registry.updateValue('g', 'z'))).toBe(false);
    expect(registry.updateValue('unknown', 'z')).toBe(false);
    expect(events.told).toEqual([]);
  });

  onEveryTransport((cluster) => {
    test('C063 an update reaches peers as an update', async () => {
      const [a, b] = await cluster().startAll(['a', 'b']);
      b.scope('pg').register('k', 'v1');
      await cluster().settle();
      const events = observe(a.scope('pg'));
      b.scope('pg').updateValue('k', 'v2');
      await cluster().settle();
      expect(events.told).toEqual([['update', 'k', [['v1', 'v2']]]]);
      expect(events.changes[0].cause).toBe('peer');
      expect(valuesOf(a.scope('pg'), 'k')).toEqual(['v2']);
    });
  });
});
