import { ManualTimers } from '../calls/calls.fixture';
import { LimitedWait, TimeLimits } from './time-limits';

/** Notes in a list when its time is up. */
class NotedWait extends LimitedWait {
  readonly #timers: ManualTimers;
  readonly #until: number;

  constructor(
    readonly name: string,
    ms: number,
    timers: ManualTimers,
    readonly ended: string[],
  ) {
    super();
    this.#timers = timers;
    this.#until = timers.now() + ms;
  }

  get remainingMs(): number {
    return this.#until - this.#timers.now();
  }

  timeUp(): void {
    this.ended.push(this.name);
    if (this.name === 'broken') throw new Error('broken');
  }
}

describe('TimeLimits', () => {
  let timers: ManualTimers;
  let limits: TimeLimits;
  let ended: string[];

  beforeEach(() => {
    timers = new ManualTimers();
    limits = new TimeLimits(timers);
    ended = [];
  });

  function wait(name: string, ms: number): NotedWait {
    const added = new NotedWait(name, ms, timers, ended);
    limits.add(added, ms);
    return added;
  }

  it('ends each wait when its own time is up, with one timer for those with the same limit', () => {
    wait('first', 100);
    timers.advance(30);
    wait('second', 100);
    wait('short', 20);
    expect(timers.pending).toBe(2);
    timers.advance(69);
    expect(ended).toEqual(['short']);
    timers.advance(1);
    expect(ended).toEqual(['short', 'first']);
    timers.advance(29);
    expect(ended).toEqual(['short', 'first']);
    timers.advance(1);
    expect([ended, timers.pending, limits.size]).toEqual([['short', 'first', 'second'], 0, 0]);
  });

  it('does not end a wait that was removed, wherever it stood', () => {
    const [first, , third] = [wait('first', 10), wait('second', 10), wait('third', 10)];
    limits.remove(third);
    limits.remove(first);
    limits.remove(first);
    wait('fourth', 10);
    timers.advance(10);
    expect([ended, limits.size]).toEqual([['second', 'fourth'], 0]);
  });

  it('keeps the Node.js process alive exactly while somebody waits', () => {
    const [first, second] = [wait('first', 10), wait('second', 20)];
    expect(timers.wanted).toBe(1);
    limits.remove(first);
    expect(timers.wanted).toBe(1);
    limits.remove(second);
    expect(timers.wanted).toBe(0);
    wait('third', 10);
    timers.advance(10);
    expect(timers.wanted).toBe(0);
  });

  it('ends those behind one whose end throws', () => {
    wait('broken', 10);
    wait('next', 10);
    expect(() => timers.advance(10)).toThrow('broken');
    timers.advance(1);
    expect(ended).toEqual(['broken', 'next']);
  });

  it('keeps timers for a few limits that nobody has any more, not for each that there ever was', () => {
    for (let ms = 1000; ms < 1100; ms += 1) limits.remove(wait('brief', ms));
    expect(timers.pending).toBeLessThan(20);
    limits.close();
    expect(timers.pending).toBe(0);
    limits.remove(wait('late', 500));
    expect([timers.pending, ended]).toEqual([0, []]);
  });
});
