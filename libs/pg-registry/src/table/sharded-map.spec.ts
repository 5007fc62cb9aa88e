import { FIXED_SEED, HashSeed } from '../term';
import { ShardedMap } from './sharded-map';

it('a sharded map behaves like a Map before and after it was split', () => {
  const map = new ShardedMap<string | number, number>(FIXED_SEED.spread);
  const keys = Array.from({ length: 50_000 }, (_, at) => (at % 2 === 0 ? at : `key-${at}`));
  keys.forEach((key, at) => map.set(key, at));
  keys.forEach((key, at) => map.set(key, at));
  expect(map.size).toBe(50_000);
  expect(keys.every((key, at) => map.get(key) === at)).toBe(true);
  expect(map.get('key-2')).toBeUndefined();
  let sum = 0;
  map.forEach((value) => (sum += value));
  expect(sum).toBe((50_000 * 49_999) / 2);
  expect(keys.every((key) => map.delete(key))).toBe(true);
  expect(map.delete('key-1')).toBe(false);
  expect(map.size).toBe(0);
});

it('a sharded map finds every kind of token in its shard again', () => {
  const map = new ShardedMap<string | number | boolean | null, number>(FIXED_SEED.spread);
  const tokens = [Number.NaN, 0, 1.5, -1, 2 ** 60, Infinity, true, false, null, '', 'x'.repeat(10_000)];
  for (let filler = 0; filler < 40_000; filler += 1) map.set(`filler ${filler}`, filler);
  tokens.forEach((token, at) => map.set(token, at));
  expect(tokens.map((token) => map.get(token))).toEqual(tokens.map((_, at) => at));
  expect(map.get(-0)).toBe(1);
});

/** As the map does it, up to the unequal shares. */
const shardOf = (token: string | number, seed = FIXED_SEED) =>
  Math.imul(seed.spread(token), 0x9e3779b1) >>> 27;

it.each([
  ['sequential numbers', (at: number) => at],
  ['names that end in a number', (at: number) => `user-${at}`],
  ['numbers inside a longer name', (at: number) => `tenant:${String(at).padStart(8, '0')}:profile:settings`],
])('spreads %s so that no shard grows to a quarter of all', (_, key) => {
  const sizes = new Map<number, number>();
  for (let at = 0; at < 30_000; at += 1) {
    const shard = shardOf(key(at));
    sizes.set(shard, (sizes.get(shard) ?? 0) + 1);
  }
  expect(Math.max(...sizes.values())).toBeLessThan(7500);
});

it('lets nobody foresee the shard of a text: what meets under one seed is spread under another', () => {
  const known = new HashSeed(0x12345678, 0x9abcdef1);
  const chosen: string[] = [];
  for (let at = 0; chosen.length < 600; at += 1) {
    const text = `${'x'.repeat(40)}${at}${'y'.repeat(40)}`;
    if (shardOf(text, known) === 3) chosen.push(text);
  }
  const sizes = new Map<number, number>();
  for (const text of chosen) {
    const shard = shardOf(text, new HashSeed(0x55aa55aa, 0x13579bdf));
    sizes.set(shard, (sizes.get(shard) ?? 0) + 1);
  }
  expect(Math.max(...sizes.values())).toBeLessThan(150);
});
