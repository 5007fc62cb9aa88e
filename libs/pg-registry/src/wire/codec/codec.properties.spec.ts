import * as fc from 'fast-check';
import { runs } from '../../../../../test/support/runs';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidValueError,
  isBytes,
  normalKey,
  normalValue,
  PidInterner,
  sameValue,
  ValueTooLargeError,
  type Value,
} from '../../term';
import { anyKey, anyValue } from '../../term/value.fixture';
import { DecodeError, Reader, Writer } from '.';

const pids = new PidInterner();
const limits = DEFAULT_VALUE_LIMITS;
const options = { pids, limits };

function encode(...values: Value[]): Uint8Array {
  const writer = new Writer();
  for (const value of values) writer.value(value);
  return writer.finish();
}

function decode(bytes: Uint8Array): Value {
  const reader = new Reader(bytes, options);
  const value = reader.value();
  reader.end();
  return value;
}

/** The normal form, or nothing: random Maps and Sets may have the same key or member twice. */
function normal(value: Value): Value {
  try {
    return normalValue(value, limits, pids);
  } catch (error) {
    if (error instanceof InvalidValueError && error.message.includes('twice')) fc.pre(false);
    throw error;
  }
}

/** The decoded value, or `undefined` if the bytes cannot be decoded; any other error is a failure. */
function decoded(bytes: Uint8Array): { readonly value: Value } | undefined {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Whether bytes are refused, or give a value that is in normal form: to normalise it changes nothing. */
function isNormalOrRefused(bytes: Uint8Array): boolean {
  const result = decoded(bytes);
  if (result === undefined) return true;
  const { value } = result;
  return sameValue(normalValue(value, limits, pids), value) && (isBytes(value) || Object.isFrozen(value));
}

function accepts(value: Value, maxValueBytes: number): boolean {
  try {
    normalValue(value, { ...limits, maxValueBytes }, pids);
    return true;
  } catch (error) {
    if (error instanceof ValueTooLargeError) return false;
    throw error;
  }
}

describe('Decoding', () => {
  test('decoding reverses encoding, for every value in normal form', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const stored = normal(value);
        const again = decode(encode(stored));
        expect(sameValue(again, stored)).toBe(true);
        expect(isBytes(again) || Object.isFrozen(again)).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  test('decoding returns many keys and values of one frame, whatever they share', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyKey, anyValue), { maxLength: 6 }), (list) => {
        const entries = list.map(([key, value]) => [normalKey(key, limits, pids), normal(value)] as const);
        const reader = new Reader(encode(...entries.flat(), ...entries.flat()), options);
        for (const [key, value] of [...entries, ...entries]) {
          expect(sameValue(reader.key(), key)).toBe(true);
          expect(sameValue(reader.value(), value)).toBe(true);
        }
        reader.end();
      }),
    );
  });

  test('decoding random bytes returns a value in normal form or throws a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => expect(isNormalOrRefused(bytes)).toBe(true)),
      { numRuns: runs(500) },
    );
  });

  test('decoding random tags returns a value in normal form or throws a DecodeError', () => {
    const byte = fc.oneof(
      fc.constantFrom(0, 1, 2, 8, 0x41, 0x61, 0x82, 0xa0),
      fc.integer({ min: 0xe0, max: 0xf3 }),
    );
    const list = fc.array(byte, { maxLength: 40 });
    fc.assert(
      fc.property(list, (bytes) => expect(isNormalOrRefused(Uint8Array.from(bytes))).toBe(true)),
      { numRuns: runs(500) },
    );
  });

  test('decoding a changed encoding returns a value in normal form or throws a DecodeError', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      how: fc.constantFrom('set', 'insert', 'remove'),
    });
    fc.assert(
      fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const bytes = [...encode(normal(value))];
        for (const { at, byte, how } of changes) {
          bytes.splice(
            at % (bytes.length + 1),
            how === 'insert' ? 0 : 1,
            ...(how === 'remove' ? [] : [byte]),
          );
        }
        expect(isNormalOrRefused(Uint8Array.from(bytes))).toBe(true);
      }),
      { numRuns: runs(400) },
    );
  });

  test('decoding a part of an encoding throws a DecodeError', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, cut) => {
        const bytes = encode(normal(value));
        expect(decoded(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
    );
  });
});

describe('The size of a value', () => {
  test('the size of a value is the same when it is stored and when it is decoded, and never less than its bytes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const stored = normal([value]);
        const bytes = encode(stored);
        let size = bytes.length;
        while (!accepts(stored, size)) size += 1;
        const read = (maxValueBytes: number): Value =>
          new Reader(bytes, { pids, limits: { ...limits, maxValueBytes } }).value();
        expect(sameValue(read(size), stored)).toBe(true);
        expect(() => read(size - 1)).toThrow(DecodeError);
        expect(accepts(stored, size - 1)).toBe(false);
      }),
    );
  });
});
