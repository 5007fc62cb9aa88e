import { SeededRandom } from '../../support/seeded-random';
import { intervalOf } from './interval';

/** Ratios that scatter around another as the product of many small causes does. */
function scatter(around: number, count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => {
    const sum = Array.from({ length: 12 }, random).reduce((total, each) => total + each, 0);
    return around * Math.exp((sum - 6) * 0.2);
  });
}

describe('the interval of a ratio', () => {
  it('has the same place for twice as much as for half as much', () => {
    const { mean, low, high } = intervalOf([2, 0.5, 1])!;
    expect(mean).toBeCloseTo(1);
    expect(low * high).toBeCloseTo(1);
  });

  it("is Student's, of the logarithms", () => {
    // Mean 0 and standard deviation 1 of three logarithms: 4.303 / √3 to each side.
    const { low, high } = intervalOf([Math.exp(-1), 1, Math.exp(1)])!;
    expect(Math.log(high)).toBeCloseTo(2.484, 3);
    expect(Math.log(low)).toBeCloseTo(-2.484, 3);
  });

  it.each([3, 6, 12])('has the true ratio in it 95 times of 100, from %i rounds', (rounds) => {
    const random = new SeededRandom(rounds).next;
    const tries = 4000;
    let hits = 0;
    for (let i = 0; i < tries; i += 1) {
      const { low, high } = intervalOf(scatter(0.8, rounds, random))!;
      if (low <= 0.8 && 0.8 <= high) hits += 1;
    }
    expect(hits / tries).toBeGreaterThan(0.94);
    expect(hits / tries).toBeLessThan(0.96);
  });

  it('is a point when all rounds agree', () => {
    const { mean, low, high } = intervalOf([1.25, 1.25, 1.25])!;
    for (const each of [mean, low, high]) expect(each).toBeCloseTo(1.25);
  });

  it('is none from one round, or from a ratio that is no positive number', () => {
    for (const ratios of [[], [1], [1, 0, 1], [1, -1, 1], [1, Number.NaN, 1], [1, Infinity, 1]])
      expect(intervalOf(ratios)).toBeUndefined();
  });
});
