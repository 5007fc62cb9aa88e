import * as fc from 'fast-check';
import { Pid, type Value } from '../term';
import { $, compileSpec, type MatchRow } from '.';

const pid = new Pid('orders', '00000000000000aa', 1);
const rowOf = (value: Value): MatchRow => ({ key: 'k', pid, value });
const pagesOf = (values: readonly Value[]) => [
  { rows: values.slice(0, 2).map(rowOf), values: values.slice(0, 2) },
  { rows: values.slice(2).map(rowOf), values: values.slice(2) },
];

describe('the sieve of a spec', () => {
  const names = fc.constantFrom(
    'kind',
    'load',
    '"]; throw 1; //',
    '__defineGetter__',
    'length',
    '0',
    '\u2028',
    '',
  );
  const leaf = fc.constantFrom<Value>('a', 0, -0, NaN, 1n, true, null, undefined);
  const value = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 2 }),
    fc.dictionary(names, leaf, { maxKeys: 3, noNullPrototype: true }),
  );
  const pattern = fc.dictionary(names, fc.oneof(leaf, fc.constant($(0))), {
    maxKeys: 3,
    noNullPrototype: true,
  });

  it('a sieve lets through every row that matches, in order, and only these where it decides, and counts them', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), pattern, (values, asked) => {
        const spec = compileSpec({ head: { value: asked }, body: true });
        const pages = pagesOf(values);
        const rows = pages.flatMap((page) => page.rows);
        const kept = spec.sieve?.keep(pages) ?? rows;
        const matching = rows.filter((row) => spec.counts(row, { self: pid }));
        expect(rows.filter((row) => kept.includes(row))).toEqual(kept);
        expect(spec.sieve?.count(pages) ?? rows.length).toBe(kept.length);
        expect(spec.sieveDecides ? kept : kept.filter((row) => matching.includes(row))).toEqual(matching);
      }),
      { numRuns: 500 },
    );
  });

  it('a sieve decides only where the query asks for nothing else', () => {
    const only = { value: { kind: 'a', load: 1 } };
    expect(compileSpec({ head: only, body: true }).sieveDecides).toBe(true);
    expect(compileSpec({ head: only }).sieveDecides).toBe(false);
    expect(compileSpec({ head: only, guards: [false], body: true }).sieveDecides).toBe(false);
    expect(compileSpec({ head: { ...only, key: 'k' }, body: true }).sieveDecides).toBe(false);
    expect(compileSpec({ head: { value: { kind: 'a', load: $(0) } }, body: true }).sieveDecides).toBe(false);
    expect(compileSpec({ head: { value: {} }, body: true }).sieve).toBeUndefined();
    expect(
      compileSpec([
        { head: only, body: true },
        { head: {}, body: true },
      ]).sieve,
    ).toBeUndefined();
  });

  it('a sieve keeps the rows of all pages that have every property', () => {
    const pages = pagesOf([{ a: 1, b: 'x' }, { a: 1 }, null, 'a', { a: 1, b: 'x', c: 2 }, [1]]);
    const { sieve } = compileSpec({ head: { value: { a: 1, b: 'x' } }, body: true });
    expect(sieve!.keep(pages)).toEqual([rowOf({ a: 1, b: 'x' }), rowOf({ a: 1, b: 'x', c: 2 })]);
  });
});
