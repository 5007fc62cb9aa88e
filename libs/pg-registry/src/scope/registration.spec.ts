import { inspect } from 'node:util';
import { InvalidValueError, ScopeNotRunningError } from '../term';
import { LoneScope } from './scope.fixture';

describe('a registration', () => {
  it('a registration has id, key, pid and value of its entry', () => {
    const { registry, node } = new LoneScope();
    const registration = registry.register(['doc', 1], { n: -0 });
    const { id, key, pid, value } = registration;
    expect({ id, key, pid, value }).toEqual(registry.lookup(['doc', 1])[0]);
    expect(pid).toBe(node.processes.root.pid);
    expect(inspect(registration)).toBe(inspect({ id, key, pid, value }));
  });

  it('a registration updates and removes exactly its entry, whatever else the process has under the key', () => {
    const { registry } = new LoneScope();
    const [first, second] = [registry.register('a', 1), registry.register('a', 2)];
    registry.register('a', 3);
    expect(second.update(20)).toBe(true);
    expect([second.value, first.unregister()]).toEqual([20, true]);
    expect(registry.values('a')).toEqual([20, 3]);
  });

  it('a registration has the current value, and after the removal the last one that it read', () => {
    const { registry } = new LoneScope();
    const registration = registry.register('a', 1);
    registry.updateValue('a', 2);
    expect(registration.value).toBe(2);
    registry.unregister('a');
    expect([registration.value, registration.update(3), registration.unregister()]).toEqual([
      2,
      false,
      false,
    ]);
    expect(registry.count()).toBe(0);
  });

  it('a registration is removed at the end of a using block', () => {
    const { registry } = new LoneScope();
    {
      using registration = registry.register('a');
      expect(registry.members('a')).toEqual([registration.pid]);
    }
    expect(registry.count()).toBe(0);
  });

  it('a registration is removed when its process exits or its run stops', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const process = node.processes.spawn();
    const mortal = node.processes.run(process, () => registry.register('a'));
    process.exit();
    expect(mortal.update(1)).toBe(false);
    const registration = registry.register('a');
    scope.run.stop();
    scope.start();
    registry.register('a');
    expect(registration.unregister()).toBe(false);
    expect(() => registration.update(1)).toThrow(ScopeNotRunningError);
    expect(registry.count()).toBe(1);
  });

  it('a registration takes only values that can be stored', () => {
    const { registry } = new LoneScope();
    const registration = registry.register('a', 1);
    expect(() => registration.update(() => 1)).toThrow(InvalidValueError);
    expect(registration.value).toBe(1);
  });
});
