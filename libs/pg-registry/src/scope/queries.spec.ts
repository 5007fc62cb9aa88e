import { $, $_, _, ms, rest } from '../match';
import { InvalidArgumentError, InvalidValueError, NotLocalError } from '../term';
import { callLoosely, LoneScope } from './scope.fixture';

function throwIf(it: boolean): boolean {
  if (it) throw new Error('predicate');
  return true;
}

describe('match', () => {
  it('match returns the entries of one key whose values match, of the whole cluster, in lookup order', () => {
    const scope = new LoneScope();
    const { registry } = scope;
    registry.register('k', { role: 'primary', n: 1 });
    registry.register('k', { role: 'replica' });
    registry.register('other', { role: 'primary' });
    scope.remoteJoin('k', 1, { role: 'primary', n: 2 });
    const found = registry.match('k', { role: 'primary' });
    expect(found.map((entry) => entry.value)).toEqual([
      { role: 'primary', n: 1 },
      { role: 'primary', n: 2 },
    ]);
    expect(found[0]).toBe(registry.lookup('k')[0]);
    expect([registry.countMatch('k', _), registry.match('none', _)]).toEqual([3, []]);
  });

  it('match takes guards over the variables of the pattern, or a predicate', () => {
    const { registry } = new LoneScope();
    for (const n of [1, 5, 10]) registry.register('k', { n });
    expect(registry.countMatch('k', { n: $(0) }, [ms.gt($(0), 3)])).toBe(2);
    expect(registry.countMatch('k', { n: $(0) }, [ms.gt($(0), 3), ms.lt($(0), 8)])).toBe(1);
    expect(registry.match('k', (entry) => entry.id === registry.lookup('k')[1].id)).toEqual([
      registry.lookup('k')[1],
    ]);
  });

  it('match takes the key literally', () => {
    const { registry } = new LoneScope();
    registry.register('_', 1);
    expect(registry.countMatch('_', _)).toBe(1);
    expect(() => callLoosely(registry, 'match', _, _)).toThrow(InvalidValueError);
  });

  it('match refuses a wrong guard before it looks at any row', () => {
    const { registry } = new LoneScope();
    for (const method of ['match', 'countMatch', 'unregisterMatch']) {
      expect(() => callLoosely(registry, method, 'k', _, [['foo', 1]])).toThrow(InvalidArgumentError);
    }
  });
});

describe('unregisterMatch', () => {
  it('unregisterMatch removes what matches, not what is newest, in one event, and returns how many', () => {
    const { registry } = new LoneScope();
    const left: unknown[][] = [];
    registry.monitor('k').subscribe((event) => {
      if (event.type === 'leave') left.push(event.entries.map((entry) => entry.value));
    });
    for (const value of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
    ])
      registry.register('k', value);
    expect(registry.unregisterMatch('k', [_, 'a'])).toBe(2);
    expect(registry.unregisterMatch('k', [_, 'a'])).toBe(0);
    expect(left).toEqual([
      [
        [1, 'a'],
        [2, 'a'],
      ],
    ]);
    expect(registry.values('k')).toEqual([[3, 'b']]);
  });

  it('unregisterMatch removes entries of one process of this node only', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const other = node.processes.spawn().pid;
    registry.register('k', 1);
    registry.join('k', other, 2);
    scope.remoteJoin('k', 1, 3);
    expect(registry.unregisterMatch('k', _)).toBe(1);
    expect(registry.unregisterMatch('k', $(1), [ms.eq($(1), 2)], other)).toBe(1);
    expect(registry.lookup('k').map((entry) => entry.value)).toEqual([3]);
    expect(() => registry.unregisterMatch('k', _, [], scope.remotePid(1))).toThrow(NotLocalError);
  });

  it('unregisterMatch leaves the newest entry that is left to the next unregister', () => {
    const { registry } = new LoneScope();
    for (const value of [1, 2, 3]) registry.register('k', value);
    registry.unregisterMatch('k', 3);
    registry.register('k', 4);
    registry.unregister('k');
    expect(registry.values('k')).toEqual([1, 2]);
  });

  it('unregisterMatch removes nothing when a predicate throws', () => {
    const { registry } = new LoneScope();
    registry.register('k', 1);
    registry.register('k', 2);
    expect(() => registry.unregisterMatch('k', ({ value }) => throwIf(value === 2))).toThrow('predicate');
    expect(registry.count()).toBe(2);
  });
});

describe('select', () => {
  it('select returns the body of each matching entry, of all keys and nodes', () => {
    const scope = new LoneScope();
    const { registry } = scope;
    registry.register('a', 1);
    registry.register('b', 2);
    scope.remoteJoin('c', 1, 3);
    const spec = { head: { key: $(0), value: $(1) }, guards: [ms.gt($(1), 1)], body: ['array', $(1), $(0)] };
    expect(new Set(registry.select(spec))).toEqual(
      new Set([
        [2, 'b'],
        [3, 'c'],
      ]),
    );
    expect(registry.select([])).toEqual([]);
  });

  it('select finds the same by key and by process as by looking at every row', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const { pid } = node.processes.spawn();
    registry.join('a', [pid, pid], 1);
    registry.join('b', pid, 2);
    registry.register('a', 3);
    const here = (head: object) => registry.select({ head, body: $_ });
    expect(here({ key: 'a', pid })).toEqual(here({ pid, value: 1 }));
    expect(here({ pid })).toHaveLength(3);
    expect(here({ key: 'a' })).toHaveLength(3);
    expect(here({ key: 'none', pid })).toEqual([]);
    expect(here({ pid: scope.remotePid(9) })).toEqual([]);
  });

  it('select returns entries for a predicate', () => {
    const { registry } = new LoneScope();
    registry.register('a', 1);
    registry.register('b', 2);
    expect(registry.select((entry) => entry.value === 2)).toEqual(registry.lookup('b'));
    expect(registry.countSelect((entry) => entry.key === 'a')).toBe(1);
  });

  it('countSelect counts results that are exactly true', () => {
    const { registry } = new LoneScope();
    registry.register('a', 1);
    registry.register('a', 2);
    const count = (body: unknown) => callLoosely(registry, 'countSelect', { head: {}, body });
    expect([count(true), count(false), count(1)]).toEqual([2, 0, 0]);
    expect(registry.countSelect({ head: { value: $(0) }, body: ms.eq($(0), 2) })).toBe(1);
  });

  it('select evaluates self as the running process', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    registry.register('a', 'root');
    registry.join('a', process.pid, 'other');
    const own = { head: { pid: $(0), value: $(1) }, guards: [ms.eq($(0), ms.self())], body: $(1) };
    expect(registry.select(own)).toEqual(['root']);
    expect(node.processes.run(process, () => registry.select(own))).toEqual(['other']);
  });

  it('select, countSelect and liveSelect refuse a wrong spec before they look at any row', () => {
    const { registry } = new LoneScope();
    for (const spec of [
      'spec',
      { guards: [] },
      { head: _ },
      { head: { kee: 1 } },
      { head: {}, body: $(0) },
    ]) {
      for (const method of ['select', 'countSelect', 'liveSelect']) {
        expect(() => callLoosely(registry, method, spec)).toThrow(InvalidArgumentError);
      }
    }
  });
});

describe('selectPrefix', () => {
  it('selectPrefix returns the entries under array keys that start with the elements', () => {
    const { registry } = new LoneScope();
    for (const key of [['doc'], ['doc', 'a'], ['doc', 'a', 1], ['dock'], 'doc']) registry.register(key);
    const keys = (...prefix: string[]) => registry.selectPrefix(prefix).map((entry) => entry.key);
    expect(keys('doc')).toHaveLength(3);
    expect(keys('doc', 'a')).toEqual(
      expect.arrayContaining([
        ['doc', 'a'],
        ['doc', 'a', 1],
      ]),
    );
    expect([keys('none'), keys().length]).toEqual([[], 4]);
  });

  it('selectPrefix refuses anything but an array', () => {
    const { registry } = new LoneScope();
    for (const prefix of ['doc', { 0: 'doc' }, null]) {
      expect(() => callLoosely(registry, 'selectPrefix', prefix)).toThrow(InvalidArgumentError);
    }
    expect(() => callLoosely(registry, 'selectPrefix', [rest()])).toThrow(InvalidValueError);
  });
});
