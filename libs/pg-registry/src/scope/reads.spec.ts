import { LoneScope } from './scope.fixture';

describe('lookups', () => {
  it('lookup and members cover the whole cluster, lookupLocal and membersLocal this node', () => {
    const scope = new LoneScope();
    const { registry } = scope;
    const { pid } = registry.register('a', 1);
    scope.remoteJoin('a', 1, 2);
    scope.remoteJoin('b', 1, 3);
    const there = scope.remotePid(1);
    expect(registry.lookup('a').map((entry) => entry.value)).toEqual([1, 2]);
    expect(registry.lookupLocal('a').map((entry) => entry.value)).toEqual([1]);
    expect([registry.members('a'), registry.membersLocal('a')]).toEqual([[pid, there], [pid]]);
    expect([registry.groups(), registry.groupsLocal()]).toEqual([['a', 'b'], ['a']]);
    expect([registry.count(), registry.countLocal()]).toEqual([3, 1]);
    expect([registry.keys(there), registry.values('a', there)]).toEqual([['a', 'b'], [2]]);
  });

  it('lookups return the same frozen array until the key changes', () => {
    const { registry } = new LoneScope();
    registry.register(['a', 1]);
    const before = registry.lookup(['a', 1]);
    registry.register(['a', 2]);
    expect(registry.lookup(['a', 1])).toBe(before);
    expect(Object.isFrozen(before)).toBe(true);
    registry.register(['a', 1]);
    expect(registry.lookup(['a', 1])).not.toBe(before);
    expect(before).toHaveLength(1);
  });

  it('lookups of an unknown key or pid are empty', () => {
    const { registry, node } = new LoneScope();
    const { pid } = node.processes.spawn();
    for (const answer of [
      registry.lookup('a'),
      registry.members('a'),
      registry.keys(pid),
      registry.values('a', pid),
    ]) {
      expect(answer).toEqual([]);
    }
  });

  it('keys and values are those of the running process unless a pid is given', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    registry.register('a', 1);
    registry.join('b', process.pid, 2);
    expect([registry.keys(), registry.values('a'), registry.values('b')]).toEqual([['a'], [1], []]);
    expect(node.processes.run(process, () => [registry.keys(), registry.values('b')])).toEqual([['b'], [2]]);
  });

  it('lookups keep keys of different types apart', () => {
    const { registry } = new LoneScope();
    const keys = [1, '1', 1n, true, null, ['1'], [1], { a: 1 }, { a: '1' }];
    for (const key of keys) registry.register(key);
    expect(keys.map((key) => registry.lookup(key).length)).toEqual(keys.map(() => 1));
    expect(registry.lookup({ a: 1 })[0].key).toEqual({ a: 1 });
    expect(registry.groups()).toHaveLength(keys.length);
  });

  it('keysMode is the mode of the run', () => {
    expect([new LoneScope().registry.keysMode, new LoneScope({ keys: 'unique' }).registry.keysMode]).toEqual([
      'duplicate',
      'unique',
    ]);
  });
});
