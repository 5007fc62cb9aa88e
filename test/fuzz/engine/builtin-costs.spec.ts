import { BuiltinCosts } from './builtin-costs';

/** What it counts while `act` runs. */
function costOf(act: () => void): number {
  const costs = new BuiltinCosts();
  try {
    costs.start();
    act();
    costs.stop();
    return costs.total;
  } finally {
    costs.restore();
  }
}

describe('BuiltinCosts', () => {
  it('count the keys that a Map passes on its way to one that collides with them', () => {
    // V8 hashes a bigint by its lowest 64 bits.
    const colliding = (map: Map<bigint, number>): void => {
      for (let at = 1; at <= 100; at += 1) map.set(BigInt(at) << 64n, at);
    };
    expect(costOf(() => colliding(new Map()))).toBe((100 * 99) / 2);
  });

  it('count nothing for a key that is set again: it stays where it is', () => {
    const again = (): void => {
      const [map, set] = [new Map<number, number>(), new Set<number>()];
      for (let at = 0; at < 100; at += 1) {
        map.set(7, at);
        set.add(7);
      }
    };
    // Only what a Map with that one key passes.
    expect(costOf(again)).toBeLessThan(200);
  });
});
