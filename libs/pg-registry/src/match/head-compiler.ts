import { describeValue, isPid, type Key, type Pid } from '../term';
import { isRecord, type Evaluate, type Matcher } from './evaluation';
import { normalKeyLiteral, refuseSymbolNames } from './literal';
import {
  anything,
  bindSlot,
  compilePattern,
  isLiteralPattern,
  literalProperties,
  type Test,
} from './pattern-compiler';
import { invalidQuery } from './query-error';
import type { LiteralProperty } from './sieve';
import { Variable, Wildcard } from './language';
import type { Part, Variables } from './variables';

/** A compiled head. */
export interface CompiledHead {
  /** The tests of the parts, to be run in this order, because a variable is bound before it is compared. */
  readonly key: Test;
  readonly pid: Test;
  readonly value: Test;
  /** The only key whose rows can match; undefined if there are others. */
  readonly literalKey: Key | undefined;
  /** The only process whose rows can match; undefined if there are others. */
  readonly literalPid: Pid | undefined;
  /** What the values of all matching rows have in common. */
  readonly literalProperties: readonly LiteralProperty[];
}

type HeadRecord = { readonly [part: string]: unknown };

const PARTS = ['key', 'pid', 'value'] as const satisfies Part[];

/**
 * Compiles a head.
 *
 * @param variables Empty; those of the head are added.
 * @param where The place of the head, for messages.
 * @throws InvalidArgumentError for what is no head, also for a key or pid that no entry could have.
 */
export function compileHead(head: unknown, variables: Variables, where: string): CompiledHead {
  checkHead(head, where);
  const [key, pid, value] = PARTS.map((part) =>
    Object.hasOwn(head, part) ? compilePart(part, head[part], variables, `${where}.${part}`) : anything,
  );
  return {
    key: orBind(key, 'key', variables),
    pid: orBind(pid, 'pid', variables),
    value,
    literalKey: literalKeyOf(head, where),
    literalPid: isPid(head['pid']) ? head['pid'] : undefined,
    literalProperties: literalProperties(head['value']),
  };
}

function checkHead(head: unknown, where: string): asserts head is HeadRecord {
  if (!isRecord(head)) {
    throw invalidQuery(
      where,
      ` must be an object { key?, pid?, value? } of patterns (got ${describeValue(head)})`,
    );
  }
  refuseSymbolNames(head, where);
  const names: readonly string[] = PARTS;
  for (const part of Object.keys(head)) {
    if (names.includes(part)) continue;
    throw invalidQuery(where, `: unknown part '${part}'; a head may have ${names.join(', ')}`);
  }
  const { pid } = head;
  const isPidPattern = pid instanceof Wildcard || pid instanceof Variable || isPid(pid);
  if (!isPidPattern && Object.hasOwn(head, 'pid')) {
    throw invalidQuery(where, `.pid must be a Pid, a variable or _ (got ${describeValue(pid)})`);
  }
}

function literalKeyOf(head: HeadRecord, where: string): Key | undefined {
  const isLiteral = Object.hasOwn(head, 'key') && isLiteralPattern(head['key']);
  return isLiteral ? normalKeyLiteral(head['key'], `${where}.key`) : undefined;
}

/** Compiles the pattern of a part; a new variable for the whole part needs no test, it is read from the row. */
export function compilePart(part: Part, pattern: unknown, variables: Variables, where: string): Test {
  if (!(pattern instanceof Variable) || variables.find(pattern.number) !== undefined) {
    return compilePattern(pattern, variables, where);
  }
  variables.bind(pattern.number, part);
  return anything;
}

/** Binds after all a variable that stands for a whole part, if a later part compares with it. */
function orBind(test: Test, part: Part, variables: Variables): Test {
  const binding = variables.ofPart(part);
  return binding?.isCompared === true ? bindSlot(variables, binding) : test;
}

/** The tests of a head and the guards behind it as one matcher. */
export function matcherOf(
  { key, pid, value }: Pick<CompiledHead, 'key' | 'pid' | 'value'>,
  guards: readonly Evaluate[],
): Matcher {
  return (row, context) => {
    if (key !== anything && !key(row.key)) return false;
    if (pid !== anything && !pid(row.pid)) return false;
    if (value !== anything && !value(row.value)) return false;
    for (const guard of guards) if (guard(row, context) !== true) return false;
    return true;
  };
}
