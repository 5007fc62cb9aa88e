import type { Key } from '../../term';
import { SubscriptionsByKey } from './subscriptions-by-key';

const PARTS = 1000;

/** An array that counts how often it is looked at. */
function counted(parts: readonly Key[]): { readonly key: Key; readonly looks: () => number } {
  let looks = 0;
  const key = new Proxy(parts, {
    get: (of, name) => {
      looks += 1;
      const part: unknown = Reflect.get(of, name);
      return part;
    },
  });
  return { key, looks: () => looks };
}

describe('Who follows a key', () => {
  const long = Array.from({ length: PARTS }, (_, at) => at);

  it('is looked up once for a large key, however often its entries change', () => {
    const byKey = new SubscriptionsByKey<string>();
    byKey.set('k', 'k');
    const { key, looks } = counted(long);
    for (let change = 0; change < 500; change += 1) expect(byKey.get(key)).toBeUndefined();
    expect(looks()).toBeLessThan(10 * PARTS);
  });

  it('is found without the digits of a bigint that is larger than all that are followed', () => {
    const digits = jest.spyOn(BigInt.prototype, 'toString');
    const byKey = new SubscriptionsByKey<string>();
    byKey.set(-7n, 'seven');
    expect(byKey.get(-7n)).toBe('seven');
    digits.mockClear();
    expect([byKey.get(2n ** 9000n), byKey.get(-(2n ** 9000n))]).toEqual([undefined, undefined]);
    expect(digits).not.toHaveBeenCalled();
    digits.mockRestore();
  });

  it('is looked up once for an array of large bigints, whose digits take long to write', () => {
    const digits = jest.spyOn(BigInt.prototype, 'toString');
    const byKey = new SubscriptionsByKey<string>();
    byKey.set('k', 'k');
    for (const key of [[2n ** 9000n], ['a', -(2n ** 9000n)]]) {
      digits.mockClear();
      for (let change = 0; change < 500; change += 1) expect(byKey.get(key)).toBeUndefined();
      expect(digits.mock.calls.length).toBeLessThan(10);
    }
    digits.mockRestore();
  });

  it('is known again after somebody begins to follow it, or ceases to', () => {
    const byKey = new SubscriptionsByKey<string>();
    const keys: Key[] = [long, [[1, 2]], { a: [1] }, 2n ** 70n, 'text', 5, null, ['a', 1]];
    for (const key of keys) expect(byKey.get(key)).toBeUndefined();
    keys.forEach((key, at) => byKey.set(key, `${at}`));
    expect(keys.map((key) => byKey.get(key))).toEqual(keys.map((_, at) => `${at}`));
    expect([byKey.get(long.slice()), byKey.get({ a: [1] }), byKey.size]).toEqual(['0', '2', keys.length]);
    for (const key of keys) byKey.delete(key);
    for (const key of keys) expect(byKey.get(key)).toBeUndefined();
  });
});
