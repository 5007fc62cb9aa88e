import * as fc from 'fast-check';
import { runs } from '../../../../test/support/runs';
import { Pid, sameValue, type Key, type Value } from '../term';
import {
  $,
  $$,
  $_,
  _,
  type Clause,
  compileMatch,
  compileSpec,
  type Expression,
  type MatchRow,
  NO_MATCH,
  type Pattern,
  rest,
} from '.';
import { interpret, matches } from './naive-interpreter.fixture';
import { OPERATORS } from './operator-table';
import { Variable } from './language';

const [pid, otherPid] = [1, 2].map((id) => new Pid('orders', '00000000000000aa', id));
const context = { self: pid };

/** Few values, so that patterns match and operators apply often. */
const leaf = fc.constantFrom<Key>(
  0,
  1,
  2,
  -3,
  2.5,
  NaN,
  1n,
  -2n,
  '',
  'a',
  'ab',
  'primary',
  true,
  false,
  null,
  pid,
);
const odd = fc.constantFrom<Value>(
  undefined,
  otherPid,
  new Date(1),
  new Set<Value>([1, 'a']),
  new Map([['a', 1]]),
  new Uint8Array([1, 2]),
);
const smallNumber = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.bigInt({ min: -4n, max: 4n }));
const propertyName = fc.constantFrom('a', 'b', 'id', 'length', 'size', 'constructor', '0');
const { key, value } = fc.letrec<{ key: Key; value: Value }>((tie) => ({
  key: fc.oneof({ maxDepth: 2 }, leaf, fc.array(tie('key'), { maxLength: 3 })),
  value: fc.oneof(
    { maxDepth: 2 },
    leaf,
    odd,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(propertyName, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const row: fc.Arbitrary<MatchRow> = fc.record({ key, pid: fc.constantFrom(pid, otherPid), value });

const symbol = fc.constantFrom(_, $(0), $(1), $(2), $(7));
const { pattern } = fc.letrec<{ pattern: Pattern }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    symbol,
    leaf,
    odd,
    fc.array(tie('pattern'), { maxLength: 3 }),
    fc
      .tuple(fc.array(tie('pattern'), { maxLength: 2 }), tie('pattern'))
      .map(([some, tail]) => [...some, rest(tail)]),
    fc.dictionary(propertyName, tie('pattern'), { maxKeys: 2, noNullPrototype: true }),
  ),
}));

/** A pattern made of a value by putting symbols into it, so that it often matches that value. */
function holesIn(whole: Value): fc.Arbitrary<Pattern> {
  const literal = whole as Pattern;
  if (Array.isArray(whole)) {
    const parts: readonly Value[] = whole;
    return fc.oneof(symbol, fc.tuple(...parts.map((part) => holesIn(part))));
  }
  if (typeof whole === 'object' && whole !== null && Object.getPrototypeOf(whole) === Object.prototype) {
    const parts = Object.entries(whole).map(([each, part]) => [each, holesIn(part)]);
    return fc.oneof(
      symbol,
      fc.record(Object.fromEntries(parts), { requiredKeys: [], noNullPrototype: true }),
    );
  }
  return fc.oneof({ weight: 2, arbitrary: fc.constant(literal) }, { weight: 1, arbitrary: symbol });
}

function variablesOf(part: unknown): readonly number[] {
  if (typeof part !== 'object' || part === null) return [];
  return part instanceof Variable ? [part.number] : Object.values(part).flatMap(variablesOf);
}

/** The operators whose operands are expressions. */
const ordinary = Object.values(OPERATORS).filter(({ name }) => name !== 'const' && name !== 'object');

/** Expressions over variables that the head binds. */
function expression(numbers: readonly number[]): fc.Arbitrary<Expression> {
  const atoms: fc.Arbitrary<Expression>[] = [leaf, fc.constantFrom($_, $$)];
  const variables = numbers.map((number) => $(number));
  const atom = fc.oneof(
    ...atoms,
    ...(variables.length > 0 ? [{ weight: 4, arbitrary: fc.constantFrom<Expression>(...variables) }] : []),
  );
  return fc.letrec<{ expression: Expression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      atom,
      fc
        .constantFrom(...ordinary)
        .chain(({ name, least, most }) =>
          fc
            .array(tie('expression'), { minLength: least, maxLength: Math.min(most, 3) })
            .map((operands): Expression => [name, ...operands]),
        ),
      fc
        .dictionary(propertyName, tie('expression'), { maxKeys: 2, noNullPrototype: true })
        .map((properties): Expression => ['object', properties]),
      value.map((quoted): Expression => ['const', quoted as Expression]),
    ),
  })).expression;
}

function clauseFor(each: MatchRow): fc.Arbitrary<Clause> {
  const head = fc.record(
    {
      key: fc.oneof(holesIn(each.key), pattern.filter(isPossibleKey)),
      pid: fc.constantFrom(_, $(0), $(3), pid),
      value: fc.oneof(holesIn(each.value), pattern),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  return head.chain((parts) => {
    const some = expression(variablesOf(parts));
    return fc.record(
      { head: fc.constant(parts), guards: fc.array(some, { maxLength: 2 }), body: some },
      { requiredKeys: ['head'], noNullPrototype: true },
    );
  }) as fc.Arbitrary<Clause>;
}

/** A head whose key is a literal that cannot be a key is refused. */
function isPossibleKey(part: Pattern): boolean {
  try {
    compileSpec({ head: { key: part } });
    return true;
  } catch {
    return false;
  }
}

/** Nothing, or both where they differ. Jest's own equality trips over properties named `constructor`. */
function difference(actual: readonly unknown[], expected: readonly unknown[]): readonly unknown[] {
  return sameValue(actual as Value, expected as Value) ? [] : [actual, expected];
}

const thorough = { numRuns: runs(500) };

describe('A compiled query and the documentation taken at its word', () => {
  it('a compiled pattern agrees with the naive interpreter', () => {
    const both = value.chain((each) => fc.tuple(fc.constant(each), fc.oneof(holesIn(each), pattern)));
    fc.assert(
      fc.property(both, ([each, some]) => {
        const { matches: compiled } = compileMatch(some);
        expect(compiled({ key: 'k', pid, value: each }, context)).toBe(matches(some, each, new Map()));
      }),
      thorough,
    );
  });

  it('a compiled spec agrees with the naive interpreter: repeated variables, guards, bodies, and which clause decides', () => {
    const both = row.chain((each) =>
      fc.tuple(fc.constant(each), fc.array(clauseFor(each), { maxLength: 3 })),
    );
    fc.assert(
      fc.property(both, ([each, clauses]) => {
        const spec = compileSpec(clauses);
        const expected = interpret(clauses, each, context.self);
        const result = spec.select(each, context);
        expect(difference(result === NO_MATCH ? [] : [result], expected)).toEqual([]);
        expect(spec.counts(each, context)).toBe(expected[0] === true);
      }),
      thorough,
    );
  });

  it('a compiled expression agrees with the naive interpreter, also where it fails in the midst of a body', () => {
    const numbers = [0, 1];
    fc.assert(
      fc.property(value, value, expression(numbers), (x, y, body) => {
        const each: MatchRow = { key: 'k', pid, value: [x, y] };
        const clause: Clause = { head: { value: [$(0), $(1)] }, body };
        expect(
          difference([compileSpec(clause).select(each, context)], interpret([clause], each, pid)),
        ).toEqual([]);
        const guarded: Clause = { head: { value: [$(0), $(1)] }, guards: [body], body: true };
        expect(compileSpec(guarded).counts(each, context)).toBe(interpret([guarded], each, pid).length === 1);
      }),
      thorough,
    );
  });

  it.each(ordinary)('agree about the operator $name', ({ name, least, most }) => {
    const operand = fc.record({ is: fc.oneof(smallNumber, value), isConstant: fc.boolean() });
    const operands = fc.array(operand, { minLength: least, maxLength: Math.min(most, 3) });
    fc.assert(
      fc.property(operands, (all) => {
        const each: MatchRow = { key: 'k', pid, value: all.map(({ is }) => is) };
        const clause: Clause = {
          head: { value: all.map((_operand, i) => $(i)) },
          body: [
            name,
            ...all.map(({ is, isConstant }, i): Expression => {
              if (!isConstant) return $(i);
              return typeof is === 'object' ? ['const', is] : is;
            }),
          ],
        };
        expect(
          difference([compileSpec(clause).select(each, context)], interpret([clause], each, pid)),
        ).toEqual([]);
      }),
      { numRuns: runs(100) },
    );
  });

  it('only rows with the literal key and pid of a spec match it', () => {
    const both = row.chain((each) =>
      fc.tuple(fc.constant(each), fc.array(clauseFor(each), { maxLength: 2 })),
    );
    fc.assert(
      fc.property(both, ([each, clauses]) => {
        const { literalKey, literalPid, select } = compileSpec(clauses);
        const isMatch = select(each, context) !== NO_MATCH;
        const { key: wanted = each.key, pid: wantedPid = each.pid } = { key: literalKey, pid: literalPid };
        expect(isMatch && !(sameValue(wanted, each.key) && wantedPid === each.pid)).toBe(false);
      }),
    );
  });
});
