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

  describe('of more changes in a second than it keeps', () => {
    const MOST = 100_000;

    /** Writes so many changes of one key. */
    function write(journal: Journal, changes: number, scope = 'pg'): void {
      const diff = joins()('key');
      for (let i = 0; i < changes; i += 1) journal.record(scope, diff, 'call');
    }

    it('keeps 100,000, and of the others how many there were and when', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST / 2);
      endTurn();
      now = 1400;
      write(journal, MOST / 2);
      expect(journal.changes(99).map(({ number, type }) => [number, type])).toEqual(
        Array.from({ length: 10 }, (_, at) => [MOST - at, 'join']),
      );
      write(journal, 3);
      endTurn();
      now = 1900;
      write(journal, 4);
      const changes = journal.changes(99);
      expect(changes[0]).toEqual({
        number: MOST + 1,
        at: 1400,
        type: 'omitted',
        scope: 'pg',
        key: undefined,
        keyText: '',
        pid: '',
        node: '',
        entries: 7,
        revision: 0,
        cause: '7 changes within 500 ms were too many to keep',
      });
      expect(changes.slice(1).map(({ number }) => number)).toEqual(
        Array.from({ length: 10 }, (_, at) => MOST - at),
      );
      expect(journal.number).toBe(MOST + 7);
    });

    it('shows what it left out in its place, also where somebody asks for one key', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST + 5);
      journal.note('peer-up', 'b', '');
      endTurn();
      now = 2000;
      write(journal, 2);
      const shown = [
        [MOST + 8, 'join'],
        [MOST + 7, 'join'],
        [MOST + 1, 'omitted'],
        [MOST, 'join'],
      ];
      expect(journal.changes(4).map(({ number, type }) => [number, type])).toEqual(shown);
      expect(journal.changes(4, 'pg', 'key').map(({ number, type }) => [number, type])).toEqual(shown);
      expect(journal.changes(2).map(({ number }) => number)).toEqual([MOST + 8, MOST + 7]);
      expect(journal.changes(9, 'pg', 'another key')).toMatchObject([
        { cause: '5 changes at once were too many to keep' },
      ]);
    });

    it('says of each scope what it left out', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST);
      for (const scope of ['pg', 'another', 'pg']) write(journal, 2, scope);
      expect(journal.changes(2).map(({ scope, entries }) => [scope, entries])).toEqual([
        ['another', 2],
        ['pg', 4],
      ]);
      expect(journal.changes(99, 'another')).toMatchObject([{ number: MOST + 3, entries: 2 }]);
    });

    it('sees by the counts of the scopes what it leaves out until the turn is over', () => {
      const journal = new Journal(10, clock);
      const counts = ['pg', 'another', 'quiet'].map((scope) => ({ scope, changes: 7 }));
      for (const count of counts) journal.begin(count);
      write(journal, MOST);
      expect(journal.isOn).toBe(true);
      write(journal, 1);
      expect(journal.isOn).toBe(false);
      counts[0].changes += 3;
      expect(journal.number).toBe(MOST + 4);
      counts[0].changes += 2;
      counts[1].changes += 2;
      journal.end(counts[1]);
      counts[1].changes += 1000;
      endTurn();
      expect(journal.isOn).toBe(true);
      counts[0].changes += 1000;
      expect(journal.changes(2).map(({ scope, entries }) => [scope, entries])).toEqual([
        ['another', 2],
        ['pg', 6],
      ]);
      expect(journal.number).toBe(MOST + 8);
    });

    it('leaves out the rest of an operation on more keys', () => {
      const journal = new Journal(10, clock);
      const [change] = joins()('key');
      write(journal, MOST - 2);
      journal.record('pg', [change, change, change, change, change], 'peer');
      expect(journal.changes(3)).toMatchObject([
        { type: 'omitted', entries: 3 },
        { number: MOST, cause: 'peer' },
        { number: MOST - 1, cause: 'peer' },
      ]);
    });

    it('keeps changes again when the clock was set back', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST + 1);
      endTurn();
      now = 10;
      write(journal, 1);
      expect(journal.changes(2)).toMatchObject([{ number: MOST + 2, at: 10 }, { type: 'omitted' }]);
    });

    it('forgets that it left some out when it has forgotten all that came before', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST + 1);
      endTurn();
      now = 2000;
      write(journal, 9);
      expect(journal.changes(99).map(({ type }) => type)).toContain('omitted');
      write(journal, 1);
      expect(journal.changes(99).map(({ type }) => type)).not.toContain('omitted');
    });

    it('keeps as many as fit into a larger journal', () => {
      const journal = new Journal(MOST + 5, clock);
      write(journal, MOST + 6);
      expect(journal.changes(1)).toMatchObject([{ type: 'omitted', entries: 1 }]);
      expect(journal.changes(2 * MOST).length).toBe(MOST + 6);
    });

    it('keeps all while somebody follows, and tells them of each', () => {
      const journal = new Journal(10, clock);
      write(journal, MOST + 1);
      const heard: number[] = [];
      const end = journal.tap((change) => heard.push(change().number));
      write(journal, MOST + 1);
      expect([heard.length, heard[0], heard.at(-1)]).toEqual([MOST + 1, MOST + 2, 2 * MOST + 2]);
      expect(journal.changes(99).map(({ type }) => type)).not.toContain('omitted');
      end();
      write(journal, MOST + 3);
      expect(journal.changes(2)).toMatchObject([
        { type: 'omitted', entries: 3 },
        { number: 3 * MOST + 2, type: 'join' },
      ]);
    });
  });

  it('does not keep the values of entries alive', () => {
    const journal = new Journal(3, clock);
    journal.record('pg', joins()('key'), 'call');
    expect(JSON.stringify(journal.changes(9))).not.toContain('a value');
  });
});
