import { InvalidArgumentError, Pid, type Value } from '../term';
import { _, $, $_, $$, compileMatch, compileSpec, rest, type Pattern } from '.';

const pid = new Pid('orders', '00000000000000aa', 1);
const samePid = new Pid('orders', '00000000000000aa', 1);

const fits = (pattern: Pattern, value: Value): boolean =>
  compileMatch(pattern).matches({ key: 'k', pid, value }, { self: pid });
const compile = (pattern: unknown) => () => compileMatch(pattern as Pattern);

describe('A literal in a pattern', () => {
  it('a literal matches the same value only: 1 is neither "1" nor 1n nor true', () => {
    for (const other of ['1', 1n, true, 2, null, [1]] satisfies Value[]) expect(fits(1, other)).toBe(false);
    expect(fits(1, 1)).toBe(true);
    expect(fits(1n, 1n)).toBe(true);
  });

  it('the literal NaN matches NaN, and -0 is 0', () => {
    expect([fits(NaN, NaN), fits(-0, 0), fits({ a: NaN }, { a: NaN }), fits({ a: -0 }, { a: 0 })]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('a literal may be null or undefined, which differ', () => {
    expect([
      fits(null, null),
      fits(undefined, undefined),
      fits(null, undefined),
      fits(undefined, null),
    ]).toEqual([true, true, false, false]);
  });

  it('a literal may be a Pid, a Date, a Map, a Set or bytes, compared by content', () => {
    expect(fits(pid, samePid)).toBe(true);
    expect(fits(pid, new Pid('orders', '00000000000000ab', 1))).toBe(false);
    expect(fits(new Date(5), new Date(5))).toBe(true);
    expect(fits(new Date(5), 5)).toBe(false);
    expect(fits(new Map([[['a'], 1]]), new Map([[['a'], 1]]))).toBe(true);
    expect(fits(new Set([1, 2]), new Set([2, 1]))).toBe(true);
    expect(fits(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
    expect(fits(new Uint8Array([1, 2]), new Int8Array([1, 2]))).toBe(false);
  });

  it('a string that looks like a symbol of the library is data', () => {
    expect([fits('_', 1), fits('$1', 1), fits('$_', '$_')]).toEqual([false, false, true]);
  });

  it('a literal is copied, so changing it afterwards changes nothing', () => {
    const day = new Date(5);
    const { matches } = compileMatch([day]);
    day.setTime(6);
    expect(matches({ key: 'k', pid, value: [new Date(5)] }, { self: pid })).toBe(true);
  });
});

describe('An array in a pattern', () => {
  it('an array matches arrays of its length, element by element', () => {
    expect([fits([], []), fits([], [1]), fits([_], [1]), fits([_], []), fits([1, _], [2, 1])]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(fits([], {})).toBe(false);
    expect(fits([_], 'a')).toBe(false);
    expect(fits([1, [2, _]], [1, [2, 3]])).toBe(true);
  });

  it('rest matches the remaining elements, as an array', () => {
    const values = [[], [1], [1, 2, 3]];
    expect(values.filter((value) => fits([_, rest()], value))).toEqual([[1], [1, 2, 3]]);
    expect(values.filter((value) => fits([1, rest([])], value))).toEqual([[1]]);
    expect(values.filter((value) => fits([_, rest([2, _])], value))).toEqual([[1, 2, 3]]);
    expect(fits([rest(_)], 'no array')).toBe(false);
  });

  it('rest is refused anywhere but at the end of an array', () => {
    expect(compile([rest(_), 1])).toThrow('pattern[0]: rest(…) is allowed only as last element of an array.');
    expect(compile(rest(_))).toThrow(InvalidArgumentError);
    expect(compile([rest(rest(_) as never)])).toThrow(InvalidArgumentError);
  });
});

describe('An object in a pattern', () => {
  it('an object matches plain objects with at least its properties, at any depth', () => {
    expect(fits({ role: 'primary' }, { role: 'primary', n: 1 })).toBe(true);
    expect(fits({ role: 'primary' }, { role: 'replica', n: 1 })).toBe(false);
    expect(fits({ a: { b: [_, { c: 1 }] } }, { a: { b: [0, { c: 1, d: 2 }], e: 3 } })).toBe(true);
    expect(fits({ a: 1, b: 2 }, { a: 1 })).toBe(false);
  });

  it('an object matches only if each property exists, even where it asks for undefined or anything', () => {
    expect([fits({ a: undefined }, {}), fits({ a: undefined }, { a: undefined })]).toEqual([false, true]);
    expect([fits({ a: _ }, {}), fits({ a: _ }, { a: undefined })]).toEqual([false, true]);
    expect([fits({ a: null }, {}), fits({ a: $(0) }, {}), fits({ a: $(0) }, { a: undefined })]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('an empty object matches every plain object, and nothing else', () => {
    const others: Value[] = [[], null, 'a', 1, pid, new Date(), new Map(), new Set(), new Uint8Array()];
    expect(others.filter((value) => fits({}, value))).toEqual([]);
    expect(fits({}, { a: 1 })).toBe(true);
  });

  it('an object does not match other kinds of values that have or inherit its properties', () => {
    const value: Value[] = [[1], 'a', pid, new Date(1), new Map([['a', 1]]), new Set([1]), new Uint8Array(1)];
    for (const name of ['length', 'size', 'byteLength', 'node', 'id', '0', 'constructor', 'toString']) {
      for (const each of value) {
        expect(fits({ [name]: _ }, each)).toBe(false);
        expect(fits({ [name]: 1 }, each)).toBe(false);
        expect(fits({ [name]: $(0) }, each)).toBe(false);
      }
      expect(fits({ [name]: $(0) }, {})).toBe(false);
      expect(fits({ [name]: 1 }, { [name]: 1 })).toBe(true);
    }
  });

  it('a pattern may be an object of another realm', () => {
    expect(fits(structuredClone({ a: 1 }), { a: 1, b: 2 })).toBe(true);
  });

  it('a pattern cannot ask for __proto__', () => {
    expect(compile(JSON.parse('{"__proto__": 1}'))).toThrow('pattern.__proto__');
  });
});

describe('A variable in a pattern', () => {
  it('a variable matches anything, and where it stands again only the same value', () => {
    expect([fits($(0), undefined), fits([$(0), $(0)], [1, 1]), fits([$(0), $(0)], [1, '1'])]).toEqual([
      true,
      true,
      false,
    ]);
    expect(fits({ a: $(3), b: [$(3)] }, { a: { x: 1 }, b: [{ x: 1 }] })).toBe(true);
    expect(fits([$(0), $(1), $(0)], [1, 2, 2])).toBe(false);
  });

  it('a variable must have a whole number ≥ 0', () => {
    for (const number of [-1, 0.5, NaN, Infinity, '1', undefined]) {
      expect(() => $(number as number)).toThrow(InvalidArgumentError);
    }
    expect(String($(12))).toBe('$(12)');
  });
});

describe('A pattern is refused', () => {
  it('a pattern with something that cannot be a value is refused, with the place', () => {
    expect(compile({ a: [1, () => 1] })).toThrow(/^pattern\.a\[1\]: .*function/);
    expect(compile({ a: Symbol('x') })).toThrow(InvalidArgumentError);
    expect(compile(new URLSearchParams('a=1'))).toThrow(/URLSearchParams/);
    expect(compile(new URL('http://a'))).not.toThrow();
  });

  it('a pattern with a symbol of guards and bodies is refused', () => {
    expect(compile([$_])).toThrow('pattern[0]: $_ is allowed only in guards and bodies.');
    expect(compile({ a: $$ })).toThrow('pattern.a: $$ is allowed only in guards and bodies.');
  });

  it('a pattern that contains itself is refused', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic, cyclic);
    expect(compile(cyclic)).toThrow('nested deeper');
  });

  it('$ and rest themselves are refused: they are no predicates', () => {
    expect(compile($)).toThrow(InvalidArgumentError);
    expect(compile(rest)).toThrow(InvalidArgumentError);
  });
});

describe('what no value can have', () => {
  const secret = Symbol('secret');

  it.each<[string, unknown]>([
    ['in an object', { [secret]: 1 }],
    ['beside other properties', { a: 1, [secret]: _ }],
    ['nested', { a: [{ [secret]: 1 }] }],
    ['in an array', Object.assign([1], { [secret]: 1 })],
  ])('refuses a property named by a symbol %s', (_where, value) => {
    expect(() => compileSpec({ head: { value } as never })).toThrow(
      /must not have a property named by a symbol \(got Symbol\(secret\)\)\. The query did not run\.$/,
    );
  });

  it('refuses symbols as parts of a head or clause, in objects that a body builds, and in quotes', () => {
    for (const spec of [
      { head: { key: 'k', [secret]: 1 } },
      { head: {}, [secret]: 1 },
      { head: {}, body: ['object', { [secret]: 1 }] },
      { head: {}, body: ['const', { a: { [secret]: 1 } }] },
      { head: {}, body: { [secret]: 1 } },
    ]) {
      expect(() => compileSpec(spec as never)).toThrow(InvalidArgumentError);
    }
  });

  it('refuses arrays with holes or with properties beside their elements', () => {
    // oxlint-disable-next-line no-sparse-arrays -- the subject of this test
    for (const value of [[, 1], Object.assign([1], { a: 1 })])
      expect(() => compileSpec({ head: { value } })).toThrow(/without holes/);
  });
});
