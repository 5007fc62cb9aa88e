import { isLargeKey } from './large-key';
import { Pid } from '../pid';
import type { Key } from '../value';

const pid = new Pid('n', 'a'.repeat(16), 1);

describe('A key', () => {
  it.each<[string, Key]>([
    ['a long text', 'x'.repeat(1001)],
    ['a large bigint', 2n ** 513n],
    ['a large negative bigint', -(2n ** 513n)],
    ['many parts', Array.from({ length: 17 }, (_, at) => at)],
    ['many parts in small arrays', Array.from({ length: 4 }, () => [1, 2, 3, 4])],
    ['a long text within', ['doc', ['x'.repeat(1001)]]],
    ['a large bigint within', ['doc', 2n ** 513n]],
    ['an object', { a: 1 }],
    ['an object within', [['doc', { a: 1 }]]],
  ])('is large with %s', (_what, key) => expect(isLargeKey(key)).toBe(true));

  it.each<[Key]>([['doc'], [7], [null], [true], [7n], [pid], [['doc', 1]], [['doc', ['a', [pid, 2n]]]]])(
    'is not large: %p',
    (key) => expect(isLargeKey(key)).toBe(false),
  );

  it('is looked at only until it is known to be large', () => {
    let looks = 0;
    const parts = Array.from({ length: 15 }, () => Array.from({ length: 200 }, (_, at) => at));
    const key = parts.map(
      (within) =>
        new Proxy(within, {
          get: (of, name) => {
            looks += 1;
            const part: unknown = Reflect.get(of, name);
            return part;
          },
        }),
    );
    expect(isLargeKey(key)).toBe(true);
    expect(looks).toBeLessThan(10);
  });
});
