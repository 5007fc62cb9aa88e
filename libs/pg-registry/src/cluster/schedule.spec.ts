import * as fc from 'fast-check';
import { Schedule } from './schedule';
import { Throttle } from './throttle';

describe('a schedule', () => {
  it('a schedule gives out names in the order of their moments, each once, and no earlier', () => {
    const schedule = new Schedule<string>();
    schedule.set('late', 30);
    schedule.set('soon', 10);
    schedule.set('moved', 5);
    schedule.set('moved', 20);
    schedule.set('gone', 1);
    schedule.set('gone', Infinity);
    schedule.hasten('late', 40);
    expect(schedule.next()).toBe(10);
    expect(schedule.takeDue(9)).toBeUndefined();
    expect([schedule.takeDue(30), schedule.takeDue(30), schedule.takeDue(30), schedule.takeDue(30)]).toEqual([
      'soon',
      'moved',
      'late',
      undefined,
    ]);
  });

  it('a schedule agrees with a plain map of moments, however often moments move', () => {
    const step = fc.record({
      name: fc.nat(9),
      at: fc.option(fc.nat(99), { nil: Infinity }),
      take: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const schedule = new Schedule<number>();
        const model = new Map<number, number>();
        for (const { name, at, take } of steps) {
          schedule.set(name, at);
          if (at === Infinity) model.delete(name);
          else model.set(name, at);
          expect(schedule.next()).toBe(Math.min(Infinity, ...model.values()));
          if (!take) continue;
          const taken = schedule.takeDue(50);
          const due = [...model].filter(([, moment]) => moment <= 50);
          expect(taken === undefined).toBe(due.length === 0);
          if (taken === undefined) continue;
          expect(model.get(taken)).toBe(Math.min(...due.map(([, moment]) => moment)));
          model.delete(taken);
        }
        expect(schedule.size).toBe(model.size);
      }),
    );
  });
});

describe('a throttle', () => {
  it('a throttle lets a key through once per interval, and remembers no more keys than its limit', () => {
    const throttle = new Throttle<string>(100, 2);
    expect([
      throttle.pass('a', 0),
      throttle.pass('a', 99),
      throttle.pass('b', 99),
      throttle.pass('a', 100),
    ]).toEqual([true, false, true, true]);
    throttle.pass('c', 100);
    expect([throttle.pass('b', 101), throttle.pass('c', 101)]).toEqual([true, false]);
  });
});
