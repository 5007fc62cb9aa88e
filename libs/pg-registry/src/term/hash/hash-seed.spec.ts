import * as fc from 'fast-check';
import { HashSeed } from '..';

const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN),
);

it('gives two numbers one token exactly if a Map takes them for one key', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), anyNumber, anyNumber, (mask, factor, a, b) => {
      const seed = new HashSeed(mask, factor);
      const isSame = new Set([a]).has(b);
      expect(seed.tokenOf(a) === seed.tokenOf(b)).toBe(isSame);
      expect(seed.tokenOf(a)).toBe(seed.tokenOf(a));
    }),
  );
});

it('gives no two of 200,000 integers one token', () => {
  const seed = new HashSeed(0x12345678, 0x9abcdef0);
  expect(new Set(Array.from({ length: 200_000 }, (_, at) => seed.tokenOf(at * 7919 - 1e9))).size).toBe(
    200_000,
  );
});

it('gives a number another token under another seed', () => {
  const tokens = Array.from({ length: 100 }, (_, at) => new HashSeed(at, at * 2 + 1).tokenOf(7));
  expect(new Set(tokens).size).toBeGreaterThan(90);
});
