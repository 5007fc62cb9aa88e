import { SharedTurns } from './shared-turns';

describe('SharedTurns', () => {
  let now: number;
  let next: (() => void)[];
  let errors: unknown[];
  let done: string[];
  let turns: SharedTurns;
  beforeEach(() => {
    now = 0;
    next = [];
    errors = [];
    done = [];
    turns = new SharedTurns({
      timers: { now: () => now, afterTurn: (run) => (next.push(run), () => undefined) },
      onError: (error) => errors.push(error),
    });
  });

  /** Ends the turn. Returns what was done in the next one. */
  function turn(): string[] {
    const [before, due] = [done.length, next];
    next = [];
    for (const run of due) run();
    return done.slice(before);
  }
  const step =
    (name: string, ms = 4) =>
    (): void => {
      done.push(name);
      now += ms;
    };

  it('are 10 ms in one turn, and the other steps follow in the next ones, in order', () => {
    for (let i = 1; i <= 8; i += 1) turns.run('a', step(`${i}`));
    expect(done).toEqual(['1', '2', '3']);
    expect([turn(), turn(), turn(), turn()]).toEqual([['4', '5', '6'], ['7', '8'], [], []]);
    turns.run('a', step('9'));
    expect(done.at(-1)).toBe('9');
  });

  it('do one step at least, however long each takes', () => {
    for (let i = 1; i <= 3; i += 1) turns.run('a', step(`${i}`, 100));
    expect([done.slice(), turn(), turn(), turn()]).toEqual([['1'], ['2'], ['3'], []]);
  });

  it('are 4 MB in one turn, of those that say what they make or send', () => {
    const large = (name: string): void =>
      turns.run('a', () => {
        done.push(name);
        turns.count(1_500_000);
      });
    for (let i = 1; i <= 8; i += 1) large(`${i}`);
    expect([done.slice(), turn(), turn(), turn()]).toEqual([
      ['1', '2', '3'],
      ['4', '5', '6'],
      ['7', '8'],
      [],
    ]);
    turns.count(5_000_000);
    turns.run('a', step('9'));
    expect([done.length, turn()]).toEqual([8, ['9']]);
  });

  it('are shared among the nodes', () => {
    for (let i = 1; i <= 6; i += 1) turns.run('a', step(`a${i}`));
    turns.run('b', step('b1'));
    turns.run('b', step('b2'));
    expect([turn(), turn()]).toEqual([
      ['a4', 'b1', 'a5'],
      ['b2', 'a6'],
    ]);
  });

  it('are done one after the other for a node while they take no millisecond together, before the next node has its turn', () => {
    for (let i = 1; i <= 6; i += 1) turns.run('a', step(`a${i}`));
    for (let i = 1; i <= 12; i += 1) turns.run('b', step(`b${i}`, 0.1));
    expect(turn()).toEqual([
      'a4',
      ...Array.from({ length: 10 }, (_, at) => `b${at + 1}`),
      'a5',
      'b11',
      'b12',
      'a6',
    ]);
  });

  it('are not done before what they are held by is over, and no turn is spent on asking', async () => {
    let end!: () => void;
    let held: Promise<void> | undefined;
    turns = new SharedTurns({
      timers: { now: () => now, afterTurn: (run) => (next.push(run), () => undefined) },
      onError: (error) => errors.push(error),
      hold: () => held,
    });
    for (let i = 1; i <= 4; i += 1) turns.run('a', step(`${i}`));
    held = new Promise((resolve) => (end = resolve));
    expect([turn(), next]).toEqual([[], []]);
    turns.run('b', step('5'));
    expect([done.length, turns.take()]).toEqual([3, false]);
    held = undefined;
    end();
    await Promise.resolve();
    expect(done).toEqual(['1', '2', '3', '4', '5']);
  });

  it('leave no step behind that came while others waited', () => {
    for (let i = 1; i <= 4; i += 1) turns.run('a', step(`${i}`));
    turn();
    turns.run('a', step('5'));
    turns.run('a', step('6'));
    turns.run('a', step('7'));
    turn();
    expect(done).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('forget a step that is dropped', () => {
    const [steps, unwanted] = [[1, 2, 3].map((i) => step(`${i}`)), step('unwanted')];
    for (const each of [...steps, unwanted, step('last')]) turns.run('a', each);
    turns.drop('a', unwanted);
    turns.drop('b', unwanted);
    expect(turn()).toEqual(['last']);
  });

  it('go on after a step that throws', () => {
    const failure = new Error('step');
    for (let i = 1; i <= 3; i += 1) turns.run('a', step(`${i}`));
    turns.run('a', () => {
      throw failure;
    });
    turns.run('a', step('last'));
    expect([turn(), errors]).toEqual([['last'], [failure]]);
  });

  it('take items of a walk when their turn has come, as steps of their own', () => {
    const items = ['1', '2', '3', '4', '5', '6'];
    turns.each('a', items.values(), (item) => step(item)());
    expect(done).toEqual(['1', '2', '3']);
    items.pop();
    turns.run('b', step('b1'));
    expect([turn(), turn(), turn()]).toEqual([['4', 'b1', '5'], [], []]);
  });

  it('let steps of others in between the items of a walk', () => {
    turns.each('a', Array.from({ length: 9 }, (_, at) => `a${at + 1}`).values(), (item) => step(item)());
    for (let i = 1; i <= 4; i += 1) turns.run('b', step(`b${i}`));
    expect([turn(), turn()]).toEqual([
      ['a4', 'b1', 'a5'],
      ['b2', 'a6', 'b3'],
    ]);
  });

  it('give room to a step that the caller does at once, if nobody waits', () => {
    expect([turns.take(), done]).toEqual([true, []]);
    now += 10;
    expect(turns.take()).toBe(false);
    turns.run('a', step('waits'));
    expect(turn()).toEqual(['waits']);
    expect(turns.take()).toBe(true);
  });

  it('do a step in a later turn, also while this one has room', () => {
    turns.later('a', step('late'));
    expect([done.slice(), turns.take()]).toEqual([[], false]);
    expect(turn()).toEqual(['late']);
  });

  describe('with a number of steps for each turn', () => {
    beforeEach(() => {
      turns = new SharedTurns({
        timers: { now: () => now, afterTurn: (run) => (next.push(run), () => undefined) },
        onError: (error) => errors.push(error),
        mostPerTurn: 2,
      });
    });

    it('do no more than that, however little time they take', () => {
      for (let i = 1; i <= 5; i += 1) turns.run('a', step(`${i}`, 0));
      expect([done.slice(), turn(), turn(), turn()]).toEqual([['1', '2'], ['3', '4'], ['5'], []]);
    });

    it('count each item of a walk, and each step that the caller does', () => {
      expect(turns.take()).toBe(true);
      turns.each('a', ['1', '2', '3', '4'].values(), (item) => step(item, 0)());
      expect([done.slice(), turn(), turn(), turn()]).toEqual([['1'], ['2', '3'], ['4'], []]);
    });

    it('have the time for a bound as well', () => {
      for (let i = 1; i <= 2; i += 1) turns.run('a', step(`${i}`, 10));
      expect([done.slice(), turn()]).toEqual([['1'], ['2']]);
    });
  });
});
