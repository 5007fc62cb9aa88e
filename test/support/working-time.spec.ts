import { WorkingTime } from './working-time.cjs';

const MINUTE = 60_000;

describe('the time limit of npm test', () => {
  it('counts time in full as long as there is a core for everybody', () => {
    const time = new WorkingTime(2);
    for (const load of [0, 0.1, 2]) time.add(MINUTE, load);
    expect(time.ms).toBe(3 * MINUTE);
  });

  it('grows with the load of the machine, and says so', () => {
    const time = new WorkingTime(2);
    time.add(30 * MINUTE, 8);
    time.add(2 * MINUTE, 0);
    expect(time.ms).toBe(9.5 * MINUTE);
    expect(String(time)).toBe('32.0 minutes with a load of 7.5 on 2 cores, which count as 9.5');
  });
});
