import type { Diff } from '../table';
import { OwnWrites } from '../table/own-writes';
import { Indexes } from '../table/indexes';
import type { Key } from '../term';
import { Pid } from '../term/pid';
import { Journal } from './journal';

describe('the journal', () => {
  const pid = new Pid('a', '0000000000000001', 1);
  let now = 1000;
  let turnEnds: (() => void)[] = [];
  let reads = 0;
  const clock = {
    wall: () => {
      reads += 1;
      return now;
    },
    afterTurn: (fn: () => void) => turnEnds.push(fn),
  };
  const endTurn = (): void => turnEnds.splice(0).forEach((fn) => fn());

  beforeEach(() => {
    now = 1000;
    reads = 0;
    turnEnds = [];
  });

  /** Diffs of one table, as a scope makes them. */
  function joins(): (key: Key) => Diff {
    const writes = new OwnWrites(new Indexes(pid.incarnation), 'a', 'duplicate');
    const numbers = { last: 0 };
    return (key) => writes.join(key, [pid], 'a value', numbers, numbers.last + 1);
  }

  it('keeps the latest changes in order, each in the place of the oldest one once it is full', () => {
    const journal = new Journal(3, clock);
    const join = joins();
    for (let i = 1; i <= 2; i += 1) journal.record('pg', join(`key ${i}`), 'call');
    expect(journal.changes(9).map(({ keyText }) => keyText)).toEqual(["'key 2'", "'key 1'"]);
    for (let i = 3; i <= 7; i += 1) journal.record('pg', join(`key ${i}`), 'call');
    expect(journal.changes(9)).toMatchObject([
      {
        number: 7,
        keyText: "'key 7'",
        type: 'join',
        cause: 'call',
        entries: 1,
        revision: 7,
        pid: 'a/0000000000000001/1',
      },
      { number: 6, keyText: "'key 6'" },
      { number: 5, keyText: "'key 5'" },
    ]);
    expect(journal.changes(9, 'pg', 'key 6')).toHaveLength(1);
    expect(journal.changes(9, 'another')).toEqual([]);
  });

  it.each([
    // Each of them less than a piece of the ring, just as many, some pieces and a part, and more than are written.
    [200, 1000],
    [1024, 2500],
    [1500, 5000],
    [20_000, 2000],
  ])('keeps exactly %i of %i changes, with what else happened in between', (capacity, written) => {
    const journal = new Journal(capacity, clock);
    const join = joins();
    const expected: unknown[][] = [];
    for (let i = 1; i <= written; i += 1) {
      const [scope, cause] = [`scope ${i % 3}`, i % 7 === 0 ? 'peer' : 'call'] as const;
      if (i % 10 === 0) journal.note('peer-up', 'b', '');
      now += i % 2;
      if (i % 5 === 0) endTurn();
      journal.record(scope, join(`key ${i}`), cause);
      const turn = i < 5 ? 1001 : 1000 + Math.ceil((i - (i % 5)) / 2);
      expected.unshift([i + Math.floor(i / 10), turn, scope, `'key ${i}'`, i, cause]);
    }
    const shown = journal
      .changes(2 * written)
      .map(({ number, at, scope, keyText, revision, cause }) => [
        number,
        at,
        scope,
        keyText,
        revision,
        cause,
      ]);
    expect(shown).toEqual(expected.slice(0, capacity));
    expect(journal.changes(3).length).toBe(3);
    const ofScope = expected.slice(0, capacity).filter(([, , scope]) => scope === 'scope 1');
    expect(journal.changes(2 * written, 'scope 1').length).toBe(ofScope.length);
  });

  it('tells the processes of several nodes apart that change something in one turn', () => {
    const journal = new Journal(9, clock);
    const numbers = { last: 0 };
    const joinOf = (process: Pid): Diff =>
      new OwnWrites(new Indexes(process.incarnation), process.node, 'duplicate').join(
        'key',
        [process],
        1,
        numbers,
        7,
      );
    const b = new Pid('b', '0000000000000002', 2 ** 40);
    // The same name, in another life.
    const again = new Pid('b', '0000000000000003', 5);
    for (const process of [pid, b, again, b, pid]) journal.record('pg', joinOf(process), 'peer');
    expect(journal.changes(9).map((change) => [change.pid, change.node])).toEqual(
      [pid, b, again, b, pid].map(({ node, incarnation, id }) => [`${node}/${incarnation}/${id}`, node]),
    );
  });

  it('tells how many entries of a key changed at once', () => {
    const journal = new Journal(3, clock);
    const writes = new OwnWrites(new Indexes(pid.incarnation), 'a', 'duplicate');
    const others = [2, 3].map((id) => new Pid('a', pid.incarnation, id));
    journal.record('pg', writes.join('room', [pid, ...others], 1, { last: 0 }, 1), 'call');
    expect(journal.changes(1)).toMatchObject([{ type: 'join', entries: 3, revision: 1 }]);
  });

  it("keeps no key of a peer that takes more memory than 4 KB, and each of this node's own", () => {
    const journal = new Journal(10, clock);
    const join = joins();
    const [long, wide] = ['x'.repeat(100_000), Array.from({ length: 100 }, () => [1])];
    journal.record('pg', join('short'), 'peer');
    for (const key of [long, wide]) journal.record('pg', join(key), 'sync');
    journal.record('pg', join(long), 'call');
    const [own, second, first, short] = journal.changes(9);
    expect([own.keyText.slice(0, 3), short.keyText]).toEqual(["'xx", "'short'"]);
    for (const { keyText, type, pid: process } of [first, second])
      expect([keyText, type, process]).toEqual([
        "'(a key of more than 4096 bytes)'",
        'join',
        'a/0000000000000001/1',
      ]);
    expect(journal.changes(9, 'pg', long)).toHaveLength(1);
  });

  it('asks for the time once in a turn of the event loop', () => {
    const journal = new Journal(10, clock);
    const join = joins();
    journal.record('pg', join('one'), 'call');
    now = 2000;
    journal.record('pg', join('two'), 'call');
    expect([reads, turnEnds.length]).toEqual([1, 1]);
    endTurn();
    journal.record('pg', join('three'), 'call');
    expect(journal.changes(9).map(({ at }) => at)).toEqual([2000, 1000, 1000]);
  });

  it('tells those who follow, and keeps nothing, if it has no room', () => {
    const journal = new Journal(0, clock);
    expect(journal.isOn).toBe(false);
    const seen: string[] = [];
    const end = journal.tap((change) => seen.push(change().keyText));
    expect(journal.isOn).toBe(true);
    const join = joins();
    for (const key of ['one', 'two', 'three']) journal.record('pg', join(key), 'call');
    expect(seen).toEqual(["'one'", "'two'", "'three'"]);
    expect(journal.changes(9)).toEqual([]);
    end();
    expect(journal.isOn).toBe(false);
  });

  it('does not keep the values of entries alive', () => {
    const journal = new Journal(3, clock);
    journal.record('pg', joins()('key'), 'call');
    expect(JSON.stringify(journal.changes(9))).not.toContain('a value');
  });
});
