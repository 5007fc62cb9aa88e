import { setImmediate as turn } from 'node:timers/promises';
import { guardedClock, systemClock } from './clock';

describe('the system clock', () => {
  it('waits as long as Node.js can instead of firing at once, and without a warning, for a timer of 2^31 ms or more', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', onWarning);
    let fired = 0;
    const cancels = [2 ** 31, 2 ** 53, Infinity].map((ms) => systemClock.setTimer(ms, () => (fired += 1)));
    await new Promise((resolve) => systemClock.setTimer(5, () => resolve(undefined)));
    await turn();
    process.off('warning', onWarning);
    for (const cancel of cancels) cancel();
    expect([fired, warnings]).toEqual([0, []]);
  });

  it('keeps the Node.js process alive until it was told as often that nobody wants that as that somebody does', () => {
    const holding = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = holding();
    for (const isWanted of [true, true, false]) systemClock.stayAlive(isWanted);
    expect(holding()).toBe(before + 1);
    systemClock.stayAlive(false);
    expect(holding()).toBe(before);
    systemClock.stayAlive(true);
    expect(holding()).toBe(before + 1);
    systemClock.stayAlive(false);
  });

  it('reports what the callback of a timer of a guarded clock throws', async () => {
    const errors: unknown[] = [];
    const clock = guardedClock(systemClock, (error) => errors.push(error));
    const fail = (): never => {
      throw new Error('broken');
    };
    clock.setTimer(0, fail);
    clock.afterTurn(fail);
    await new Promise((resolve) => clock.setTimer(5, () => resolve(undefined), { keepAlive: true }));
    expect(errors).toEqual([new Error('broken'), new Error('broken')]);
  });
});
