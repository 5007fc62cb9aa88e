import { $, $$, $_, _, type Expression, InvalidArgumentError, rest, type Spec } from 'nestjs-pg-registry';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';
import { useLoneNodes } from './support/node';
import { sorted } from './support/recording';

/** A spec as a program without types may give it. */
const untyped = (spec: unknown): Spec => spec as Spec;

describe('select and countSelect', () => {
  const start = useLoneNodes();
  const emptyRegistry = () => start().node.scope('pg');

  test('C078 the body of a select may construct pairs', () => {
    const registry = emptyRegistry();
    const { pid } = registry.register('a', 1);
    registry.register('a', 2);
    registry.register('b', 3);
    const spec: Spec = { head: { key: 'a', pid: $(1), value: $(2) }, body: ['array', $(1), $(2)] };
    expect(registry.select(spec)).toEqual([
      [pid, 1],
      [pid, 2],
    ]);
  });

  test('C079 the whole row of a select is key, pid and value, and its variables come in the order of their numbers', () => {
    const registry = emptyRegistry();
    const { pid } = registry.register('k', { late: 1, early: 2 });
    expect(registry.select({ head: {}, body: $_ })).toEqual([
      { key: 'k', pid, value: { late: 1, early: 2 } },
    ]);
    expect(registry.select({ head: { key: $(7), value: { late: $(3), early: $(0) } }, body: $$ })).toEqual([
      [2, 1, 'k'],
    ]);
  });

  test('C080 the first clause that matches a row gives its only result', () => {
    const registry = emptyRegistry();
    registry.register('k', 1);
    const clauses: Spec = [
      { head: { value: 2 }, body: 'no' },
      { head: { value: $(1) }, guards: [['isNumber', $(1)]], body: 'first' },
      { head: {}, body: 'second' },
    ];
    expect(registry.select(clauses)).toEqual(['first']);
  });

  test('C082 countSelect counts only rows whose body is exactly true', () => {
    const registry = emptyRegistry();
    registry.register('k', 1);
    registry.register('k', 2);
    const bodies: Expression[] = [true, false, 1, ['==', $(1), 2]];
    const counts = bodies.map((body) => registry.countSelect({ head: { value: $(1) }, body }));
    expect(counts).toEqual([2, 0, 0, 1]);
  });

  test.each([
    ['something that is no spec', 7],
    ['a clause without a head', { body: true }],
    ['a clause with an unknown part', { head: {}, gurads: [] }],
    ['a head that is only a wildcard', { head: _ }],
    ['a head that is a list', { head: ['k', _] }],
    ['a head with an unknown part', { head: { keys: 'k' } }],
  ])('C083 %s is refused by select and countSelect alike', (_what, spec) => {
    const registry = emptyRegistry();
    expect(() => registry.select(untyped(spec))).toThrow(InvalidArgumentError);
    expect(() => registry.countSelect(untyped(spec))).toThrow(InvalidArgumentError);
  });

  test.each([
    ['an unbound variable', { head: {}, body: $(1) }, /\$\(1\)/],
    ['an unknown function', { head: {}, guards: [['frobnicate', 1]] }, /frobnicate/],
    ['a wrong number of arguments', { head: {}, guards: [['not', true, false]] }, /not/],
    ['guards that are no list', { head: {}, guards: true }, /guards/],
    ['an empty body', { head: {}, body: [] }, /body/],
  ])('C084 %s is an argument error although there is no row', (_what, spec, message) => {
    const registry = emptyRegistry();
    expect(() => registry.select(untyped(spec))).toThrow(InvalidArgumentError);
    expect(() => registry.select(untyped(spec))).toThrow(message);
  });

  test('C087 a guard of a select passes only if it is exactly true', () => {
    const registry = emptyRegistry();
    for (const value of [true, 1, 'x']) registry.register('k', value);
    expect(registry.select({ head: { value: $(1) }, guards: [$(1)], body: $(1) })).toEqual([true]);
  });

  test('C089 select compares strictly, with one type of number beside bigint', () => {
    const registry = emptyRegistry();
    for (const value of [1, 1.0, 1n, '1']) registry.register('k', value);
    const equalTo = (x: Expression): Spec => ({ head: { value: $(1) }, guards: [['==', $(1), x]] });
    expect(registry.select(equalTo(1))).toHaveLength(2);
    expect(registry.select(equalTo(1n))).toHaveLength(1);
    expect(registry.select({ head: { value: $(1) }, guards: [['<=', $(1), 1n]] })).toHaveLength(3);
  });

  test('C091 array patterns match by length, unless they have an open tail', () => {
    const registry = emptyRegistry();
    for (const value of [[], [1], [1, 2, 3]]) registry.register('k', value);
    const hits = [[], [_], [_, rest(_)]].map((pattern) => registry.countMatch('k', pattern));
    expect(hits).toEqual([1, 1, 2]);
    expect(registry.select({ head: { value: [_, rest($(1))] }, body: $(1) })).toEqual([[], [2, 3]]);
  });

  test('C094 a row does not match if its guard reads a property of a value that is no object, negated or not', () => {
    const registry = emptyRegistry();
    registry.register('k', 'no object');
    registry.register('k', { b: 1 });
    const guards: Expression[] = [['not', ['has', $(1), 'a']]];
    expect(registry.select({ head: { value: $(1) }, guards, body: $(1) })).toEqual([{ b: 1 }]);
  });

  test('C095 the body of a select fills in the variables of what it constructs', () => {
    const registry = emptyRegistry();
    registry.register('k', 2);
    const head = { key: $(1), value: $(2) };
    expect(registry.select({ head, body: ['object', { key: $(1), value: $(2) }] })).toEqual([
      { key: 'k', value: 2 },
    ]);
    expect(registry.select({ head, body: ['array', 'literal', ['+', $(2), 1]] })).toEqual([['literal', 3]]);
  });

  test('R161 a first clause with a false body hides a later clause with a true body', () => {
    const registry = start().node.scope('pg');
    registry.register('k', 1);
    registry.register('k', 2);
    const clauses = [
      { head: { value: 1 }, body: false },
      { head: {}, body: true },
    ];
    expect(registry.countSelect(clauses)).toBe(1);
  });

  onEveryTransport((cluster) => {
    test('C097 a select covers the entries of every node', async () => {
      const nodes = await startAll(cluster(), ['a', 'b']);
      for (const node of nodes) node.scope('pg').register('k', node.name);
      await cluster().settle();
      for (const node of nodes) {
        expect(sorted(node.scope('pg').select({ head: { value: $(1) }, body: $(1) }))).toEqual(['a', 'b']);
      }
    });
  });
});
