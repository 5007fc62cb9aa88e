import { Bench, type Extent } from './bench';
import type { Result } from './result';

async function measured(extent: Extent): Promise<{ readonly result: Result; readonly baselines: number }> {
  const results: Result[] = [];
  let baselines = 0;
  const bench = new Bench('test', extent, (result) => results.push(result));
  let figure = 0;
  await bench.figures({
    name: 'figure',
    unit: 'µs',
    measure: () => (figure += 1),
    baseline: () => (baselines += 1),
    limits: [{ of: 'ratio', atMost: 2 }],
    rounds: 10,
  });
  return { result: results[0], baselines };
}

describe('a run of a benchmark', () => {
  it('measures its baseline and judges when it is a full one', async () => {
    const { result, baselines } = await measured('full');
    // Four rounds before the ten warm it up.
    expect(baselines).toBe(14);
    expect(result).toMatchObject({ rounds: 10, value: 9.5, baseline: 9.5, ratio: 1, ok: true });
  });

  it('takes a third of the rounds, no baseline and judges nothing when it is a brief one', async () => {
    const { result, baselines } = await measured('brief');
    expect(baselines).toBe(0);
    expect(result).toMatchObject({ rounds: 4, value: 6.5, baseline: null, ratio: null, ok: null });
  });

  it('does everything once and judges nothing when it is a quick one', async () => {
    const { result, baselines } = await measured('quick');
    expect(baselines).toBe(1);
    expect(result).toMatchObject({ rounds: 1, ratio: 1, ok: null });
  });
});
