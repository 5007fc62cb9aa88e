import { PidInterner, type Value } from '../term';
import { fromJson, toJson } from './json-form';

describe('JSON of keys and values', () => {
  const pid = new PidInterner().intern('a', '0000000000000001', 7);
  const VALUES: readonly Value[] = [
    null,
    'text',
    -0,
    NaN,
    -(2n ** 80n),
    undefined,
    pid,
    new Date(5),
    ['a', [1, { b: [true] }]],
    { $pid: 'not one' },
  ];

  it.each(VALUES.map((value) => [value]))('can be read again: %p', (value) => {
    expect(fromJson(toJson(value))).toEqual(value);
    expect(toJson(value, 400)).toEqual(toJson(value));
  });

  it('is cut beyond so many characters', () => {
    expect(toJson('x'.repeat(10), 12)).toBe('x'.repeat(10));
    for (const long of ['x'.repeat(11), [1234, 5678, 9], { name: 'longer' }, new Set([1, 2, 3])])
      expect(toJson(long as Value, 12)).toEqual({ $cut: expect.any(String) as string });
  });

  it('reads no further than what is shown of values with hundreds of thousands of parts', () => {
    let read = 0;
    const parts = Array.from({ length: 10_000 }, () => [1]);
    const counted = new Proxy(parts, {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^\d+$/.test(name)) read += 1;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    expect(toJson(counted as unknown as Value, 400)).toEqual({ $cut: expect.any(String) as string });
    expect(read).toBeLessThan(1000);
  });

  it('writes no digits of a bigint that is cut: they would take a second', () => {
    const decimal = jest.spyOn(globalThis, 'String');
    const huge = 1n << 100_000n;
    expect(toJson([huge], 400)).toEqual({ $cut: '[a huge bigint]' });
    expect(decimal.mock.calls).not.toContainEqual([huge]);
    decimal.mockRestore();
  });
});
