import { readPage } from '../../support/code-blocks';
import { drawCurve } from './curve';
import { listMissed, remarkOn, takeRemarks } from './notes';
import { missedBy, type Result, targetText, times, verdict } from './result';
import { median, spread } from './statistics';

const NOTES = `## How

- words

## Why

- \`reads, *\`, \`writes\`: memory is
  far away. Next: to fetch it.
- \`calls\`: they wait. Next: not to.

## Then

- more words
`;

function result(given: Partial<Result>): Result {
  return {
    area: 'area',
    name: 'name',
    unit: '/s',
    value: 1,
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

function point(at: number, value: number, baseline: number | null): Result {
  return result({ value, baseline, point: { curve: 'c', along: 'peers', at, baseline: 'a Map' } });
}

/** The places of the dots of each line, in the order in which they are joined. */
function linesOf(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
    points.split(' ').map((place) => place.split(',').map(Number)),
  );
}

describe('the report of the benchmarks', () => {
  it('joins the points of a curve from left to right, in whatever order they were measured', () => {
    const [line] = linesOf(drawCurve('c', [point(1000, 5, null), point(1, 2, null), point(10, 3, null)]));
    const xs = line.map(([x]) => x);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
    expect(xs).toHaveLength(3);
  });

  it('draws the baseline as a line of its own, on the same axes', () => {
    const [baseline, here] = linesOf(drawCurve('c', [point(1, 2, 2), point(10, 30, 3)]));
    expect(baseline[0]).toEqual(here[0]);
    expect(baseline[1][1]).toBeGreaterThan(here[1][1]);
  });

  it('leaves a baseline of nothing out: a logarithmic axis has no zero', () => {
    const svg = drawCurve('c', [point(1, 2, 0), point(10, 30, 0)]);
    expect(linesOf(svg)).toHaveLength(1);
    expect(svg).not.toContain('NaN');
  });

  it('says by how much the limit is missed that is missed most', () => {
    const limits = [
      { of: 'ratio', atLeast: 0.5 },
      { of: 'value', atLeast: 100 },
    ] as const;
    expect(missedBy(limits, 120, 0.6)).toBe(0);
    expect(missedBy(limits, 90, 0.25)).toBe(0.5);
    expect(missedBy([{ of: 'value', atMost: 20 }], 25, null)).toBe(0.25);
    expect(targetText(limits)).toBe('≥ 0.5 × and ≥ 100');
    expect(verdict(result({ ok: false, missedBy: 0.25 }))).toBe('missed by 25 %');
    expect(verdict(result({ ok: false, missedBy: 0.001 }))).toBe('missed by 1 %');
    expect(verdict(result({ ok: true, missedBy: 0 }))).toBe('met');
  });

  it('takes the remarks out of the notes and leaves the rest as it is', () => {
    const { rest, remarks } = takeRemarks(NOTES, 'Why');
    expect(rest).toBe('## How\n\n- words\n\n## Then\n\n- more words\n');
    expect(remarks.map(({ names }) => names)).toEqual([['reads, *', 'writes'], ['calls']]);
    expect(remarkOn('reads, 100 keys', remarks)).toBe('memory is\nfar away. Next: to fetch it.');
  });

  it('lists what is missed under what holds it, and nothing that is met', () => {
    const { remarks } = takeRemarks(NOTES, 'Why');
    const missed = { ok: false, missedBy: 0.1 } as const;
    const listed = listMissed(
      [
        result({ name: 'reads, 1', ...missed }),
        result({ name: 'calls', ok: true, missedBy: 0 }),
        result({ name: 'writes', ...missed }),
      ],
      remarks,
    );
    expect(listed).toBe(
      '- **reads, 1** (missed by 10 %), **writes** (missed by 10 %): memory is\n  far away. Next: to fetch it.',
    );
  });

  it('is not made while a missed target has no reason', () => {
    const { remarks } = takeRemarks(NOTES, 'Why');
    const results = [result({ name: 'new', ok: false, missedBy: 0.1 })];
    expect(() => listMissed(results, remarks)).toThrow("says nothing of 'new'");
    expect(() => takeRemarks(NOTES, 'Whence')).toThrow("no section 'Whence'");
    expect(() => takeRemarks('## Why\n\n- nameless\n', 'Why')).toThrow('No names in backticks');
  });

  it('is not made while a reason names no next step', () => {
    const { remarks } = takeRemarks('## Why\n\n- `calls`: they wait.\n', 'Why');
    expect(() => listMissed([], remarks)).toThrow("The remark on 'calls' has no next step");
  });

  it('takes the notes of this repository: each of their reasons has names and a next step', () => {
    const notes = readPage('docs/performance-notes.md');
    const { remarks } = takeRemarks(notes, 'Why targets are missed');
    expect(remarks.length).toBeGreaterThan(10);
    expect(listMissed([], remarks)).toBe('None is missed.');
    expect(takeRemarks(notes, 'What the curves say').remarks.length).toBeGreaterThan(5);
  });

  it('counts the middle half of the rounds, so that one outlier changes nothing', () => {
    expect(median([1, 100, 2, 3, 2])).toBe(2);
    expect(median([1, 2])).toBe(1.5);
    expect(spread([2, 2, 2, 2, 1000])).toBe(0);
    expect(times(0.0021)).toBe('0.0021');
    expect(times(12.345)).toBe('12.35');
  });
});
