import fc from 'fast-check';
import { Pid, sameKey, samePid, type Key, type Value } from '../term';
import { Table, type Diff, type RemoteOperation, type SyncChunk } from '.';

/*
 * A table against the plainest model of its documentation: one array, walked by loops. Whatever the operations, local and
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
  () => ({ a: 1, b: 'x' }),
  () => new Pid('n0', OWN, 1),
];

interface Stored {
  readonly number: number;
  readonly key: Key;
  readonly pid: Pid;
  readonly value: Value;
  readonly revision: number;
}

/** The rows in lookup order. */
class NaiveTable {
  rows: Stored[] = [];

  add(row: Stored): void {
    const later = this.rows.filter((other) => sameOwnerAndKey(other, row) && other.number > row.number);
    const successor = later.sort((a, b) => a.number - b.number)[0];
    this.rows.splice(successor === undefined ? this.rows.length : this.rows.indexOf(successor), 0, row);
  }

  find(owner: string, number: number): Stored | undefined {
    return this.rows.find((row) => row.pid.incarnation === owner && row.number === number);
  }

  remove(row: Stored): void {
    this.rows = this.rows.filter((other) => other !== row);
  }

  update(old: Stored, value: Value, revision: number): void {
    this.rows = this.rows.map((row) => (row === old ? { ...old, value, revision } : row));
  }

  newest(key: Key, pid: Pid): Stored | undefined {
    const rows = this.rows.filter((row) => sameKey(row.key, key) && samePid(row.pid, pid));
    return rows.sort((a, b) => b.number - a.number)[0];
  }

  applyRemote(owner: string, { number: revision, groups }: RemoteOperation, cursor: number): void {
    for (const group of groups) {
      if (group.kind === 'join') {
        for (const { number, pid, value } of group.entries) {
          if (number > cursor || pid.incarnation !== owner || this.find(owner, number)) continue;
          this.add({ number, key: group.key, pid, value, revision });
        }
        continue;
      }
      const entries =
        group.kind === 'leave' ? group.numbers.map((number) => ({ number, value: null })) : group.entries;
      for (const { number, value } of entries) {
        const row = number <= cursor ? this.find(owner, number) : undefined;
        if (row && group.kind === 'leave') this.remove(row);
        else if (row) this.update(row, value, revision);
      }
    }
  }

  mergeChunk(owner: string, { from, to, at, rows }: SyncChunk): void {
    const listed = rows.filter(
      (row) => row.number > from && row.number <= to && row.pid.incarnation === owner,
    );
    for (const row of this.rows.filter(
      ({ pid, number }) => pid.incarnation === owner && number > from && number <= to,
    )) {
      if (row.revision > at) continue;
      const theirs = listed.find(({ number }) => number === row.number);
      if (theirs && sameKey(theirs.key, row.key) && samePid(theirs.pid, row.pid)) {
        if (theirs.revision !== row.revision) this.update(row, theirs.value, theirs.revision);
      } else this.remove(row);
    }
    for (const row of listed) if (!this.find(owner, row.number)) this.add(row);
  }
}

const sameOwnerAndKey = (a: Stored, b: Stored) =>
  a.pid.incarnation === b.pid.incarnation && sameKey(a.key, b.key);

/** One operation, done to both. */
type Step = (table: Table, model: NaiveTable, revision: number) => Diff;

const key = fc.integer({ min: 0, max: KEYS.length - 1 }).map((at) => KEYS[at]!);
const pid = fc.constantFrom(...PIDS);
const ownPids = fc.array(fc.constantFrom(...PIDS.slice(0, 3)), { maxLength: 4 });
const value = fc.nat(9);
const number = fc.nat(40);
const owner = fc.constantFrom(...OTHERS);

/** Own entries get rising numbers, apart from one another by more than one: others may use these numbers, too. */
function numbersAfter(model: NaiveTable): { next(): number } {
  let last = Math.max(0, ...model.rows.filter((row) => row.pid.incarnation === OWN).map((row) => row.number));
  return { next: () => (last += 3) };
}

const leaves = (model: NaiveTable, rows: readonly (Stored | undefined)[]) =>
  rows.forEach((row) => row && model.remove(row));

const ownStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(key, ownPids, value).map(([k, pids, v]): Step => (table, model, revision) => {
      const diff = table.join(k(), pids, v, numbersAfter(model), revision);
      const numbers = numbersAfter(model);
      for (const p of pids) model.add({ number: numbers.next(), key: k(), pid: p, value: v, revision });
      return diff;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, fc.array(pid, { maxLength: 4 })).map(([k, pids]): Step => (table, model) => {
      for (const p of pids) if (p.incarnation === OWN) leaves(model, [model.newest(k(), p)]);
      return table.leave(k(), pids);
    }),
  },
  {
    weight: 1,
    arbitrary: key.map((k): Step => (table, model) => {
      leaves(
        model,
        model.rows.filter((row) => row.pid.incarnation === OWN && sameKey(row.key, k())),
      );
      return table.leaveKey(k());
    }),
  },
  {
    weight: 1,
    arbitrary: fc.array(number, { maxLength: 3 }).map((numbers): Step => (table, model) => {
      leaves(
        model,
        numbers.map((n) => model.find(OWN, n)),
      );
      return table.leaveRows(numbers);
    }),
  },
  {
    weight: 1,
    arbitrary: pid.map((p): Step => (table, model) => {
      if (p.incarnation === OWN)
        leaves(
          model,
          model.rows.filter((row) => samePid(row.pid, p)),
        );
      return table.leaveProcess(p);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, pid).map(([k, p]): Step => (table, model, revision) => {
      for (const row of model.rows) {
        if (p.incarnation === OWN && samePid(row.pid, p) && sameKey(row.key, k()))
          model.update(row, [row.value], revision);
      }
      return table.update(k(), p, (old) => [old], revision);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(number, value).map(([n, v]): Step => (table, model, revision) => {
      const row = model.find(OWN, n);
      if (row) model.update(row, v, revision);
      return table.updateRow(n, v, revision);
    }),
  },
);

const remoteGroup = fc.oneof(
  fc.record({
    kind: fc.constant('join' as const),
    key: key.map((k) => k()),
    entries: fc.array(fc.record({ number, pid, value }), { maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant('leave' as const), numbers: fc.array(number, { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('update' as const),
    entries: fc.array(fc.record({ number, value }), { maxLength: 3 }),
  }),
);
const cursor = fc.oneof(fc.constant(Infinity), number);
const syncRow = fc.record({ number, key: key.map((k) => k()), pid, value, revision: fc.nat(60) });

const remoteStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(OWN, ...OTHERS), fc.array(remoteGroup, { maxLength: 3 }), cursor).map(
    ([from, groups, upTo]): Step => (table, model, revision) => {
      if (from !== OWN) model.applyRemote(from, { number: revision, groups }, upTo);
      return table.applyRemote(from, { number: revision, groups }, upTo);
    }) },
  { weight: 3, arbitrary: fc.tuple(owner, number, cursor, fc.nat(60), fc.uniqueArray(syncRow, { selector: (row) => row.number })).map(
    ([of, from, to, at, rows]): Step => (table, model) => {
      model.mergeChunk(of, { from, to, at, rows });
      return table.mergeChunk(of, { from, to, at, rows });
    }) },
  { weight: 1, arbitrary: owner.map((of): Step => (table, model) => {
    leaves(model, model.rows.filter((row) => row.pid.incarnation === of));
    return table.removeOwner(of);
  }) },
); // prettier-ignore

const idOf = (row: Stored) => `${row.pid.incarnation}:${row.number}`;
const entryOf = (row: Stored) => ({ id: idOf(row), key: row.key, pid: row.pid, value: row.value });
const distinct = (keys: readonly Key[]) =>
  keys.filter((one, at) => keys.findIndex((other) => sameKey(other, one)) === at);

function expectSameReads(table: Table, { rows }: NaiveTable): void {
  const own = rows.filter((row) => row.pid.incarnation === OWN);
  expect([table.count, table.countLocal]).toEqual([rows.length, own.length]);
  expect(new Set(table.groups())).toEqual(new Set(distinct(rows.map((row) => row.key))));
  expect(new Set(table.groupsLocal())).toEqual(new Set(distinct(own.map((row) => row.key))));
  expect(new Set(table.rows().map((row) => row.entry))).toEqual(new Set(rows.map(entryOf)));
  for (const k of KEYS) {
    const here = rows.filter((row) => sameKey(row.key, k()));
    const ownHere = here.filter((row) => own.includes(row));
    expect(table.lookup(k())).toEqual(here.map(entryOf));
    expect(table.lookupLocal(k())).toEqual(ownHere.map(entryOf));
    expect(table.members(k())).toEqual(here.map((row) => row.pid));
    expect(table.membersLocal(k())).toEqual(ownHere.map((row) => row.pid));
    for (const p of PIDS) {
      expect(table.valuesOf(k(), p)).toEqual(
        here.filter((row) => samePid(row.pid, p)).map((row) => row.value),
      );
    }
  }
  for (const p of PIDS) {
    expect(new Set(table.keysOf(p))).toEqual(
      new Set(distinct(rows.filter((row) => samePid(row.pid, p)).map((row) => row.key))),
    );
  }
  for (const prefix of [[], ['k'], ['k', 'l'], ['l']]) {
    const below = rows.filter(
      ({ key: k }) => Array.isArray(k) && prefix.every((part, at) => part === (k as Key[])[at]),
    );
    expect(new Set(table.selectPrefix(prefix))).toEqual(new Set(below.map(entryOf)));
  }
  for (const of of [OWN, ...OTHERS]) {
    const theirs = rows.filter((row) => row.pid.incarnation === of).sort((a, b) => a.number - b.number);
    expect(theirs.map((row) => table.rowByNumber(of, row.number)?.revision)).toEqual(
      theirs.map((row) => row.revision),
    );
    if (of === OWN)
      expect(table.ownRowsAfter(4, 5).map(idOf)).toEqual(
        theirs
          .filter((row) => row.number > 4)
          .slice(0, 5)
          .map(idOf),
      );
    // The same rows in another table that never saw anything else: digests depend on nothing but them.
    const fresh = new Table({ node: 'fresh', incarnation: 'f'.repeat(16), keys: 'duplicate' });
    fresh.mergeChunk(of, { from: -1, to: Infinity, at: 99, rows: theirs.toReversed() });
    expect(table.digest(of)).toEqual(fresh.digest(of));
    if (theirs.length > 0) {
      fresh.applyRemote(
        of,
        { number: 99, groups: [{ kind: 'update', entries: [{ number: theirs[0]!.number, value: 0 }] }] },
        Infinity,
      );
      expect(table.digest(of)).not.toEqual(fresh.digest(of));
    }
  }
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
    if (change.kind === 'update') expect(change.old.map(idOf)).toEqual(change.rows.map(idOf));
  }
}

it('agrees with the model after any operations, and its diffs are exactly the differences', () => {
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: ownStep }, { weight: 2, arbitrary: remoteStep }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (operations, checkEvery) => {
      const table = new Table({ node: 'n0', incarnation: OWN, keys: 'duplicate' });
      const model = new NaiveTable();
      const held = new Map<string, unknown>();
      operations.forEach((step, at) => {
        const diff = step(table, model, at + 1);
        fold(held, diff);
        expect(diff.every((change) => change.rows.length > 0)).toBe(true);
        expect(new Map(table.rows().map((row) => [idOf(row), row.entry]))).toEqual(held);
        if (at % checkEvery === 0) expectSameReads(table, model);
      });
      expectSameReads(table, model);
    }),
    { numRuns: 150 },
  );
});
