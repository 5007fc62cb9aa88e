import { Pid, type Key, type Value } from '../term';
import { Table, type Diff, type RemoteGroup, type SyncRow } from '.';

const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const C = 'c'.repeat(16);
const own = new Pid('orders', A, 1);
const theirs = new Pid('billing', B, 1);
const third = new Pid('search', C, 1);

let table: Table;
const apply = (number: number, groups: RemoteGroup[], cursor = Infinity) =>
  table.remote(B).apply({ number, groups }, cursor);
const joinOf = (key: Key, ...entries: [number: number, value: Value, pid?: Pid][]): RemoteGroup => ({
  kind: 'join',
  key,
  entries: entries.map(([number, value, pid = theirs]) => ({ number, pid, value })),
});
const row = (number: number, key: Key, value: Value, revision: number): SyncRow => ({
  number,
  key,
  pid: theirs,
  value,
  revision,
});
const values = (key: Key) => table.lookup(key).map((entry) => entry.value);
const summary = (diff: Diff) => diff.map(({ kind, key, rows }) => [kind, key, rows.map((r) => r.value)]);

beforeEach(() => {
  table = new Table({ node: 'orders', incarnation: A, keys: 'duplicate' });
  table.join('own', [own], 'mine', { last: 0 }, 1);
});

describe('an operation of another node', () => {
  it('an operation of another node joins, updates and leaves in its order, one change per key', () => {
    expect(summary(apply(1, [joinOf('g', [5, 'x'], [6, 'y']), joinOf('h', [7, 'z'])]))).toEqual([
      ['join', 'g', ['x', 'y']],
      ['join', 'h', ['z']],
    ]);
    const [update] = apply(2, [{ kind: 'update', entries: [{ number: 6, value: 'Y' }] }]);
    expect(update).toMatchObject({ kind: 'update', key: 'g' });
    expect(table.rowByNumber(B, 6)).toMatchObject({ value: 'Y', revision: 2 });
    expect(summary(apply(3, [{ kind: 'leave', numbers: [6, 7, 5] }]))).toEqual([
      ['leave', 'g', ['Y', 'x']],
      ['leave', 'h', ['z']],
    ]);
    expect(table.digest(B)).toEqual({ count: 0, hashHigh: 0, hashLow: 0 });
  });

  it('an operation of another node that comes again joins nothing twice', () => {
    apply(1, [joinOf('g', [5, 'x'])]);
    expect(apply(1, [joinOf('g', [5, 'x'])])).toEqual([]);
    expect(values('g')).toEqual(['x']);
  });

  it('an operation about unknown entries changes nothing and throws nothing', () => {
    const groups: RemoteGroup[] = [
      { kind: 'leave', numbers: [1, 99] },
      { kind: 'update', entries: [{ number: 1, value: 'stolen' }] },
    ];
    expect(apply(1, groups)).toEqual([]);
    expect(values('own')).toEqual(['mine']);
  });

  it("an operation cannot bring processes of another incarnation than its sender's", () => {
    expect(apply(1, [joinOf('g', [5, 'x', own], [6, 'y', third])])).toEqual([]);
    expect(table.remote(A).apply({ number: 9, groups: [{ kind: 'leave', numbers: [1] }] }, Infinity)).toEqual(
      [],
    );
    expect(table.remote(A).merge({ from: 0, to: Infinity, at: 9, rows: [] })).toEqual([]);
    expect(table.remote(A).removeNewest()).toEqual([]);
    expect(table.count).toBe(1);
  });

  it('an operation touches only entries that a running sync has reached', () => {
    apply(1, [joinOf('g', [5, 'x'], [8, 'y'])], 5);
    expect(values('g')).toEqual(['x']);
    apply(1, [joinOf('g', [8, 'y'])]);
    expect(apply(2, [{ kind: 'leave', numbers: [8] }], 5)).toEqual([]);
    expect(apply(2, [{ kind: 'update', entries: [{ number: 8, value: 'z' }] }], 5)).toEqual([]);
  });
});

describe('a chunk of a sync', () => {
  beforeEach(() => {
    apply(1, [joinOf('g', [10, 'ten'], [11, 'eleven'], [12, 'twelve'], [30, 'thirty'])]);
    apply(2, [{ kind: 'update', entries: [{ number: 12, value: 'newest' }] }]);
  });

  it('a chunk of a sync brings exactly the differences: leaves, then joins, then updates', () => {
    const rows = [
      row(10, 'g', 'ten', 1),
      row(11, 'g', 'changed', 3),
      row(13, 'h', 'new', 3),
      row(12, 'g', 'newest', 2),
    ];
    const diff = table.remote(B).merge({ from: 0, to: 20, at: 3, rows });
    expect(summary(diff)).toEqual([
      ['join', 'h', ['new']],
      ['update', 'g', ['changed']],
    ]);
    expect(summary(table.remote(B).merge({ from: 20, to: Infinity, at: 3, rows: [] }))).toEqual([
      ['leave', 'g', ['thirty']],
    ]);
    expect(values('g')).toEqual(['ten', 'changed', 'newest']);
  });

  it('a chunk tells one join per key, keys in the order of their first row, whether they are new, shared or known', () => {
    const rows = [
      row(13, 'h', 'h1', 3),
      row(14, 'g', 'g1', 3),
      row(15, 'i', 'i1', 3),
      row(16, ['h'], 'other', 3),
      row(17, 'g', 'g2', 3),
      row(18, 'h', 'h2', 3),
      row(19, ['h'], 'another', 3),
    ];
    expect(summary(table.remote(B).merge({ from: 12, to: 20, at: 3, rows }))).toEqual([
      ['join', 'h', ['h1', 'h2']],
      ['join', 'g', ['g1', 'g2']],
      ['join', 'i', ['i1']],
      ['join', ['h'], ['other', 'another']],
    ]);
  });

  it('a chunk leaves alone entries that a later operation has touched, and entries outside its range', () => {
    const diff = table.remote(B).merge({
      from: 10,
      to: 12,
      at: 1,
      rows: [row(12, 'g', 'twelve', 1), row(40, 'g', 'out', 1)],
    });
    expect(summary(diff)).toEqual([['leave', 'g', ['eleven']]]);
    expect(values('g')).toEqual(['ten', 'newest', 'thirty']);
  });

  it('a chunk replaces an entry whose key or process differs', () => {
    const rows = [row(10, 'moved', 'ten', 1), row(11, 'g', 'eleven', 1), row(12, 'g', 'newest', 2)];
    expect(summary(table.remote(B).merge({ from: 0, to: 20, at: 2, rows }))).toEqual([
      ['leave', 'g', ['ten']],
      ['join', 'moved', ['ten']],
    ]);
  });

  it("a chunk puts late entries at their place in their owner's registration order, without moving others", () => {
    table.join('g', [own], 'own', { last: 100 }, 2);
    apply(3, [joinOf('g', [50, 'fifty'])]);
    const rows = [row(5, 'g', 'five', 4), row(31, 'g', 'thirty-one', 4), row(60, 'g', 'sixty', 4)];
    table.remote(B).merge({ from: 4, to: 5, at: 4, rows });
    table.remote(B).merge({ from: 30, to: 49, at: 4, rows });
    table.remote(B).merge({ from: 50, to: Infinity, at: 4, rows });
    expect(values('g')).toEqual([
      'five',
      'ten',
      'eleven',
      'newest',
      'thirty',
      'own',
      'thirty-one',
      'fifty',
      'sixty',
    ]);
    expect(table.valuesOf('g', theirs)).toEqual(values('g').filter((value) => value !== 'own'));
  });
});

describe('the loss of a node', () => {
  it('the loss of a node removes its entries and no others, one change per key, newest first', () => {
    apply(1, [joinOf('g', [1, 'a']), joinOf('h', [2, 'b']), joinOf('g', [200, 'c'])]);
    table.remote(C).apply({ number: 1, groups: [joinOf('g', [1, 'other', third])] }, Infinity);
    expect(summary(table.remote(B).removeNewest())).toEqual([
      ['leave', 'g', ['c', 'a']],
      ['leave', 'h', ['b']],
    ]);
    expect(values('g')).toEqual(['other']);
    expect(table.remote(B).removeNewest()).toEqual([]);
    expect([table.keysOf(theirs), table.rowByNumber(B, 1), table.count]).toEqual([[], undefined, 2]);
  });
});
