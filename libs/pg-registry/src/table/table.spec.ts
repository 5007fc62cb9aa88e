import {
  AlreadyRegisteredError,
  InvalidArgumentError,
  NotLocalError,
  Pid,
  type Key,
  type Value,
} from '../term';
import { Table, type Diff, type Entry, type RemoteGroup } from '.';

const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const p = new Pid('orders', A, 1);
const q = new Pid('orders', A, 2);
const r = new Pid('billing', B, 1);

let table: Table;
const numbers = { last: 0 };
const join = (key: Key, pids: Pid | Pid[], value: Value = null) =>
  table.join(key, Array.isArray(pids) ? pids : [pids], value, numbers, 1);
const remote = (number: number, ...groups: RemoteGroup[]) =>
  table.remote(B).apply({ number, groups }, Infinity);
const remoteJoin = (key: Key, number: number, value: Value = null): RemoteGroup => ({
  kind: 'join',
  key,
  entries: [{ number, pid: r, value }],
});
const values = (entries: readonly Entry[]) => entries.map((entry) => entry.value);
const below = (prefix: Key[]) => table.selectPrefix(prefix).map((entry) => entry.key);
const summary = (diff: Diff) => diff.map(({ kind, key, rows }) => [kind, key, rows.map((row) => row.value)]);

beforeEach(() => {
  numbers.last = 0;
  table = new Table({ node: 'orders', incarnation: A, keys: 'duplicate' });
});

describe('joining', () => {
  it('join registers every occurrence in order, in one change', () => {
    const diff = join('g', [p, q, p], 'v');
    expect(diff).toHaveLength(1);
    expect(diff[0].rows.map((row) => row.pid)).toEqual([p, q, p]);
    expect(table.members('g')).toEqual([p, q, p]);
    expect(table.count).toBe(3);
  });

  it('join with an empty list does nothing', () => {
    expect(join('g', [])).toEqual([]);
    expect(table.groups()).toEqual([]);
  });

  it('join gives each entry an id that is unique in the cluster', () => {
    join('g', p, 1);
    expect(table.lookup('g')).toEqual([{ id: `${A}:1`, key: 'g', pid: p, value: 1 }]);
    expect(Object.isFrozen(table.lookup('g')[0])).toBe(true);
  });

  it('join refuses a pid of another node and changes nothing', () => {
    expect(() => join('g', [p, r])).toThrow(NotLocalError);
    expect(table.count).toBe(0);
  });
});

describe('leaving', () => {
  it('leave removes the newest entry of the pid under the key, and only there', () => {
    join('g', p, 'first');
    join('h', p, 'other key');
    join('g', q, 'other pid');
    join('g', p, 'second');
    expect(summary(table.leave('g', [p]))).toEqual([['leave', 'g', ['second']]]);
    expect(values(table.lookup('g'))).toEqual(['first', 'other pid']);
    expect(table.keysOf(p)).toEqual(['g', 'h']);
  });

  it('leave pops once per occurrence, in input order, and skips what is not there', () => {
    join('g', p, 1);
    join('g', q, 2);
    join('g', p, 3);
    expect(summary(table.leave('g', [p, r, q, p, p]))).toEqual([['leave', 'g', [3, 2, 1]]]);
    expect(table.groups()).toEqual([]);
    expect(table.leave('g', [p])).toEqual([]);
  });

  it('leave pops the newest survivor after an older entry was removed by its row', () => {
    for (const value of [1, 2, 3]) join('g', p, value);
    table.leaveRow(3);
    join('g', p, 4);
    table.leave('g', [p]);
    expect(values(table.lookup('g'))).toEqual([1, 2]);
  });

  it('leaveKey takes all own entries of a key, one process after the other, each newest first', () => {
    join('g', p, 1);
    join('g', q, 2);
    join('g', p, 3);
    remote(1, remoteJoin('g', 1, 'theirs'));
    expect(summary(table.leaveKey('g'))).toEqual([['leave', 'g', [3, 1, 2]]]);
    expect(values(table.lookup('g'))).toEqual(['theirs']);
    expect(table.leaveKey('g')).toEqual([]);
  });

  it('leaveRows finds an entry by an outdated row, and never one of another node', () => {
    const [joined] = join('g', p, 1);
    table.updateRow(1, 2, 7);
    remote(1, remoteJoin('g', 1, 'theirs'));
    expect(table.leaveRows([table.rowByNumber(B, 1)!])).toEqual([]);
    expect(summary(table.leaveRows([joined.rows[0]]))).toEqual([['leave', 'g', [2]]]);
    expect(table.leaveRow(1)).toEqual([]);
  });

  it('leaveProcess gives one change per key, newest first', () => {
    join('k1', p, 1);
    join('k1', p, 2);
    join('k2', p, 3);
    join('k1', p, 4);
    join('k1', q, 5);
    expect(summary(table.leaveProcess(p))).toEqual(
      expect.arrayContaining([
        ['leave', 'k1', [4, 2, 1]],
        ['leave', 'k2', [3]],
      ]),
    );
    expect(values(table.lookup('k1'))).toEqual([5]);
    expect(table.keysOf(p)).toEqual([]);
    expect(table.leaveProcess(r)).toEqual([]);
  });

  it('leave works the same in a key with many members', () => {
    const pids = Array.from({ length: 50 }, (_, id) => new Pid('orders', A, 100 + id));
    for (const value of [1, 2, 3]) for (const pid of pids) join('g', pid, value);
    expect(summary(table.leave('g', [pids[7], pids[7]]))).toEqual([['leave', 'g', [3, 2]]]);
    expect(table.valuesOf('g', pids[7])).toEqual([1]);
    expect(table.valuesOf('g', pids[8])).toEqual([1, 2, 3]);
  });
});

describe('unique keys', () => {
  beforeEach(() => (table = new Table({ node: 'orders', incarnation: A, keys: 'unique' })));

  it('a held unique key refuses every process of this node, its holder included, and the error names the holder', () => {
    join('k', p);
    for (const pid of [p, q]) {
      expect(() => join('k', pid)).toThrow(AlreadyRegisteredError);
      expect(() => join('k', pid)).toThrow(
        /'k' is already registered on node orders by <orders\.1>: unregister it/,
      );
    }
    expect(table.count).toBe(1);
    expect(table.holder('k')).toBe(p);
  });

  it('a unique key is free again after its holder left', () => {
    join('k', p);
    table.leave('k', [p]);
    join('k', q);
    expect(table.holder('k')).toBe(q);
  });

  it('a unique key ignores holders on other nodes', () => {
    remote(1, remoteJoin('k', 1), remoteJoin('k', 2));
    expect(table.holder('k')).toBeUndefined();
    join('k', p);
    expect(table.members('k')).toEqual([r, r, p]);
    expect(() => join('k', q)).toThrow(AlreadyRegisteredError);
  });

  it('a unique key takes one process only', () => {
    expect(() => join('k', [p, p])).toThrow(InvalidArgumentError);
    expect(join('k', [])).toEqual([]);
    expect(table.count).toBe(0);
  });
});

describe('updating', () => {
  it('update gives all entries of the pid under the key a new value at their old places', () => {
    join('g', p, 1);
    join('g', q, 2);
    join('g', p, 3);
    const [change] = table.update('g', p, (old) => Number(old) * 10, 9);
    expect(change).toMatchObject({ kind: 'update', key: 'g' });
    expect(change.rows.map((row) => [row.number, row.value, row.revision])).toEqual([
      [1, 10, 9],
      [3, 30, 9],
    ]);
    expect(change.kind === 'update' && change.old.map((row) => row.value)).toEqual([1, 3]);
    expect(values(table.lookup('g'))).toEqual([10, 2, 30]);
    table.leave('g', [p]);
    expect(values(table.lookup('g'))).toEqual([10, 2]);
  });

  it('update with an equal value is an update, too', () => {
    join('g', p, 1);
    expect(table.update('g', p, () => 1, 2)).toHaveLength(1);
  });

  it('update of a non-member, a remote process or an unknown number changes nothing', () => {
    remote(1, remoteJoin('g', 1, 'theirs'));
    for (const diff of [
      table.update('g', p, () => 2, 2),
      table.update('g', r, () => 2, 2),
      table.updateRow(1, 2, 2),
    ]) {
      expect(diff).toEqual([]);
    }
    expect(values(table.lookup('g'))).toEqual(['theirs']);
  });

  it('update changes nothing when the function throws', () => {
    join('g', [p, p], 1);
    let calls = 0;
    const failing = () => {
      if ((calls += 1) > 1) throw new RangeError('second');
      return 2;
    };
    expect(() => table.update('g', p, failing, 2)).toThrow(RangeError);
    expect(values(table.lookup('g'))).toEqual([1, 1]);
  });

  it('update refuses a function that removes the entry it is called for', () => {
    join('g', p, 1);
    expect(() => table.update('g', p, () => table.leave('g', [p]).length, 2)).toThrow(InvalidArgumentError);
    expect(table.count).toBe(0);
  });
});

describe('answers', () => {
  it('answers are frozen and the same until the key changes', () => {
    join('g', p, 1);
    join('h', p, 1);
    const before = table.lookup('g');
    const members = table.members('g');
    join('h', q);
    expect(table.lookup('g')).toBe(before);
    expect(Object.isFrozen(before) && Object.isFrozen(members)).toBe(true);
    table.update('g', p, () => 2, 2);
    expect(table.lookup('g')).not.toBe(before);
    expect(table.members('g')).toBe(members);
    expect(values(before)).toEqual([1]);
  });

  it('answers about this node leave out the entries of others', () => {
    join('g', p, 1);
    remote(1, remoteJoin('g', 1, 2), remoteJoin('h', 2, 3));
    expect(values(table.lookup('g'))).toEqual([1, 2]);
    expect(values(table.lookupLocal('g'))).toEqual([1]);
    expect(table.membersLocal('g')).toEqual([p]);
    expect(table.groups()).toEqual(['g', 'h']);
    expect(table.groupsLocal()).toEqual(['g']);
    expect([table.count, table.countLocal]).toEqual([3, 1]);
    expect(table.keysOf(r)).toEqual(['g', 'h']);
  });

  it('selectPrefix finds the array keys that begin with the prefix', () => {
    for (const key of [['doc'], ['doc', 'a'], ['doc', 'a', 1], ['doc', 'b'], ['docs'], 'doc', []] as Key[])
      join(key, p);
    expect(below(['doc'])).toEqual(
      expect.arrayContaining([['doc'], ['doc', 'a'], ['doc', 'a', 1], ['doc', 'b']]),
    );
    expect(below(['doc'])).toHaveLength(4);
    expect(below(['doc', 'a', 1])).toEqual([['doc', 'a', 1]]);
    expect(below([])).toHaveLength(6);
    expect(below(['nothing'])).toEqual([]);
  });

  it('reads tell keys of different kinds apart, and find keys of the same structure', () => {
    const keys: Key[] = [
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      Number.NaN,
      [1],
      ['1'],
      [[1]],
      { a: 1, b: 2 },
      p,
      String(p),
    ];
    keys.forEach((key, at) => join(key, p, at));
    keys.forEach((key, at) => expect(values(table.lookup(key))).toEqual([at]));
    expect(values(table.lookup({ b: 2, a: 1 }))).toEqual([11]);
    expect(values(table.lookup(new Pid('orders', A, 1)))).toEqual([12]);
    expect(table.groups()).toHaveLength(keys.length);
  });
});
