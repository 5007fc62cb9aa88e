import { useLoneNodes } from './support/node';
import { valuesOf } from './support/recording';

describe('locks and updater functions', () => {
  const start = useLoneNodes();

  test('C138 a lock makes a second process wait for it, and does not hold up other locks', async () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const order: string[] = [];
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const lock = (key: string, name: string, until: Promise<void>): Promise<string> =>
      lone.actor().do(() =>
        registry.lock(key, async () => {
          order.push(`${name} begins`);
          await until;
          order.push(`${name} ends`);
          return name;
        }),
      );
    const first = lock('x', 'first', held);
    const second = lock('x', 'second', Promise.resolve());
    await expect(lock('y', 'third', Promise.resolve())).resolves.toBe('third');
    expect(order).toEqual(['first begins', 'third begins', 'third ends']);
    release();
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(order.slice(3)).toEqual(['first ends', 'second begins', 'second ends']);
  });

  test('C140 an updater function runs once for each entry of the process, and never if it has none', () => {
    const lone = start();
    const registry = lone.node.scope('pg');
    const other = lone.actor();
    registry.join('theirs', other.pid, 1);
    const olds: unknown[] = [];
    const increment = (old: unknown): number => {
      olds.push(old);
      return Number(old) + 1;
    };
    expect(registry.updateValue('absent', increment)).toBe(false);
    expect(registry.updateValue('theirs', increment)).toBe(false);
    expect(olds).toEqual([]);
    registry.register('mine', 1);
    registry.register('mine', 10);
    expect(registry.updateValue('mine', increment)).toBe(true);
    expect(olds).toEqual([1, 10]);
    expect(valuesOf(registry, 'mine')).toEqual([2, 11]);
    expect(valuesOf(registry, 'theirs')).toEqual([1]);
  });
});
