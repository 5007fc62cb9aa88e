import { InvalidArgumentError, Pid, type Key, type Value } from '../term';
import { _, $, $$, compileMatch, compileSpec, ms, NO_MATCH, rest, type Spec } from '.';

const pid = new Pid('orders', '00000000000000aa', 1);
const otherPid = new Pid('orders', '00000000000000aa', 2);
const context = { self: pid };

const row = (key: Key, value: Value, of = pid) => ({ key, pid: of, value });
const rows = [row('a', 1), row('a', 2), row(['doc', 'b'], 3, otherPid)];
const select = (spec: Spec) =>
  rows.map((each) => compileSpec(spec).select(each, context)).filter((result) => result !== NO_MATCH);
const compile = (spec: unknown) => () => compileSpec(spec as Spec);

describe('A spec', () => {
  it('a spec gives a result for each row that its head matches, by default the row', () => {
    expect(select({ head: { key: 'a' } })).toEqual(rows.slice(0, 2));
    expect(select({ head: {} })).toEqual(rows);
    expect(select({ head: { key: 'a', pid: $(1), value: $(0) }, body: ['array', $(1), $(0)] })).toEqual([
      [pid, 1],
      [pid, 2],
    ]);
  });

  it('a head matches key, pid and value by patterns that share their variables', () => {
    expect(select({ head: { key: ['doc', $(0)], pid: otherPid }, body: $(0) })).toEqual(['b']);
    const { select: same } = compileSpec({
      head: { key: $(0), value: { key: $(0), by: $(1) }, pid: $(1) },
      body: $$,
    });
    expect(same(row('x', { key: 'x', by: pid }), context)).toEqual(['x', pid]);
    expect(same(row('x', { key: 'y', by: pid }), context)).toBe(NO_MATCH);
    expect(same(row('x', { key: 'x', by: otherPid }), context)).toBe(NO_MATCH);
    const whole = compileSpec({ head: { key: $(0), value: $(0) } });
    expect([whole.select(row('x', 'y'), context), whole.select(row('x', 'x'), context)]).toEqual([
      NO_MATCH,
      row('x', 'x'),
    ]);
  });

  it('the first clause that matches decides', () => {
    const clauses = [
      { head: { value: $(0) }, guards: [ms.gt($(0), 1)], body: false },
      { head: { value: _ }, body: true },
    ];
    expect(select(clauses)).toEqual([true, false, false]);
    expect(rows.map((each) => compileSpec(clauses).counts(each, context))).toEqual([true, false, false]);
  });

  it('a spec counts the results that are exactly true', () => {
    const count = (body: unknown) =>
      rows.filter((each) => compileSpec({ head: { value: $(0) }, body } as Spec).counts(each, context))
        .length;
    expect([count(true), count(false), count(1), count(ms.eq($(0), 2)), count('true')]).toEqual([
      3, 0, 0, 1, 0,
    ]);
  });

  it('a spec without clauses matches nothing', () => {
    expect(select([])).toEqual([]);
  });

  it('a quoted literal finds a key that looks like a variable', () => {
    const spec = compileSpec({
      head: { key: $(0) },
      guards: [['==', $(0), ['const', ['$1', '_']]]],
      body: true,
    });
    expect([spec.counts(row(['$1', '_'], 0), context), spec.counts(row(['$1', 1], 0), context)]).toEqual([
      true,
      false,
    ]);
  });

  it('a head may match undefined as a value', () => {
    const spec = compileSpec({ head: { value: undefined }, body: true });
    expect([spec.counts(row('a', undefined), context), spec.counts(row('a', null), context)]).toEqual([
      true,
      false,
    ]);
  });
});

describe('A spec tells what an index can use', () => {
  it('a spec tells the literal key and pid that all clauses share', () => {
    const keyOf = (spec: Spec) => compileSpec(spec).literalKey;
    expect(keyOf({ head: { key: 'a' } })).toBe('a');
    expect(keyOf({ head: { key: null } })).toBeNull();
    expect(keyOf({ head: { key: ['doc', ['b', 1]] } })).toEqual(['doc', ['b', 1]]);
    expect(keyOf([{ head: { key: ['a'] } }, { head: { key: ['a'], value: 1 } }])).toEqual(['a']);
    expect(compileSpec({ head: { pid } }).literalPid).toBe(pid);
    expect(compileSpec([{ head: { pid } }, { head: { pid: otherPid } }]).literalPid).toBeUndefined();
  });

  it('a spec tells no literal key if other keys can match', () => {
    const specs: Spec[] = [
      [],
      { head: {} },
      { head: { key: _ } },
      { head: { key: $(0) } },
      { head: { key: ['doc', _] } },
      { head: { key: ['doc', rest()] } },
      { head: { key: { a: 1 } } },
      { head: { key: ['doc', { a: 1 }] } },
      [{ head: { key: 'a' } }, { head: { key: 'b' } }],
      [{ head: { key: 'a' } }, { head: {} }],
    ];
    for (const spec of specs) expect(compileSpec(spec).literalKey).toBeUndefined();
  });
});

describe('A predicate', () => {
  it('a predicate selects the entries for which it returns exactly true', () => {
    const entry = { id: 'x:1', ...row('a', 1) };
    const spec = compileSpec((each: unknown) => each === entry);
    expect(spec.select({ ...row('a', 1), entry }, context)).toBe(entry);
    expect(spec.select(entry, context)).toBe(entry);
    expect(spec.select(row('a', 1), context)).toBe(NO_MATCH);
    expect(compileSpec((() => 1) as never).counts(entry, context)).toBe(false);
    expect(spec.counts(entry, context)).toBe(true);
  });

  it('a predicate can replace a pattern, but not together with guards', () => {
    const { matches } = compileMatch(({ key }: { key: Key }) => key === 'a');
    expect(rows.map((each) => matches(each, context))).toEqual([true, true, false]);
    expect(() => compileMatch(() => true, [true])).toThrow(InvalidArgumentError);
    expect(compileMatch(() => true, []).matches(rows[0], context)).toBe(true);
  });

  it('the error of a predicate reaches the caller', () => {
    const { select: run } = compileSpec(() => {
      throw new Error('mine');
    });
    expect(() => run(rows[0], context)).toThrow('mine');
  });
});

describe('A spec is refused, before any row is looked at', () => {
  it('a spec or clause that is not an object is refused', () => {
    for (const spec of [null, undefined, 'spec', 1, [1], [[]], _, [_], $]) {
      expect(compile(spec)).toThrow(InvalidArgumentError);
    }
    expect(compile([{ head: {} }, { guards: [] }])).toThrow(
      'clause 2 must be an object { head, guards?, body? } (got an object without head). The query did not run.',
    );
  });

  it('a spec with an unknown part is refused', () => {
    expect(compile({ head: {}, guard: [] })).toThrow(
      "clause 1: unknown part 'guard'; a clause may have head, guards, body.",
    );
    expect(compile({ head: { kee: 1 } })).toThrow(
      "clause 1, head: unknown part 'kee'; a head may have key, pid, value.",
    );
  });

  it('a spec whose head no entry could match is refused', () => {
    for (const head of [
      _,
      $(0),
      [],
      'a',
      null,
      { pid: 'a' },
      { pid: undefined },
      { pid: {} },
      { key: undefined },
    ]) {
      expect(compile({ head })).toThrow(/^clause 1, head/);
    }
    expect(compile({ head: { key: new Date() } })).toThrow('clause 1, head.key');
    expect(compile({ head: { value: { a: [$$] } } })).toThrow(
      'clause 1, head.value.a[0]: $$ is allowed only',
    );
  });

  it('a spec with wrong guards or a wrong body is refused, with the place', () => {
    const head = { value: $(0) };
    expect(compile([{ head }, { head, guards: [true, ['foo']] }])).toThrow(
      "clause 2, guard 2: unknown operator 'foo'",
    );
    expect(compile({ head, guards: ms.eq(1, 1) })).toThrow('clause 1, guards');
    expect(compile({ head, body: [] })).toThrow('clause 1, body: an array is a call');
    expect(compile({ head, body: $(4) })).toThrow('clause 1, body: $(4) is not bound');
    expect(compile({ head, body: undefined })).toThrow("write ['const', undefined]");
  });

  it('a spec that uses variables of another clause is refused', () => {
    expect(compile([{ head: { value: $(0) } }, { head: {}, body: $(0) }])).toThrow(
      'clause 2, body: $(0) is not bound',
    );
  });
});
