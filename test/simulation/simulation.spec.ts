import { drawScript, play } from './history';

const FIXED_SEEDS = 24;
const RANDOM_SEEDS = 4;
const STEPS = 200;

jest.setTimeout(120_000);

/** How a history ended, with how it came to that; empty if nothing was broken. */
function faultOf(seed: number): string {
  const { violation, story } = play(drawScript(seed, STEPS));
  if (violation === undefined) return '';
  const again = `npm run simulate -- --seed ${seed} --steps ${STEPS}`;
  return [...story.slice(-40), violation.message, again].join('\n');
}

describe('no history breaks an invariant', () => {
  it('of the fixed ones', () => {
    for (let seed = 1; seed <= FIXED_SEEDS; seed += 1) expect(faultOf(seed)).toBe('');
  });

  it('of some that nobody has seen before', () => {
    const first = Math.floor(Math.random() * 2 ** 30);
    for (let seed = first; seed < first + RANDOM_SEEDS; seed += 1) expect(faultOf(seed)).toBe('');
  });
});

describe('a history', () => {
  it('plays the same every time', () => {
    const script = drawScript(7, 100);
    const [once, again] = [play(script), play(script)];
    expect(once.story).toEqual(again.story);
    expect(once.changes).toBe(again.changes);
    expect(once.changes).toBeGreaterThan(0);
  });
});
