import * as fc from 'fast-check';
import { runs } from '../../../../test/support/runs';
import { formatKey, Pid, sameKey, samePid, type Key } from '../term';
import { Table, type Diff, type Entry, type EntryNumbers } from '.';
import { numbersInSteps } from './entry-numbers.fixture';
import { NaiveTable, type Stored } from './naive-table.fixture';

/*
 * A table against the plainest model of its documentation. Whatever the operations, local and
 * remote, hostile ones included, every read agrees with the model and every diff says exactly what changed.
 */
const OWN = 'a'.repeat(16);
const OTHERS = ['b'.repeat(16), 'c'.repeat(16)];
const PIDS = [OWN, ...OTHERS].flatMap((incarnation, node) =>
  [1, 2, 3].map((id) => new Pid(`n${node}`, incarnation, id)),
);
/** Made anew at every use, so that only structure can make two of them the same. */
const KEYS: (() => Key)[] = [
  () => 'k',
  () => 1,
  () => Number.NaN,
  () => ['k'],
  () => ['k', { a: [1] }],
  () => ['k', 'l', null],
  () => ['k', 'l'],
  () => ({ a: 1, b: 'x' }),
  () => new Pid('n0', OWN, 1),
];

/** One operation, done to both. */
type Step = (table: Table, model: NaiveTable, revision: number) => Diff;

const aKey = fc.oneof(
  fc.constant(KEYS[0]),
  fc.integer({ min: 0, max: KEYS.length - 1 }).map((at) => KEYS[at]),
);
const aPid = fc.constantFrom(...PIDS);
/** Now and then so many that both the key and its processes have more rows than are walked through. */
const somePids = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...PIDS.slice(0, 3)), { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...PIDS.slice(0, 3)), { minLength: 50, maxLength: 60, size: 'max' }),
  },
);
const aValue = fc.nat(9);
/** Few, so that they meet; in several pages, so that pages are added out of order. */
const aNumber = fc.oneof(fc.nat(30), fc.integer({ min: 60, max: 70 }), fc.constantFrom(200, 1000, 2 ** 40));
const anOwner = fc.constantFrom(...OTHERS);

/** Own entries get rising numbers, apart from one another by more than one: others may use these numbers, too. */
function numbersAfter(model: NaiveTable): EntryNumbers {
  const own = model.rows.filter((row) => row.pid.incarnation === OWN);
  return numbersInSteps(3, Math.max(0, ...own.map((row) => row.number)));
}

const isOf = (owner: string) => (row: Stored) => row.pid.incarnation === owner;

const joins = fc.tuple(aKey, somePids, aValue).map(([k, pids, v]): Step => (table, model, revision) => {
  const diff = table.join(k(), pids, v, numbersAfter(model), revision);
  const numbers = numbersAfter(model);
  for (const p of pids) model.add({ number: (numbers.last += 1), key: k(), pid: p, value: v, revision });
  return diff;
});
const leaves = fc.tuple(aKey, fc.array(aPid, { maxLength: 4 })).map(([k, pids]): Step => (table, model) => {
  for (const p of pids) {
    const newest = p.incarnation === OWN ? model.newest(k(), p) : undefined;
    model.removeIf((row) => row === newest);
  }
  return table.leave(k(), pids);
});
const keyLeaves = aKey.map((k): Step => (table, model) => {
  model.removeIf((row) => isOf(OWN)(row) && sameKey(row.key, k()));
  return table.leaveKey(k());
});
const rowsLeave = fc.array(aNumber, { maxLength: 3 }).map((numbers): Step => (table, model) => {
  const rows = numbers.flatMap((number) => table.rowByNumber(OWN, number) ?? []);
  model.removeIf((row) => isOf(OWN)(row) && numbers.includes(row.number));
  return table.leaveRows(rows);
});
const processEnds = aPid.map((p): Step => (table, model) => {
  model.removeIf((row) => isOf(OWN)(row) && samePid(row.pid, p));
  return table.leaveProcess(p);
});
const updates = fc.tuple(aKey, aPid).map(([k, p]): Step => (table, model, revision) => {
  const touched = model.rows.filter((row) => isOf(OWN)(row) && samePid(row.pid, p) && sameKey(row.key, k()));
  for (const row of touched) model.update(row, [row.value], revision);
  return table.update(k(), p, (old) => [old], revision);
});
const rowUpdates = fc.tuple(aNumber, aValue).map(([n, v]): Step => (table, model, revision) => {
  const row = model.find(OWN, n);
  if (row) model.update(row, v, revision);
  return table.updateRow(n, v, revision);
});

const aRemoteKey = aKey.map((k) => k());
const someEntries = fc.array(fc.record({ number: aNumber, pid: aPid, value: aValue }), { maxLength: 5 });
const aGroup = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), key: aRemoteKey, entries: someEntries }),
  fc.record({ kind: fc.constant('leave' as const), numbers: fc.array(aNumber, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('update' as const), entries: someEntries }),
);
const aCursor = fc.oneof(fc.constant(Infinity), aNumber);
const remoteOperations = fc
  .tuple(fc.constantFrom(OWN, ...OTHERS), fc.array(aGroup, { maxLength: 3 }), aCursor)
  .map(([from, groups, upTo]): Step => (table, model, revision) => {
    if (from !== OWN) model.applyRemote(from, { number: revision, groups }, upTo);
    return table.remote(from).apply({ number: revision, groups }, upTo);
  });

const aSyncRow = fc.record({
  number: aNumber,
  key: aRemoteKey,
  pid: aPid,
  value: aValue,
  revision: fc.nat(60),
});
const aChunk = fc.record({
  from: aNumber,
  to: aCursor,
  at: fc.nat(60),
  rows: fc.uniqueArray(aSyncRow, { selector: (row) => row.number }),
});
const chunks = fc.tuple(anOwner, aChunk).map(([of, content]): Step => (table, model) => {
  model.mergeChunk(of, content);
  return table.remote(of).merge(content);
});
const ownerGoes = anOwner.map((of): Step => (table, model) => {
  model.removeIf(isOf(of));
  return table.remote(of).removeNewest();
});

const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const step = fc.oneof(
  ...[joins, remoteOperations].map((common) => weighted(4, common)),
  ...[leaves, updates, chunks].map((usual) => weighted(2, usual)),
  ...[keyLeaves, rowsLeave, processEnds, rowUpdates, ownerGoes].map((rare) => weighted(1, rare)),
);

const idOf = (row: Stored) => `${row.pid.incarnation}:${row.number}`;
const entryOf = (row: Stored) => ({ id: idOf(row), key: row.key, pid: row.pid, value: row.value });
const byId = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entry.id, entry]));
const keySet = (keys: readonly Key[]) => keys.map(formatKey).toSorted();
const distinct = (keys: readonly Key[]) =>
  keys.filter((one, at) => keys.findIndex((other) => sameKey(other, one)) === at);
const PREFIXES: Key[][] = [[], ['k'], ['k', 'l'], ['l']];

/** All that a table can be asked. */
function readsOf(table: Table) {
  return {
    counts: [table.count, table.countLocal],
    groups: [keySet(table.groups()), keySet(table.groupsLocal())],
    // What is remembered since the last reads, before anything is made anew.
    kept: KEYS.map((k) => table.keptLookup(k()) ?? table.lookup(k())),
    lookups: KEYS.map((k) => [
      table.lookup(k()),
      table.lookupLocal(k()),
      table.members(k()),
      table.membersLocal(k()),
    ]),
    values: KEYS.map((k) => PIDS.map((p) => table.valuesOf(k(), p))),
    keys: PIDS.map((p) => keySet(table.keysOf(p))),
    prefixes: PREFIXES.map((prefix) => byId(table.selectPrefix(prefix))),
    rows: byId(table.rows().map((row) => row.entry)),
    ownPage: table.ownRowsAfter(4, 5).map((row) => row.number),
    digests: [OWN, ...OTHERS].map((owner) => table.digest(owner)),
  };
}

const of = (list: readonly Stored[], key: Key) => list.filter((row) => sameKey(row.key, key));
const by = (list: readonly Stored[], pid: Pid) => list.filter((row) => samePid(row.pid, pid));
const keysOf = (list: readonly Stored[]) => keySet(distinct(list.map((row) => row.key)));
const startsWith = (key: Key, prefix: Key[]) =>
  Array.isArray(key) && prefix.every((part, at) => part === (key as readonly Key[])[at]);

/** What they should answer. */
function readsOfModel({ rows }: NaiveTable): ReturnType<typeof readsOf> {
  const own = rows.filter((row) => row.pid.incarnation === OWN);
  return {
    counts: [rows.length, own.length],
    groups: [keysOf(rows), keysOf(own)],
    kept: KEYS.map((k) => of(rows, k()).map(entryOf)),
    lookups: KEYS.map((k) => [
      of(rows, k()).map(entryOf),
      of(own, k()).map(entryOf),
      of(rows, k()).map((row) => row.pid),
      of(own, k()).map((row) => row.pid),
    ]),
    values: KEYS.map((k) => PIDS.map((p) => by(of(rows, k()), p).map((row) => row.value))),
    keys: PIDS.map((p) => keysOf(by(rows, p))),
    prefixes: PREFIXES.map((prefix) => byId(rows.filter((row) => startsWith(row.key, prefix)).map(entryOf))),
    rows: byId(rows.map(entryOf)),
    ownPage: own
      .map((row) => row.number)
      .filter((number) => number > 4)
      .toSorted((a, b) => a - b)
      .slice(0, 5),
    digests: [OWN, ...OTHERS].map((owner) => digestOf(rows.filter((row) => row.pid.incarnation === owner))),
  };
}

function expectSameReads(table: Table, model: NaiveTable): void {
  expect(readsOf(table)).toEqual(readsOfModel(model));
}

/** Of a table that never saw anything but these rows: a digest depends on nothing else. */
function digestOf(rows: readonly Stored[]) {
  const fresh = new Table({ node: 'fresh', incarnation: 'f'.repeat(16), keys: 'duplicate' });
  if (rows[0]) fresh.remote(rows[0].pid.incarnation).merge({ from: -1, to: Infinity, at: 99, rows });
  return fresh.digest(rows[0]?.pid.incarnation ?? OWN);
}

/** What an observer keeps who began with a snapshot and only hears diffs. */
function fold(held: Map<string, unknown>, diff: Diff): void {
  for (const change of diff) {
    for (const row of change.rows) {
      expect(held.has(idOf(row))).toBe(change.kind !== 'join');
      expect(sameKey(row.key, change.key)).toBe(true);
      if (change.kind === 'leave') held.delete(idOf(row));
      else held.set(idOf(row), row.entry);
    }
    const old = change.kind === 'update' ? change.old : change.rows;
    expect(old.map(idOf)).toEqual(change.rows.map(idOf));
  }
}

it('a table agrees with the model after any operations, and its diffs are exactly the differences', () => {
  const steps = fc.array(step, { maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (operations, checkEvery) => {
      const table = new Table({ node: 'n0', incarnation: OWN, keys: 'duplicate' });
      const model = new NaiveTable();
      const held = new Map<string, unknown>();
      operations.forEach((operation, at) => {
        const diff = operation(table, model, at + 1);
        fold(held, diff);
        expect(diff.every((change) => change.rows.length > 0)).toBe(true);
        if (at % checkEvery === 0) expectSameReads(table, model);
      });
      expectSameReads(table, model);
      expect(byId(table.rows().map((row) => row.entry))).toEqual(held);
    }),
    { numRuns: runs(25) },
  );
});
