import { hrtime } from 'node:process';
import { hasLongChain, LONGEST_CHAIN } from '..';
import { hashOf } from './v8-hash';

/** Keys that all get into one chain of V8's hash table, as long as it has no more than 512 chains. */
function alike<T extends number | bigint>(count: number, make: (at: number) => T): T[] {
  const found: T[] = [];
  const wanted = hashOf(make(1)) & 0x1ff;
  for (let at = 1; found.length < count; at += 1) {
    const key = make(at);
    if ((hashOf(key) & 0x1ff) === wanted) found.push(key);
  }
  return found;
}

const KINDS: readonly (readonly [string, (at: number) => number | bigint])[] = [
  ['32-bit integers', (at) => at],
  ['negative integers', (at) => -at],
  ['large integers', (at) => 2 ** 40 + at],
  ['fractions', (at) => at + 0.5],
  ['bigints', (at) => BigInt(at)],
  ['negative bigints', (at) => -BigInt(at) - 2n ** 60n],
];

/** The least of several runs: the others were disturbed. */
function fastest(run: () => void): number {
  const times = Array.from({ length: 9 }, () => {
    const began = hrtime.bigint();
    run();
    return Number(hrtime.bigint() - began);
  });
  return Math.min(...times);
}

it.each(KINDS)(
  'knows how this version of V8 hashes %s: the ones that it takes for alike make a Set slow',
  (_, make) => {
    const slow = alike(400, make);
    const quick = Array.from({ length: 400 }, (__, at) => make(at + 1));
    const ratio =
      fastest(() => void Array.from({ length: 40 }, () => new Set(slow))) /
      fastest(() => void Array.from({ length: 40 }, () => new Set(quick)));
    expect(ratio).toBeGreaterThan(2);
  },
);

it.each(KINDS)('lets as many %s into one chain as are allowed, and no more', (_, make) => {
  const keys = alike(LONGEST_CHAIN + 1, make);
  const others = Array.from({ length: 500 }, (__, at) => `other ${at}`);
  expect(hasLongChain([...others, ...keys.slice(1)])).toBe(false);
  expect(hasLongChain([...others, ...keys])).toBe(true);
});

it.each<[string, (at: number) => number | bigint]>([
  ['sequential numbers', (at) => at],
  ['thousands', (at) => at * 1000],
  ['multiples of 65,536', (at) => at * 65_536],
  ['multiples of 2^32', (at) => at * 2 ** 32],
  ['times', (at) => 1.7e12 + at * 1000],
  ['tenths', (at) => at / 10],
  ['sequential bigints', (at) => BigInt(at) - 5000n],
  ['bigints that end in 48 zeros', (at) => BigInt(at) << 48n],
])('finds no long chain in %s', (_, make) => {
  expect(hasLongChain(Array.from({ length: 20_000 }, (__, at) => make(at)))).toBe(false);
});
