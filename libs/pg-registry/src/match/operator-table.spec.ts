import { Pid, type Value } from '../term';
import { $, compileSpec, EXIT, ms, type Expression } from '.';
import { OPERATORS } from './operator-table';

const pid = new Pid('orders', '00000000000000aa', 1);
const self = new Pid('here', '00000000000000bb', 2);

/** What a body comes to for a value, which is `$(0)`. */
const result = (body: Expression, value?: Value): unknown =>
  compileSpec({ head: { value: $(0) }, body }).select({ key: 'k', pid, value }, { self });
const results = (...bodies: Expression[]): unknown[] => bodies.map((body) => result(body));

describe('Operators', () => {
  it('every operator of the documentation has one builder', () => {
    const contract =
      '== != < <= > >= not and or xor andalso orelse + - * / div rem abs round trunc floor ceil min max ' +
      'band bor bxor bnot bsl bsr isString isNumber isInteger isBigInt isBoolean isNull isArray isObject isPid isBytes ' +
      'at length get has size startsWith endsWith includes node self const array object';
    expect(
      Object.values(OPERATORS)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(contract.split(' ').toSorted());
    expect(Object.keys(ms)).toEqual(Object.keys(OPERATORS));
  });

  it("the ancestors' names of exact equality, =:= and =/=, are known", () => {
    expect(results(['=:=', 1, 1], ['=:=', 1, 1n], ['=/=', 1, 1], ['=/=', 1, '1'])).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("a builder makes an array with the operator's name first", () => {
    expect([
      ms.gt($(0), 3),
      ms.sub(1),
      ms.sub(1, 2),
      ms.node(),
      ms.self(),
      ms.and(true, false, true),
    ]).toEqual([['>', $(0), 3], ['-', 1], ['-', 1, 2], ['node'], ['self'], ['and', true, false, true]]);
  });
});

describe('Arithmetic', () => {
  it('arithmetic takes two numbers or two bigints', () => {
    expect(results(ms.add(1, 2), ms.sub(1, 2), ms.mul(3, 2), ms.divide(7, 2))).toEqual([3, -1, 6, 3.5]);
    expect(results(ms.add(1n, 2n), ms.sub(1n, 2n), ms.mul(3n, 2n), ms.div(7n, 2n))).toEqual([
      3n,
      -1n,
      6n,
      3n,
    ]);
    expect(results(ms.add(5), ms.sub(5), ms.sub(5n))).toEqual([5, -5, -5n]);
  });

  it('arithmetic fails for a mixture of number and bigint, and for anything else', () => {
    expect(results(ms.add(1, 2n), ms.mul(2n, 1), ms.add('a', 'b'), ms.sub(null), ms.bsl(1n, 2))).toEqual(
      Array(5).fill(EXIT),
    );
  });

  it('div truncates toward zero, and rem has the sign of the dividend', () => {
    expect(results(ms.div(7, 2), ms.div(-7, 2), ms.div(7, -2), ms.div(-7n, 2n))).toEqual([3, -3, -3, -3n]);
    expect(results(ms.rem(7, 3), ms.rem(-7, 3), ms.rem(7, -3), ms.rem(-7n, 3n))).toEqual([1, -1, 1, -1n]);
    expect(result(ms.div(Number.MAX_SAFE_INTEGER, 2))).toBe((Number.MAX_SAFE_INTEGER - 1) / 2);
  });

  it('division by zero, div and rem of fractions, and / of bigints fail', () => {
    const zero = [ms.divide(1, 0), ms.div(1, 0), ms.rem(1, 0), ms.div(1n, 0n), ms.rem(1n, 0n)];
    expect(results(...zero, ms.div(1.5, 1), ms.rem(1, 0.5), ms.divide(4n, 2n))).toEqual(Array(8).fill(EXIT));
  });

  it('round rounds half away from zero', () => {
    expect(results(ms.round(2.5), ms.round(-2.5), ms.round(2.4), ms.round(-0.5), ms.round(3n))).toEqual([
      3,
      -3,
      2,
      -1,
      3n,
    ]);
    expect(results(ms.trunc(-2.5), ms.floor(-2.5), ms.ceil(-2.5), ms.abs(-2.5), ms.abs(-2n))).toEqual([
      -2,
      -3,
      -2,
      2.5,
      2n,
    ]);
  });

  it('arithmetic never gives -0, which no stored value is', () => {
    const zeros = [
      ms.mul(0, -1),
      ms.rem(-4, 2),
      ms.div(-1, 2),
      ms.round(-0.2),
      ms.ceil(-0.5),
      ms.sub(0),
      ms.add(-0),
    ];
    expect(results(...zeros, ms.divide(0, -5))).toEqual(Array(8).fill(0));
  });
});

describe('Bits', () => {
  it('bit operators take integers beyond 32 bits, also negative ones', () => {
    expect(results(ms.band(12, 10), ms.bor(12, 10), ms.bxor(12, 10), ms.bnot(5))).toEqual([8, 14, 6, -6]);
    expect(results(ms.band(2 ** 40 + 1, 2 ** 40 + 2), ms.bor(2 ** 40, 1), ms.bxor(-1, 2 ** 40))).toEqual([
      2 ** 40,
      2 ** 40 + 1,
      -1 - 2 ** 40,
    ]);
    expect(results(ms.band(-1n, 2n ** 70n), ms.bnot(2n ** 70n))).toEqual([2n ** 70n, -(2n ** 70n) - 1n]);
  });

  it('a negative number of places shifts bits the other way', () => {
    expect(results(ms.bsl(5, 2), ms.bsl(20, -2), ms.bsr(20, 2), ms.bsr(5, -2))).toEqual([20, 5, 5, 20]);
    expect(results(ms.bsr(-5, 1), ms.bsr(-1, 5000), ms.bsl(0, 5000), ms.bsl(1, 40))).toEqual([
      -3,
      -1,
      0,
      2 ** 40,
    ]);
    expect(results(ms.bsl(1n, 70n), ms.bsl(2n ** 70n, -70n), ms.bsr(1n, 10n ** 30n))).toEqual([
      2n ** 70n,
      1n,
      0n,
    ]);
  });

  it('bit operators fail for fractions, and where the result would be inexact or huge', () => {
    expect(
      results(
        ms.band(1.5, 1),
        ms.bnot(0.5),
        ms.bsl(1, 53),
        ms.bsl(1, 0.5),
        ms.bsl(1n, 65_537n),
        ms.bsr(1n, -(10n ** 20n)),
      ),
    ).toEqual(Array(6).fill(EXIT));
  });
});

describe('Type tests', () => {
  it('type tests tell the kinds apart', () => {
    const examples: Record<string, Value[]> = {
      isString: ['', 'a'],
      isNumber: [1, 1.5, NaN, Infinity],
      isBigInt: [1n],
      isBoolean: [true, false],
      isNull: [null],
      isArray: [[], [1]],
      isObject: [{}, { a: 1 }],
      isPid: [pid],
      isBytes: [new Uint8Array(1), new ArrayBuffer(1), new Float64Array(1)],
      none: [undefined, new Date(0), new Map(), new Set()],
    };
    for (const [kind, values] of Object.entries(examples)) {
      for (const value of values) {
        const tests = Object.keys(examples).filter(
          (test) => test !== 'none' && result([test, $(0)], value) === true,
        );
        expect(tests).toEqual(kind === 'none' ? [] : [kind]);
      }
    }
    expect(results(ms.isInteger(1), ms.isInteger(1.5), ms.isInteger(1n), ms.isInteger('1'))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('Access', () => {
  it('at reads arrays by index from 0, negative from the end, and fails outside', () => {
    const at = (index: Expression) => result(ms.at($(0), index), ['a', 'b']);
    expect([at(0), at(1), at(-1), at(-2)]).toEqual(['a', 'b', 'b', 'a']);
    expect([at(2), at(-3), at(0.5), at('0'), result(ms.at('text', 0))]).toEqual(Array(5).fill(EXIT));
  });

  it('get reads properties of plain objects, and fails where there is none', () => {
    const value = { a: 1, b: undefined };
    expect([result(ms.get($(0), 'a'), value), result(ms.get($(0), 'b'), value)]).toEqual([1, undefined]);
    expect([result(ms.get($(0), 'c'), value), result(ms.get($(0), 'toString'), value)]).toEqual([EXIT, EXIT]);
    expect([result(ms.get($(0), 'node'), pid), result(ms.get($(0), 'length'), [1])]).toEqual([EXIT, EXIT]);
  });

  it('has tells whether a plain object has a property, and fails for anything else', () => {
    expect([result(ms.has($(0), 'a'), { a: 1 }), result(ms.has($(0), 'a'), {})]).toEqual([true, false]);
    expect(result(ms.has($(0), 'a'), [1])).toBe(EXIT);
    const guarded = compileSpec({ head: { value: $(0) }, guards: [ms.not(ms.has($(0), 'a'))] });
    const values: Value[] = [{ b: 1 }, { a: 1 }, 'no object', [1], null];
    expect(
      values.filter((value) => typeof guarded.select({ key: 'k', pid, value }, { self }) === 'object'),
    ).toEqual([{ b: 1 }]);
  });

  it('length and size count elements, units, properties and bytes', () => {
    expect([
      result(ms.length($(0)), [1, 2]),
      result(ms.length($(0)), 'abc'),
      result(ms.length($(0)), {}),
    ]).toEqual([2, 3, EXIT]);
    const sizes: Value[] = [
      { a: 1 },
      [1, 2],
      new Map([[1, 2]]),
      new Set([1, 2, 3]),
      new Uint16Array(2),
      'abc',
      5,
    ];
    expect(sizes.map((value) => result(ms.size($(0)), value))).toEqual([1, 2, 1, 3, 4, EXIT, EXIT]);
  });

  it('startsWith, endsWith and includes look into strings, arrays and Sets', () => {
    expect(results(ms.startsWith('abc', 'ab'), ms.endsWith('abc', 'ab'), ms.includes('abc', 'b'))).toEqual([
      true,
      false,
      true,
    ]);
    expect([
      result(ms.includes($(0), ms.const([2])), [1, [2]]),
      result(ms.includes($(0), ms.const([2])), new Set<Value>([1, [2]])),
      result(ms.includes($(0), 3), [1, [2]]),
    ]).toEqual([true, true, false]);
    expect(
      results(ms.startsWith(1, '1'), ms.endsWith('a', null), ms.includes('1', 1), ms.includes(null, 1)),
    ).toEqual(Array(4).fill(EXIT));
  });

  it('self and node give the process that runs the query, and the nodes of pids', () => {
    expect(results(ms.self(), ms.node())).toEqual([self, 'here']);
    expect([result(ms.node($(0)), pid), result(ms.node($(0)), 'orders')]).toEqual(['orders', EXIT]);
  });
});
