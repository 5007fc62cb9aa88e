import { BenchError } from '../support/bench-error';
import type { Result } from '../support/result';
import { ANCHORED, parseAnchor } from './anchor';
import { anchorLines, anchorSection, compare } from './anchor-table';

const FIGURE = { system: "Erlang's pg", benchmark: 'updateValue', value: 1000, unit: '/s' } as const;

function parse(...figures: readonly unknown[]): unknown {
  return parseAnchor('anchor.json', JSON.stringify(figures));
}

function result(name: string, value: number, unit: string): Result {
  return {
    area: 'area',
    name,
    unit,
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
  };
}

describe('the file of --anchor', () => {
  it('gives its figures as they stand there, and may have none', () => {
    expect(parse(FIGURE)).toEqual([FIGURE]);
    expect(parse()).toEqual([]);
  });

  it('takes one figure of each benchmark that can be compared, from any system', () => {
    const figures = [...ANCHORED].map(([benchmark, unit]) => ({
      system: 'gproc',
      benchmark,
      value: 0.5,
      unit,
    }));
    expect(parse(...figures)).toEqual(figures);
  });

  it.each([
    ['system', '', 'system must be a name of 1 to 40 characters without \'|\' and line breaks (got "").'],
    ['system', 'a | b', 'system must be a name of 1 to 40 characters'],
    ['system', 'two\nlines', 'system must be a name of 1 to 40 characters'],
    ['system', 'x'.repeat(41), 'system must be a name of 1 to 40 characters'],
    ['system', 7, 'system must be a name of 1 to 40 characters'],
    ['benchmark', 'lookup', "benchmark must be one of 'lookup, 10,000 string keys', 'lookup, 100 members', "],
    ['benchmark', undefined, '(got nothing).'],
    ['value', '1000', 'value must be a number above 0 (got "1000").'],
    ['value', 0, 'value must be a number above 0 (got 0).'],
    ['value', -1, 'value must be a number above 0 (got -1).'],
    ['value', null, 'value must be a number above 0 (got null).'],
    ['unit', 'ms', 'unit must be \'/s\', that of the benchmark (got "ms").'],
    ['unit', undefined, "unit must be '/s', that of the benchmark (got nothing)."],
  ])('is refused for a wrong %s (%j), and the message says what is allowed', (field, value, message) => {
    const wrong = (): unknown => parse(FIGURE, { ...FIGURE, system: 'other', [field]: value });
    expect(wrong).toThrow(BenchError);
    expect(wrong).toThrow('The file of --anchor, anchor.json, figure 1: ');
    expect(wrong).toThrow(message);
    expect(wrong).toThrow('Nothing was measured.');
  });

  it('is refused for a field that no figure has, and for a second figure of one system and benchmark', () => {
    expect(() => parse({ ...FIGURE, work: 'lookup' })).toThrow(
      "figure 0: there is no field 'work', only system, benchmark, value, unit.",
    );
    expect(() => parse(FIGURE, { ...FIGURE, value: 2 })).toThrow(
      "figure 1: 'Erlang's pg' has two figures of 'updateValue'.",
    );
  });

  it.each(['', '{', '{}', '7', 'null', '[7]', '[null]', '[[]]'])('is refused if it is %j', (text) => {
    expect(() => parseAnchor('anchor.json', text)).toThrow(/must be (JSON|a list of figures|an object with)/);
  });
});

describe('figures of other systems', () => {
  const results = [result('updateValue', 2500, '/s'), result('lookup, 100 members', 10, '/s')];

  it('stand beside ours with the ratio, those of a benchmark next to each other', () => {
    const other = { ...FIGURE, system: 'gproc', value: 5000 };
    expect(compare(results, [other, FIGURE]).map(({ figure, ratio }) => [figure.system, ratio])).toEqual([
      ['gproc', 0.5],
      ["Erlang's pg", 2.5],
    ]);
    const lines = anchorLines(results, [FIGURE]);
    expect(lines.at(-1)).toMatch(/^updateValue +2500 \/s +Erlang's pg +1000 \/s +2\.50$/);
    expect(anchorSection(results, [FIGURE])).toContain(
      "| updateValue | 2500 /s | Erlang's pg | 1000 /s | 2.50 |",
    );
  });

  it('have no rows without a file, and none for benchmarks that were not run', () => {
    expect(anchorLines(results, [])).toEqual([]);
    expect(anchorSection(results, [])).toBe('');
    expect(anchorLines([results[1]], [FIGURE])).toEqual([]);
  });
});
