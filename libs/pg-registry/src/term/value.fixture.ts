/** Random keys and values for the property tests of term and of the codec: what a caller may pass, not yet normal. */
import * as fc from 'fast-check';
import { Pid, type Key, type Value } from '.';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'id', 'name', 'length', 'constructor', 'toString', '0', '12'),
  text,
);
const propertyName = name.filter((each) => each !== '__proto__');
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, 63, 64, NaN, Infinity),
);

const pid = fc
  .tuple(
    fc.constantFrom('orders', 'café', 'n-1'),
    fc.constantFrom('00000000000000aa', 'ffffffffffffffff'),
    fc.nat(99),
  )
  .map(([node, incarnation, id]) => new Pid(node, incarnation, id));

const primitive = fc.oneof(text, number, fc.bigInt(), fc.boolean(), fc.constant(null));

const bytes = fc.uint8Array({ maxLength: 4 }).chain((octets) => {
  const doubled = Uint8Array.from([
    ...octets,
    ...octets,
    ...octets,
    ...octets,
    ...octets,
    ...octets,
    ...octets,
    ...octets,
  ]);
  const { buffer } = doubled;
  return fc.constantFrom(
    buffer,
    octets,
    new Uint8ClampedArray(octets),
    new Int8Array(buffer),
    new Uint16Array(buffer),
    new Int16Array(buffer),
    new Uint32Array(buffer),
    new Int32Array(buffer),
    new Float32Array(buffer),
    new Float64Array(buffer),
    new BigUint64Array(buffer),
    new BigInt64Array(buffer),
  );
});

/** A key, nested at most three levels deep. */
export const anyKey: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    primitive,
    pid,
    fc.array(tie('key'), { maxLength: 4 }),
    fc.dictionary(propertyName, tie('key'), { maxKeys: 4, noNullPrototype: false }),
  ),
})).key;

/** A value, nested at most three levels deep. Keys of Maps and members of Sets may repeat by structure. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    primitive,
    fc.constant(undefined),
    pid,
    bytes,
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(propertyName, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 3 }).map((members) => new Set(members)),
  ),
})).value;

/** Values of a tiny world, so that two of them are often the same or nearly so. */
export const similarValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<Value[]>(
      0,
      -0,
      1,
      1n,
      2,
      NaN,
      '',
      '1',
      'a',
      null,
      undefined,
      true,
      false,
      '\ud83d\ude00',
    ),
    fc.constantFrom<Value[]>(new Pid('a', '00000000000000aa', 1), new Pid('a', '00000000000000aa', 2)),
    fc.constantFrom<Value[]>(new Date(0), new Date(1), Uint8Array.of(1), Int8Array.of(1), new ArrayBuffer(1)),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 2 }).map((members) => new Set(members)),
  ),
})).value;

/** Keys of a tiny world. */
export const similarKey: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<Key[]>(
      0,
      -0,
      1,
      1n,
      NaN,
      '',
      '1',
      'a',
      '\udfff[]',
      '\udfff',
      '\ud800\udc00',
      null,
      true,
      false,
    ),
    fc.constantFrom<Key[]>(new Pid('a', '00000000000000aa', 1), new Pid('b', '00000000000000aa', 1)),
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('key'), { maxKeys: 2 }),
  ),
})).key;
