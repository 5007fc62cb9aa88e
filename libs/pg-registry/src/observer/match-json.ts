import {
  _,
  $,
  type Expression,
  type Pattern,
  type Rest,
  rest,
  type Spec,
  type Variable,
  type Wildcard,
} from '../match';
import { InvalidArgumentError, isPid, type Pid } from '../term';
import { isJsonList, isProperties, type Json, literalOf } from './json-form';

const MOST_DEPTH = 32;

/**
 * Reads a match spec from JSON: `{ key, pid, value, guards }`, where the text `_` stands for anything, `$1` for a variable, and
 * `{"$rest": pattern}` as the last element of an array for more elements; `{"$text": "_"}` is a text that looks like one of these.
 *
 * @throws InvalidArgumentError
 */
export function specOf(json: Json): Spec {
  if (!isProperties(json)) throw notASpec();
  const { key = '_', pid = '_', value = '_', guards = [], ...others } = json;
  if (Object.keys(others).length > 0 || !isJsonList(guards)) throw notASpec();
  return {
    head: { key: patternOf(key), pid: processOf(pid), value: patternOf(value) },
    guards: guards.map((guard) => expressionOf(guard)),
  };
}

function notASpec(): InvalidArgumentError {
  return new InvalidArgumentError(
    'A match spec must be an object with these properties, or some of them: { "key": …, "pid": …, "value": …, "guards": […] }.',
  );
}

function processOf(json: unknown): Wildcard | Variable | Pid {
  const symbol = symbolOf(json);
  if (symbol !== undefined) return symbol;
  const pid = isProperties(json) ? literalOf(json)?.literal : undefined;
  if (isPid(pid)) return pid;
  throw new InvalidArgumentError(
    '`pid` of a match spec must be "_", a variable such as "$1", or {"$pid": "node/incarnation/id"}.',
  );
}

function symbolOf(json: unknown): Wildcard | Variable | undefined {
  if (json === '_') return _;
  const number = typeof json === 'string' ? /^\$(\d{1,3})$/.exec(json)?.[1] : undefined;
  return number === undefined ? undefined : $(Number(number));
}

function patternOf(json: unknown, depth = 0): Pattern {
  checkDepth(depth);
  const symbol = symbolOf(json);
  if (symbol !== undefined) return symbol;
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (isJsonList(json)) return json.map((part) => elementOf(part, depth + 1));
  if (!isProperties(json)) return null;
  if (typeof json['$text'] === 'string') return json['$text'];
  const literal = literalOf(json);
  if (literal !== undefined) return literal.literal;
  return Object.fromEntries(Object.entries(json).map(([name, part]) => [name, patternOf(part, depth + 1)]));
}

function elementOf(json: unknown, depth: number): Pattern | Rest {
  return isProperties(json) && '$rest' in json
    ? rest(patternOf(json['$rest'], depth + 1))
    : patternOf(json, depth);
}

function expressionOf(json: unknown, depth = 0): Expression {
  checkDepth(depth);
  const symbol = symbolOf(json);
  if (symbol !== undefined) return symbol;
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (isJsonList(json)) return json.map((part) => expressionOf(part, depth + 1));
  if (!isProperties(json)) return null;
  if (typeof json['$text'] === 'string') return json['$text'];
  const literal = literalOf(json);
  if (literal !== undefined) return literal.literal;
  return Object.fromEntries(
    Object.entries(json).map(([name, part]) => [name, expressionOf(part, depth + 1)]),
  );
}

function checkDepth(depth: number): void {
  if (depth > MOST_DEPTH)
    throw new InvalidArgumentError(`A match spec may have at most ${MOST_DEPTH} levels.`);
}
