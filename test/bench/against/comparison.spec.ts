import type { Result } from '../support/result';
import { addRounds, compare, type Findings, type Round } from './comparison';
import { areaLine, comparisonLines, summary } from './comparison-table';

function result(value: number, given: Partial<Result> = {}): Result {
  return {
    area: 'reads',
    name: 'lookup',
    unit: '/s',
    value,
    baseline: null,
    ratio: null,
    target: null,
    ok: null,
    missedBy: null,
    rounds: 1,
    spread: { value: 0, ratio: null },
    load: 1,
    point: null,
    ...given,
  };
}

/** Rounds of one figure. */
function rounds(here: readonly number[], there: readonly number[], given: Partial<Result> = {}): Round[] {
  return here.map((value, round) => ({
    here: [result(value, given)],
    there: [result(there[round], given)],
  }));
}

function verdictOf(here: readonly number[], there: readonly number[], unit: string): unknown {
  return compare(rounds(here, there, { unit }), 10).compared[0].verdict;
}

function text({ compared, onlyHere, onlyThere }: Findings): string {
  return comparisonLines({ compared, onlyHere, onlyThere }).join('\n').replaceAll(/ {2,}/g, ' | ');
}

describe('the comparison of two commits', () => {
  it('is worse when its whole interval costs more than 10 % more, in time as well as in rates', () => {
    expect(verdictOf([12, 12.1, 11.9], [10, 10, 10], 'µs')).toBe('worse');
    expect(verdictOf([80, 81, 79], [100, 100, 100], 'calls/s')).toBe('worse');
    expect(verdictOf([12, 12.1, 11.9], [10, 10, 10], 'calls/s')).toBe('better');
    expect(verdictOf([80, 81, 79], [100, 100, 100], 'B/entry')).toBe('better');
  });

  it('has held when its whole interval costs less than 10 % more, also if it surely costs more', () => {
    expect(verdictOf([10.5, 10.5, 10.51], [10, 10, 10], 'µs')).toBe('held');
    expect(verdictOf([10, 10.01, 10], [10, 10, 10], 'calls/s')).toBe('held');
  });

  it('judges by another tolerance when it is given one', () => {
    const verdictWithin = (within: number): unknown =>
      compare(rounds([10.4, 10.41, 10.4], [10, 10, 10], { unit: 'µs' }), within).compared[0].verdict;
    expect([verdictWithin(5), verdictWithin(2)]).toEqual(['held', 'worse']);
    const { compared } = compare(rounds([2, 2, 2], [1, 1, 1], { unit: 's' }), 2);
    expect(summary(compared, 2)).toBe('1 figure compared: 1 worse by more than 2 %, 0 better, 0 unclear.');
  });

  it('draws the line in the same place for a time as for the rate that is its inverse', () => {
    // 1 / 1.1 is 0.909.
    expect(verdictOf([0.905, 0.905, 0.905], [1, 1, 1], '/s')).toBe('worse');
    expect(verdictOf([0.915, 0.915, 0.915], [1, 1, 1], '/s')).toBe('held');
  });

  it('is unclear when the interval reaches beyond 10 % without being there as a whole', () => {
    expect(verdictOf([10, 15, 8], [10, 10, 10], 'µs')).toBe('unclear');
    expect(verdictOf([10, 15, 8], [10, 10, 10], '/s')).toBe('unclear');
  });

  it('compares the figures of one round with each other, so that moods of the machine that last longer cancel', () => {
    expect(verdictOf([12, 24, 6], [10, 20, 5], 'µs')).toBe('worse');
  });

  it('adds rounds to those of an earlier comparison, and judges by all of them', () => {
    const [earlier, later] = [
      compare(rounds([10, 20], [10, 10]), 10).compared,
      compare(
        [...rounds([10, 10], [10, 10])].map(({ here, there }) => ({
          here: [...here, result(7, { name: 'new' })],
          there: [...there, result(7, { name: 'new' })],
        })),
        10,
      ).compared,
    ];
    const all = addRounds([...earlier, { ...earlier[0], area: 'writes' }], later, 10);
    expect(all.map(({ area, name, here, verdict }) => [area, name, here, verdict])).toEqual([
      ['reads', 'lookup', [10, 20, 10, 10], 'unclear'],
      ['writes', 'lookup', [10, 20], 'unclear'],
      ['reads', 'new', [7, 7], 'held'],
    ]);
    expect(all[0].ratio?.mean).toBeCloseTo(2 ** 0.25);
    // What a file says of a figure that lacked in a round.
    const [gap] = addRounds(JSON.parse(JSON.stringify([{ ...earlier[0], here: [NaN, 1] }])), later, 10);
    expect([gap.ratio, gap.verdict]).toEqual([null, 'unclear']);
  });

  it('finds no ratio where a figure is 0 or lacks in a round, and calls that unclear', () => {
    const [{ ratio, verdict }] = compare(rounds([1, 0, 1], [1, 1, 1]), 10).compared;
    expect([ratio, verdict]).toEqual([null, 'unclear']);
    const [first, ...others] = rounds([1, 1, 1], [1, 1, 1]);
    expect(compare([{ ...first, there: [] }, ...others], 10).compared[0].verdict).toBe('unclear');
  });

  it('judges nothing in a quick run', () => {
    const { compared } = compare(rounds([1, 1, 1], [2, 2, 2]), undefined);
    expect(compared[0].verdict).toBeNull();
    expect(compared[0].ratio?.mean).toBeCloseTo(0.5);
    expect(summary(compared, 10)).toBe('1 figure compared. A quick run judges none of them.');
  });

  it('names the figures that only one side has, and takes one of another unit for another figure', () => {
    const round: Round = {
      here: [result(1), result(2, { name: 'new' }), result(3, { name: 'sync', unit: 'ms' })],
      there: [result(1), result(2, { name: 'old' }), result(3, { name: 'sync', unit: 's' })],
    };
    const findings = compare([round, round, round], 10);
    expect(findings.compared.map(({ name }) => name)).toEqual(['lookup']);
    expect(text(findings)).toBe(
      ['lookup', 'new', 'sync', 'old', 'sync']
        .map(
          (name, line) =>
            `${name} | ${['1 /s | 1 /s | 1.00 | 1.00 … 1.00', '2 /s | –', '3 ms | –', '– | 2 /s', '– | 3 s'][line]}`,
        )
        .join('\n'),
    );
  });

  it('shows the median of both sides, the ratio, its interval and what stands out', () => {
    const findings = compare(rounds([12, 12.1, 11.9], [10, 10, 10], { unit: 'µs' }), 10);
    expect(text(findings)).toBe('lookup | 12 µs | 10 µs | 1.20 | 1.18 … 1.23 | WORSE');
  });

  it('says what all figures of an area cost together, rates the other way round', () => {
    const { compared } = compare(
      [
        {
          here: [result(50), result(4, { name: 'took', unit: 'ms' })],
          there: [result(100), result(2, { name: 'took', unit: 'ms' })],
        },
        {
          here: [result(25), result(2, { name: 'took', unit: 'ms' })],
          there: [result(100), result(2, { name: 'took', unit: 'ms' })],
        },
      ],
      10,
    );
    const stall = { ...compared[1], name: 'stall', here: [0, 1], ratio: null };
    expect(areaLine('reads', [...compared, stall])[0].replaceAll(/ {2,}/g, ' | ')).toBe(
      'all of reads, as a cost | 2.00 | 2.00 … 2.00',
    );
    expect(areaLine('reads', [compared[0], stall])).toEqual([]);
  });

  it('sums up what it found, and says what helps where it is unclear', () => {
    const worse = compare(rounds([2, 2, 2], [1, 1, 1], { unit: 's' }), 10).compared;
    const unclear = compare(rounds([1, 2, 1], [1, 1, 1], { unit: 's' }), 10).compared;
    expect(summary(worse, 10)).toBe('1 figure compared: 1 worse by more than 10 %, 0 better, 0 unclear.');
    expect(summary([...worse, ...unclear], 10)).toContain(
      '0 better, 1 unclear. What is unclear may be worse by more than 10 %: more --rounds or a quieter machine tell.',
    );
  });
});
