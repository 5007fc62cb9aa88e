import {
  canonicalText,
  compareValues,
  DEFAULT_VALUE_LIMITS,
  describeValue,
  formatKey,
  KeyMap,
  keyToken,
  normalKey,
  normalValue,
  PgRegistryError,
  PidInterner,
  sameValue,
  ValueTooLargeError,
  type Key,
  type Value,
} from '../../../libs/pg-registry/src/term';
import { MAX_WIRE_DEPTH, Reader, Writer } from '../../../libs/pg-registry/src/wire';
import { SeededRandom } from '../../support/seeded-random';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { anyValue, isKey } from '../engine/value-mutation';
import { isDecodeError } from './bodies';
import { hostileOf } from './hostile-values';

const LIMITS = {
  ...DEFAULT_VALUE_LIMITS,
  maxKeyBytes: 2 ** 17,
  maxValueBytes: 2 ** 17,
  maxDepth: MAX_WIRE_DEPTH,
};
const MOST_VALUES = 4;
/** Reads all values of a body. @throws DecodeError if there is something else in it */
export function valuesIn(body: Uint8Array): Value[] {
  const reader = new Reader(body, { pids: new PidInterner(), limits: LIMITS });
  const values: Value[] = [];
  while (reader.remaining > 0 && values.length < MOST_VALUES) values.push(reader.value());
  return values;
}

/** A message whose body is these values. */
export function valuesMessage(kind: number, ...values: readonly Value[]): Message {
  const writer = new Writer();
  for (const value of values) writer.value(value);
  return { kind, how: 0, wait: 0, body: writer.finish() };
}

/** Seeds that make random values: the same for each run. */
export function valueSeeds(kinds: readonly number[], count: number): Input[] {
  const random = new SeededRandom(3);
  const inputs: Input[] = [];
  while (inputs.length < count * kinds.length) {
    try {
      inputs.push([valuesMessage(kinds[inputs.length % kinds.length], anyValue(random), anyValue(random))]);
    } catch {
      // It holds a Set with two members of one structure, or a Map.
    }
  }
  return inputs;
}

/** Two values of a peer: each way to compare them says the same. */
function compare(a: Value, b: Value): void {
  const isSame = sameValue(a, b);
  const order = compareValues(a, b);
  if (isSame !== (order === 0)) throw new Fault('sameValue and compareValues differ');
  if (Math.sign(order) !== -Math.sign(compareValues(b, a)))
    throw new Fault('compareValues depends on the order of its arguments');
  if (isKey(a) && isKey(b)) compareKeys(a, b, isSame);
}

function compareKeys(a: Key, b: Key, isSame: boolean): void {
  if (isSame !== (canonicalText(a) === canonicalText(b)))
    throw new Fault('sameValue and canonicalText differ');
  if (isSame !== (keyToken(a) === keyToken(b))) throw new Fault('sameValue and keyToken differ');
  const map = new KeyMap<number>();
  map.set(a, 1);
  map.set(b, 2);
  if ((map.size === 1) !== isSame || map.get(b) !== 2 || map.get(a) !== (isSame ? 2 : 1))
    throw new Fault('a KeyMap mixes up two keys');
}

/** A value of a peer and its normal form are the same, in every way to tell. */
function freeze(value: Value): void {
  let copy: Value;
  try {
    copy = normalValue(value, { ...LIMITS, maxDepth: DEFAULT_VALUE_LIMITS.maxDepth }, new PidInterner());
  } catch (error) {
    // It is nested deeper than a user's value may be.
    if (error instanceof ValueTooLargeError) return;
    throw error;
  }
  if (!sameValue(copy, value) || compareValues(copy, value) !== 0)
    throw new Fault('the copy of a value is another one');
  const writer = new Writer();
  writer.value(copy);
  const [again] = valuesIn(writer.finish());
  if (!sameValue(again, value)) throw new Fault('a value is another one when it is written and read again');
}

/** What users hand in, with parts that throw: refused with an error of the library, or taken. */
function freezeHostile(value: Value): void {
  const hostile = hostileOf(value);
  for (const normal of [normalKey, normalValue]) {
    try {
      normal(hostile, DEFAULT_VALUE_LIMITS, new PidInterner());
    } catch (error) {
      if (!(error instanceof PgRegistryError)) throw error;
    }
  }
  for (const text of [describeValue(hostile), formatKey(hostile as Key)])
    if (typeof text !== 'string') throw new Fault('a description that is no text');
}

const ACTIONS: readonly ((values: readonly Value[]) => void)[] = [
  ([a, b = a]) => {
    compare(a, a);
    compare(a, b);
  },
  (values) => values.forEach(freeze),
  (values) => values.forEach(freezeHostile),
];

/** Values of peers and of users. */
export const valuesTarget: Target = {
  name: 'values',
  about:
    'values to term/: comparing, hashing, freezing and describing them agree, throw errors of the library only, and cost linear time',
  kinds: ACTIONS.map((_, kind) => kind),
  mostMessages: 1,
  // A level of nesting takes a single byte, and is walked through some thirty times. Members of Sets and Maps are sorted four times to be
  // compared: of 2,560 arrays that differ in their last element only, 45 KB, that costs 283 blocks for each byte and halving.
  bound: (input) => 5_000 + Math.max(1_500, 400 * Math.log2(sizeOf(input) + 1)) * sizeOf(input),
  seeds: () => valueSeeds(valuesTarget.kinds, 10),
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
