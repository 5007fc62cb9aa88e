import 'reflect-metadata';
import { CALLS_PER_SECOND, IN_FLIGHT, NAMES, RollingRestart } from './rolling-restart';

describe('a rolling restart of three nodes under load', () => {
  let restart: RollingRestart;

  beforeAll(async () => (restart = await RollingRestart.start({ how: 'drain' })));
  afterAll(() => restart[Symbol.asyncDispose]());

  test('no call fails during a rolling restart of three nodes under load', async () => {
    const { load, visitor } = restart;
    await restart.run();

    expect(load.failures).toEqual([]);
    expect(load.answers.length).toBeGreaterThan(3 * CALLS_PER_SECOND);
    expect(load.mostInFlight).toBeGreaterThanOrEqual(IN_FLIGHT / 2);
    // Each name has answered in two incarnations: calls went on through all restarts.
    expect([...new Set(load.answers)].map((answer) => answer.split(' ')[0]).toSorted()).toEqual(
      [...NAMES, ...NAMES].toSorted(),
    );
    expect(visitor.removals().map(({ reason }) => reason)).toEqual(NAMES.map(() => 'goodbye'));
  });
});
