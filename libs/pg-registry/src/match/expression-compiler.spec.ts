import { InvalidArgumentError, Pid, type Value } from '../term';
import { _, $, $_, $$, compileMatch, compileSpec, EXIT, ms, rest, type Expression } from '.';

const pid = new Pid('orders', '00000000000000aa', 1);
const self = new Pid('here', '00000000000000bb', 2);
const context = { self };

/** What a body comes to for a value, which is `$(0)`. */
const result = (body: Expression, value: Value = null): unknown =>
  compileSpec({ head: { value: $(0) }, body }).select({ key: 'k', pid, value }, context);
const results = (...bodies: Expression[]): unknown[] => bodies.map((body) => result(body));
/** Whether a guard passes for a value, which is `$(0)`. */
const passes = (guard: Expression, value: Value = null): boolean =>
  compileMatch($(0), [guard]).matches({ key: 'k', pid, value }, context);
const compile = (guard: unknown) => () => compileMatch($(0), [guard as Expression]);

describe('Guards', () => {
  it('a guard passes only if its result is exactly true', () => {
    const values: Value[] = [true, 1, 'x', 'true', [true], {}, false, null];
    expect(values.filter((value) => passes($(0), value))).toEqual([true]);
    expect([passes(true), passes(1), passes('x')]).toEqual([true, false, false]);
  });

  it('a guard fails the row if any part of it fails, whatever the rest gives', () => {
    const failing = ms.div(1, 0);
    expect(passes(ms.eq(failing, failing))).toBe(false);
    expect(passes(ms.not(ms.isNumber(failing)))).toBe(false);
    expect(passes(ms.ne(failing, 1))).toBe(false);
    expect(passes(ms.isArray(ms.array(failing)))).toBe(false);
    expect(passes(ms.isObject(ms.object({ a: failing })))).toBe(false);
    expect(passes(ms.or(true, ms.lt(failing, 1)))).toBe(false);
  });

  it('a row matches only if all guards pass', () => {
    const both = compileMatch({ n: $(0) }, [ms.gt($(0), 3), ms.lt($(0), 8)]);
    expect([1, 5, 10].filter((n) => both.matches({ key: 'k', pid, value: { n } }, context))).toEqual([5]);
  });

  it('guards must be a list of expressions', () => {
    expect(() => compileMatch(_, ['>', 1, 2])).toThrow("write [['>', …]]");
    expect(() => compileMatch(_, ms.gt(1, 2))).toThrow(InvalidArgumentError);
    expect(() => compileMatch(_, { 0: true } as never)).toThrow(
      'guards must be an array of expressions (got an object)',
    );
  });
});

describe('Bodies', () => {
  it('a body has EXIT in the place of a call that fails, and goes on with it', () => {
    const failing = ms.add('a', 1);
    expect(result(failing)).toBe(EXIT);
    expect(result(ms.array($(0), failing), 5)).toEqual([5, EXIT]);
    expect(result(ms.object({ a: 1, b: ms.array(failing) }))).toEqual({ a: 1, b: [EXIT] });
    expect(result(ms.add(failing, 1))).toBe(EXIT);
    expect(result(ms.isNumber(failing))).toBe(false);
    expect(result(ms.eq(failing, ms.div(1, 0)))).toBe(true);
    expect(results(ms.lt(failing, 1), ms.max(1, failing), ms.not(failing), ms.at(failing, 0))).toEqual(
      Array(4).fill(EXIT),
    );
  });

  it('a body can compare arrays that contain EXIT', () => {
    expect(result(ms.eq(ms.array(ms.div(1, 0)), ms.array(1)))).toBe(false);
    expect(typeof result(ms.lt(ms.array(ms.div(1, 0)), ms.array(1)))).toBe('boolean');
  });

  it('a body may be a literal, also a plain object', () => {
    expect(results('a', 1, 1n, true, null, { a: [1] })).toEqual(['a', 1, 1n, true, null, { a: [1] }]);
    expect(result(pid)).toBe(pid);
    expect(result(new Date(5))).toEqual(new Date(5));
  });

  it('const quotes calls, undefined and even symbols of the library', () => {
    const variable = $(0);
    expect(results(['const', ['+', 1, 2]], ms.const(['a', ['b']]))).toEqual([
      ['+', 1, 2],
      ['a', ['b']],
    ]);
    expect(result(['const', undefined])).toBeUndefined();
    expect(result(['const', variable], 5)).toBe(variable);
    expect(result(['const', [_, { a: $_ }]])).toEqual([_, { a: $_ }]);
  });

  it('a body can build arrays and objects from expressions', () => {
    expect(result(ms.array('literal', $(0), ms.add($(0), 1)), 1)).toEqual(['literal', 1, 2]);
    expect(result(ms.object({ value: $(0), more: ms.object({}) }), 1)).toEqual({ value: 1, more: {} });
    expect(result(ms.array())).toEqual([]);
  });

  it('a body gives a new array or object for each row, so the caller may change it', () => {
    const spec = compileSpec({ head: {}, body: ms.array(1) });
    const row = { key: 'k', pid, value: 1 };
    expect(spec.select(row, context)).not.toBe(spec.select(row, context));
    expect(compileSpec({ head: {} }).select(row, context)).not.toBe(row);
  });
});

describe('Comparison', () => {
  it('== is strict: it tells 1 from "1" and 1n, and != is its opposite', () => {
    expect(results(ms.eq(1, 1), ms.eq(1, '1'), ms.eq(1, 1n), ms.eq(NaN, NaN), ms.eq(0, -0))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(result(ms.eq($(0), ms.const([1, { a: 2 }])), [1, { a: 2 }])).toBe(true);
    expect(result(ms.ne($(0), 'a'), 'a')).toBe(false);
  });

  it('comparison orders values of all kinds: numbers < null < false < true < Pid < array < object < string < bytes', () => {
    const ascending: Expression[] = [
      1,
      null,
      false,
      true,
      pid,
      ms.array(),
      ms.object({}),
      '',
      new Uint8Array(),
    ];
    for (const [i, low] of ascending.slice(0, -1).entries()) {
      expect(results(ms.lt(low, ascending[i + 1]), ms.gte(low, ascending[i + 1]))).toEqual([true, false]);
    }
  });

  it('comparison orders numbers and bigints by value', () => {
    expect(results(ms.lt(1, 2n), ms.gt(2n, 1.5), ms.lt(10n, 9))).toEqual([true, true, false]);
  });

  it('comparison puts NaN after every number, on both sides', () => {
    expect(results(ms.gt(NaN, 1), ms.lt(1, NaN), ms.lte(NaN, NaN), ms.lt(NaN, null))).toEqual(
      Array(4).fill(true),
    );
    expect([result(ms.gt($(0), 1), NaN), result(ms.lt($(0), 1), NaN)]).toEqual([true, false]);
  });

  it('comparison takes a constant on either side', () => {
    const values: Value[] = [1, 2, 3, 'x'];
    const passing = (guard: Expression) => values.filter((value) => passes(guard, value));
    expect(passing(ms.gt($(0), 2))).toEqual([3, 'x']);
    expect(passing(ms.gte($(0), 2))).toEqual([2, 3, 'x']);
    expect(passing(ms.lt($(0), 2))).toEqual([1]);
    expect(passing(ms.lte($(0), 2))).toEqual([1, 2]);
    expect(passing(ms.lt(2, $(0)))).toEqual([3, 'x']);
    expect(passing(ms.eq(2, $(0)))).toEqual([2]);
  });

  it('min and max find the lesser and the greater of any kinds', () => {
    expect(results(ms.min(2, 1), ms.max(2, 1), ms.min('a', 1), ms.max(null, true))).toEqual([1, 2, 1, true]);
  });

  it('there is no operator =<', () => {
    expect(compile(['=<', 1, 2])).toThrow("unknown operator '=<'");
  });
});

describe('Logic', () => {
  it('and, or, xor and not evaluate all operands, which must be booleans', () => {
    expect(results(ms.and(true, false), ms.or(false, true), ms.xor(true, true), ms.not(false))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(results(ms.and(false, 1), ms.or(true, 'a'), ms.xor(true, null), ms.not(0))).toEqual(
      Array(4).fill(EXIT),
    );
    expect(results(ms.and(true), ms.or(false), ms.and(true, true, false))).toEqual([true, false, false]);
  });

  it('andalso and orelse stop at the deciding operand, and give the last one as it is', () => {
    const failing = ms.div(1, 0);
    expect(results(ms.andalso(false, failing), ms.orelse(true, failing))).toEqual([false, true]);
    expect(passes(ms.orelse(true, ms.lt(failing, 1)))).toBe(true);
    expect(results(ms.andalso(true, 5), ms.orelse(false, 'a'), ms.andalso('only'))).toEqual([5, 'a', 'only']);
    expect(results(ms.andalso(1, true), ms.orelse(null, true))).toEqual([EXIT, EXIT]);
  });
});

describe('Symbols in expressions', () => {
  it('$_ gives the row, with exactly key, pid and value', () => {
    const body = result($_, 7);
    expect(body).toStrictEqual({ key: 'k', pid, value: 7 });
    expect(result(ms.get($_, 'key'))).toBe('k');
  });

  it('$$ gives the variables, by ascending number', () => {
    const spec = compileSpec({ head: { key: $(7), value: [$(2), $(10), $(2)] }, body: $$ });
    expect(spec.select({ key: 'k', pid, value: [1, 2, 1] }, context)).toEqual([1, 'k', 2]);
    expect(compileSpec({ head: {}, body: $$ }).select({ key: 'k', pid, value: 1 }, context)).toEqual([]);
  });

  it('a variable that the head does not bind is refused before any row is looked at', () => {
    expect(compile(ms.eq($(1), 1))).toThrow('guard 1: $(1) is not bound by the head, which binds $(0).');
    expect(() => compileSpec({ head: {}, body: $(0) })).toThrow('binds no variable');
    expect(compile(_)).toThrow('guard 1: _ is allowed only in patterns.');
    expect(compile(rest(_))).toThrow(InvalidArgumentError);
    expect(compile({ a: [$(0)] })).toThrow("write ['object', {…}]");
  });
});

describe('Calls are refused', () => {
  it('a call with an unknown operator is refused, naming the valid ones', () => {
    expect(compile(ms.eq(1, ['foo', 1]))).toThrow(
      /^guard 1: unknown operator 'foo'; valid operators are == != < /,
    );
    expect(compile(['toString'])).toThrow(InvalidArgumentError);
  });

  it('a call with a wrong number of operands is refused', () => {
    expect(compile(['not'])).toThrow("guard 1: 'not' takes 1 operand (got 0).");
    expect(compile(['==', 1, 2, 3])).toThrow("'==' takes 2 operands (got 3).");
    expect(compile(['-'])).toThrow("'-' takes 1 or 2 operands (got 0).");
    expect(compile(['and'])).toThrow("'and' takes 1 or more operands (got 0).");
    expect(compile(['const'])).toThrow(InvalidArgumentError);
    expect(compile(['object', { a: 1 }, 2])).toThrow(InvalidArgumentError);
  });

  it('a call without an operator is refused', () => {
    for (const call of [[], [1, 2], [[]], [null]]) expect(compile(call)).toThrow('an array is a call');
  });

  it('a call with operands that cannot be values is refused', () => {
    expect(compile(['==', $(0), () => 1])).toThrow(InvalidArgumentError);
    expect(compile(['const', [Symbol('x')]])).toThrow(InvalidArgumentError);
    expect(compile(['object', [1]])).toThrow("'object' must get a plain object");
    expect(compile(['object', JSON.parse('{"__proto__": 1}')])).toThrow('__proto__');
  });

  it('a call that contains itself is refused', () => {
    const call: unknown[] = ['and'];
    call.push(call, call);
    const object: Record<string, unknown> = {};
    Object.assign(object, { a: object, b: object });
    for (const cyclic of [call, object, ['const', call], ['object', object]]) {
      expect(compile(cyclic)).toThrow(InvalidArgumentError);
    }
  });
});
