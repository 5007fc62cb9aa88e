import { drawScenario, runScenario, type Scenario } from './scenario';
import { REGRESSIONS } from './regressions';

const FIXED_SEEDS = 24;
const RANDOM_SEEDS = 4;
const STEPS = 200;
const HOSTILE_SEED = 15;

jest.setTimeout(120_000);

/** How a history ended, with how it came to that; empty if nothing was broken. */
function faultOf(scenario: Scenario): string {
  const { violation, story } = runScenario(scenario);
  if (violation === undefined) return '';
  const again = `npm run simulate -- --seed ${scenario.seed} --steps ${STEPS}`;
  return [...story.slice(-40), violation.message, again].join('\n');
}

describe('no history breaks an invariant', () => {
  it('of the fixed ones', () => {
    for (let seed = 1; seed <= FIXED_SEEDS; seed += 1) expect(faultOf(drawScenario(seed, STEPS))).toBe('');
  });

  it('of some that nobody has seen before', () => {
    const first = Math.floor(Math.random() * 2 ** 30);
    for (let seed = first; seed < first + RANDOM_SEEDS; seed += 1)
      expect(faultOf(drawScenario(seed, STEPS))).toBe('');
  });
});

describe('no invariant is broken any more when', () => {
  it.each(Object.entries(REGRESSIONS))('%s', (_what, scenario) => expect(faultOf(scenario)).toBe(''));
});

describe('a history', () => {
  it('in which a peer has been taken over is full of frames that are refused', () => {
    const scenario = drawScenario(HOSTILE_SEED, STEPS);
    expect(scenario.config.isHostile).toBe(true);
    const { violation, refused } = runScenario(scenario);
    expect(violation).toBeUndefined();
    expect(refused).toBeGreaterThan(100);
  });

  it('plays the same every time', () => {
    const scenario = drawScenario(7, 100);
    const [once, again] = [runScenario(scenario), runScenario(scenario)];
    expect(once.story).toEqual(again.story);
    expect(once.changes).toBe(again.changes);
    expect(once.changes).toBeGreaterThan(0);
  });
});
