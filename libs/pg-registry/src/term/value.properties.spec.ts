import * as fc from 'fast-check';
import { runs } from '../../../../test/support/runs';
import {
  compareValues,
  DEFAULT_VALUE_LIMITS,
  InvalidValueError,
  isBytes,
  isDate,
  isMap,
  isPid,
  isSet,
  KeyMap,
  keyToken,
  normalKey,
  normalValue,
  PidInterner,
  sameKey,
  sameValue,
  type Key,
  type Value,
} from '.';
import { anyKey, anyValue, similarKey, similarValue } from './value.fixture';

const pids = new PidInterner();
const limits = DEFAULT_VALUE_LIMITS;

/** The normal form, or nothing: random Maps and Sets may have the same key or member twice. */
function normal(value: Value): Value {
  try {
    return normalValue(value, limits, pids);
  } catch (error) {
    if (error instanceof InvalidValueError && error.message.includes('twice')) fc.pre(false);
    throw error;
  }
}

function isFrozenDeeply(value: Value): boolean {
  if (typeof value !== 'object' || value === null || isBytes(value)) return true;
  if (!Object.isFrozen(value)) return false;
  if (isMap(value)) return [...value].flat().every(isFrozenDeeply);
  if (isSet(value)) return [...value].every(isFrozenDeeply);
  return isPid(value) || isDate(value) || Object.values<Value>(value).every(isFrozenDeeply);
}

describe('The normal form', () => {
  test('the normal form of a value is the same value, frozen, and its own normal form', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const once = normal(value);
        expect(sameValue(once, value)).toBe(true);
        expect(isFrozenDeeply(once)).toBe(true);
        expect(sameValue(normal(once), once)).toBe(true);
      }),
    );
  });

  test('the normal form of a key is the same key, and that of a value of the same structure', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const once = normalKey(key, limits, pids);
        expect(sameKey(once, key)).toBe(true);
        expect(sameValue(once, normalValue(key, limits, pids))).toBe(true);
        expect(isFrozenDeeply(once)).toBe(true);
      }),
    );
  });
});

describe('The order of values', () => {
  test('the order of values is total, and 0 exactly for values that are the same', () => {
    fc.assert(
      fc.property(similarValue, similarValue, similarValue, (x, y, z) => {
        const [a, b, c] = [normal(x), normal(y), normal(z)];
        expect(compareValues(a, b) === 0).toBe(sameValue(a, b));
        expect(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a))).toBe(0);
        const [low, middle, high] = [a, b, c].toSorted(compareValues);
        expect(compareValues(low, high)).toBeLessThanOrEqual(0);
        expect(compareValues(low, middle) === 0 && compareValues(middle, high) === 0).toBe(
          compareValues(low, high) === 0,
        );
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('Tokens of keys', () => {
  test('tokens of keys are equal exactly for keys that are the same', () => {
    fc.assert(
      fc.property(similarKey, similarKey, (a, b) => {
        expect(new Set([keyToken(a)]).has(keyToken(b))).toBe(sameKey(a, b));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('A KeyMap', () => {
  type Step = { readonly do: 'set' | 'delete'; readonly key: Key; readonly value: number };

  const steps = fc.array(
    fc.record<Step>({ do: fc.constantFrom('set', 'set', 'delete'), key: similarKey, value: fc.nat() }),
    { maxLength: 12 },
  );

  test('a KeyMap holds the same pairs as a list that is searched by sameKey', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const map = new KeyMap<number>();
        const model: [Key, number][] = [];
        for (const { do: what, key, value } of list) {
          const at = model.findIndex(([held]) => sameKey(held, key));
          const [held] = model[at] ?? [key];
          if (what === 'set') map.set(key, value);
          expect(what === 'delete' ? map.delete(key) : at >= 0).toBe(at >= 0);
          if (what === 'delete') model.splice(at, at < 0 ? 0 : 1);
          else model.splice(at < 0 ? model.length : at, at < 0 ? 0 : 1, [held, value]);
        }
        expect([...map]).toEqual(model);
        expect(map.size).toBe(model.length);
        for (const [key, value] of model) expect([map.has(key), map.get(key)]).toEqual([true, value]);
      }),
    );
  });
});
