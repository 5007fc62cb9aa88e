import {
  $,
  $$,
  $_,
  _,
  compileMatch,
  compileSpec,
  type Expression,
  type MatchContext,
  type Pattern,
  rest,
  type Spec,
} from '../../../libs/pg-registry/src/match';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidArgumentError,
  type Key,
  normalKey,
  normalValue,
  Pid,
  PidInterner,
  type Value,
} from '../../../libs/pg-registry/src/term';
import { type Input, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { isKey } from '../engine/value-mutation';
import { isDecodeError } from './bodies';
import { hostileOf } from './hostile-values';
import { valueSeeds, valuesIn, valuesMessage } from './values';

const SYMBOLS: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['_', _],
  ['$_', $_],
  ['$$', $$],
  ['$0', $(0)],
  ['$1', $(1)],
  ['$2', $(2)],
  ['rest', rest()],
  ['rest1', rest($(1))],
]);

const SELF = new Pid('v', 'a'.repeat(16), 1);
const CONTEXT: MatchContext = { self: SELF };
const SMALL_LIMITS = { ...DEFAULT_VALUE_LIMITS, maxKeyBytes: 2 ** 17, maxValueBytes: 2 ** 17, maxDepth: 256 };

/** The query that a value stands for: texts such as `$1` become the symbols. */
function queryOf(value: Value): unknown {
  if (Array.isArray(value)) return (value as readonly Value[]).map(queryOf);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, queryOf(part as Value)]));
  return SYMBOLS.get(value) ?? value;
}

/** Compiles; undefined if the query is refused as it should be. */
function compiled<T>(compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

/** Runs what was compiled over rows with the query's own parts, so that something matches. */
function rowsOf(values: readonly Value[]): { readonly key: Key; readonly pid: Pid; readonly value: Value }[] {
  const pids = new PidInterner();
  return values.map((value) => ({
    key: normalKey(isKey(value) ? value : 'key', SMALL_LIMITS, pids),
    pid: SELF,
    value: normalValue(value, SMALL_LIMITS, pids),
  }));
}

function runSpec(spec: unknown, values: readonly Value[]): void {
  const query = compiled(() => compileSpec(spec as Spec));
  if (query === undefined) return;
  const rows = rowsOf(values);
  const kept = query.sieve?.keep([{ rows, values: rows.map(({ value }) => value) }]) ?? rows;
  for (const row of rows) {
    const result = query.select(row, CONTEXT);
    if (query.counts(row, CONTEXT) !== (result === true)) throw new Fault('select and counts differ');
    if (result === true && !kept.includes(row)) throw new Fault('the sieve leaves out a row that matches');
  }
}

const ACTIONS: readonly ((values: readonly Value[]) => void)[] = [
  ([spec, ...values]) => runSpec(queryOf(spec), [spec, ...values]),
  ([head, guard = true, body = '$_', ...values]) =>
    runSpec({ head: queryOf(head), guards: [queryOf(guard)], body: queryOf(body) }, [head, guard, ...values]),
  ([pattern, guard, ...values]) => {
    const guards = guard === undefined ? undefined : [queryOf(guard) as Expression];
    const match = compiled(() => compileMatch(queryOf(pattern) as Pattern, guards));
    for (const row of rowsOf([pattern, ...values])) match?.matches(row, CONTEXT);
  },
  ([spec]) => void compiled(() => compileSpec(hostileOf(spec) as Spec)),
];

/** Specs and rows as the tests of match/ write them, as values. */
const SPECS: readonly (readonly Value[])[] = [
  [{ value: '$1' }, ['>', '$1', 5], ['+', '$1', 1], 7],
  [{ value: { a: '$1', b: '$1' } }, ['isString', '$1'], ['object', { x: '$1' }], { a: 'x', b: 'x' }],
  [{ key: ['$0', 'rest1'] }, ['==', ['length', '$1'], 2], ['$$'], ['a', 'b', 'c']],
  [{ value: ['$1', '$2'] }, ['<', '$1', '$2'], ['array', '$1', '$2'], [1, 2]],
  [
    { value: '$1' },
    ['andalso', ['isNumber', '$1'], ['orelse', ['>', '$1', 0], false]],
    ['-', ['*', '$1', 3], ['div', '$1', 2]],
    12,
  ],
  [{ value: '$1' }, ['startsWith', '$1', 'a'], ['get', '$_', 'value'], 'abc'],
  [{ value: '$1' }, true, ['bsl', '$1', 40], 3n],
];

/** Queries, and rows that they run over. */
export const matchTarget: Target = {
  name: 'match',
  about:
    'specs and patterns to match/: refused with InvalidArgumentError, or running over rows without throwing, the sieve included',
  kinds: ACTIONS.map((_action, kind) => kind),
  mostMessages: 1,
  bound: (input) => 5_000 + 800 * sizeOf(input),
  seeds: (): Input[] => [
    ...SPECS.flatMap(([head, guard, body, value]) => [
      [valuesMessage(1, head, guard, body, value)],
      [valuesMessage(0, { head, guards: [guard], body }, value)],
      [
        valuesMessage(
          0,
          [
            { head, body },
            { head, guards: [guard] },
          ],
          value,
        ),
      ],
      [valuesMessage(2, (head as { readonly value?: Value }).value ?? head, guard, value)],
    ]),
    ...valueSeeds(matchTarget.kinds, 5),
  ],
  read: ({ body }) => void valuesIn(body),
  run: ([{ kind, body }]) => {
    let values: readonly Value[];
    try {
      values = valuesIn(body);
    } catch (error) {
      if (isDecodeError(error)) return;
      throw error;
    }
    if (values.length > 0) ACTIONS[kind % ACTIONS.length](values);
  },
};
