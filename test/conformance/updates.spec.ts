import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { ListenerRecording, observe, valuesOf } from './support/recording';

describe('updates', () => {
  const start = useLoneNodes();

  test('C060 an update gives every entry of the process the value in one event, and tells no listener', () => {
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

  test('C061 an update by a process that is no member changes nothing', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    registry.register('g', 'a');
    const events = observe(registry);
    expect(lone.actor().do(() => registry.updateValue('g', 'z'))).toBe(false);
    expect(registry.updateValue('unknown', 'z')).toBe(false);
    expect(events.told).toEqual([]);
  });

  onEveryTransport((cluster) => {
    test('C063 an update reaches peers as an update event', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
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
