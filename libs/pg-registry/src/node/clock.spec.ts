import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from './clock';

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
});
