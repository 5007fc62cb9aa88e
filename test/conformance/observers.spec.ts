import { KeyMap } from 'nestjs-pg-registry';
import { useLoneNodes } from './support/node';
import { ChangeRecording, ListenerRecording, observe } from './support/recording';

describe('listeners and subscriptions', () => {
  const start = useLoneNodes();

  test('C107 listeners are told of every entry that comes or goes, and of no update', () => {
    const listener = new ListenerRecording();
    const lone = start({ scopes: [{ name: 'x', listeners: [listener] }] });
    const registry = lone.node.scope('x');
    const { pid } = registry.register('k', 'v');
    registry.updateValue('k', 'w');
    registry.unregister('k');
    const member = lone.actor();
    registry.join('k', member.pid, 'v');
    member.exit();
    expect(listener.told).toEqual([
      ['register', 'k', pid, 'v'],
      ['unregister', 'k', pid],
      ['register', 'k', member.pid, 'v'],
      ['unregister', 'k', member.pid],
    ]);
  });

  test('C108 a listener token is resolved again for every event', () => {
    const lone = start({ scopes: [{ name: 'x', listeners: ['Audit'] }] });
    const registry = lone.node.scope('x');
    const { pid } = registry.register('unheard');
    const [first, second] = [new ListenerRecording(), new ListenerRecording()];
    lone.listeners.set('Audit', first);
    registry.register('k1');
    lone.listeners.delete('Audit');
    registry.register('unheard too');
    lone.listeners.set('Audit', second);
    registry.register('k2');
    expect(first.told).toEqual([['register', 'k1', pid, null]]);
    expect(second.told).toEqual([['register', 'k2', pid, null]]);
    expect(registry.count()).toBe(4);
  });

  test('C110 a subscription begins with a snapshot of the existing entries', () => {
    const { node } = start({ scopes: ['empty'] });
    const registry = node.scope('pg');
    registry.register('k', 1);
    registry.register('k', 2);
    const groups = new KeyMap([['k', registry.lookup('k')]]);
    expect(observe(registry).all).toEqual([{ type: 'snapshot', groups }]);
    expect(observe(registry, 'k').all).toEqual([{ type: 'snapshot', entries: registry.lookup('k') }]);
    expect(observe(registry, 'unknown').all).toEqual([{ type: 'snapshot', entries: [] }]);
    expect(observe(node.scope('empty')).all).toEqual([{ type: 'snapshot', groups: new KeyMap() }]);
  });

  test('C112 a subscription to a key receives no event of another key', () => {
    const registry = start().node.scope('pg');
    const events = observe(registry, 'k');
    registry.register('j');
    registry.register(['k']);
    registry.unregister('j');
    expect(events.told).toEqual([]);
  });

  test('C113 unsubscribing drops pending events, and unsubscribing again does nothing', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 0);
    const events = observe(registry);
    events.subscription.add(
      registry.monitor('trigger').subscribe(({ type }) => {
        if (type !== 'join') return;
        registry.register('k', 1);
        registry.updateValue('k', 2);
        registry.unregister('k');
        events.stop();
      }),
    );
    registry.register('trigger');
    expect(events.told).toEqual([['join', 'trigger', [null]]]);
    events.stop();
    registry.register('k', 3);
    expect(events.told).toHaveLength(1);
  });

  test('C115 the subscriptions of a process end with the process', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const subscriber = lone.actor();
    const [scope, key] = subscriber.do(() => [observe(registry), observe(registry, 'k')]);
    const gone: string[] = [];
    scope.subscription.add(() => gone.push('scope'));
    key.subscription.add(() => gone.push('key'));
    subscriber.exit();
    expect([scope.completed, key.completed]).toEqual([true, true]);
    expect(gone.toSorted((a, b) => a.localeCompare(b))).toEqual(['key', 'scope']);
    registry.register('k');
    expect([scope.told, key.told]).toEqual([[], []]);
  });

  test('C117 every subscription of a process receives its events independently of the others', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const member = lone.actor();
    member.do(() => {
      const subscriptions: ChangeRecording[] = [
        observe(registry),
        observe(registry, 'k'),
        observe(registry, 'j'),
      ];
      registry.register('k');
      registry.register('j');
      expect(subscriptions.map(({ told }) => told.length)).toEqual([2, 1, 1]);
    });
  });
});
