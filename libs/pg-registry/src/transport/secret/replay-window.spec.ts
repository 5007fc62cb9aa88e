import { ReplayWindow } from './replay-window';

const TAKER = {};

describe('the replay window', () => {
  it('takes each number of a session once, in any order within the last 1,024', () => {
    const window = new ReplayWindow(1000, () => 0);
    const take = (number: number): string => window.take('s', number, 0, TAKER);
    expect([5, 7, 6, 7, 5, 6].map(take)).toEqual(['new', 'new', 'new', 'replayed', 'replayed', 'replayed']);
    expect([2000, 1500, 1500, 977, 976, 7].map(take)).toEqual([
      'new',
      'new',
      'replayed',
      'new',
      'replayed',
      'replayed',
    ]);
    expect([1_000_000, 999_000, 1_000_001, 999_999].map(take)).toEqual(['new', 'new', 'new', 'new']);
  });

  it('agrees with a set of all numbers, whatever is lost, late or repeated', () => {
    let state = 1;
    const below = (limit: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % limit;
    };
    const window = new ReplayWindow(1000, () => 0);
    const seen = new Set<number>();
    let latest = 0;
    for (let step = 0; step < 20_000; step += 1) {
      const number = Math.max(1, latest + 40 - below(below(20) === 0 ? 1500 : 80));
      const isNew = !seen.has(number) && number > latest - 1024;
      expect([number, window.take('s', number, 0, TAKER)]).toEqual([number, isNew ? 'new' : 'replayed']);
      seen.add(number);
      latest = Math.max(latest, number);
    }
  });

  it('remembers at most 4,096 sessions and forgets the one that was not heard for longest', () => {
    let now = 0;
    const window = new ReplayWindow(Infinity, () => now);
    for (let session = 0; session < 4096; session += 1) {
      now += 1;
      window.take(`s${session}`, 1, now, TAKER);
    }
    now += 1;
    window.take('s0', 2, now, TAKER);
    window.take('one more', 1, now, TAKER);
    expect(window.size).toBe(4096);
    expect(window.take('s0', 2, now, TAKER)).toBe('replayed');
    expect(window.take('s1', 1, now, TAKER)).toBe('new');
  });
});
