import * as fc from 'fast-check';
import { RunningDigest } from './digest';

const pairs = fc.uniqueArray(fc.tuple(fc.nat(2 ** 31 - 1), fc.nat(1000)), { selector: String });
const digestOf = (list: readonly (readonly [number, number])[]) => {
  const digest = new RunningDigest();
  for (const [number, revision] of list) digest.change(1, number, revision);
  return digest.read();
};

const text = (list: [number, number][]) => {
  const { hashHigh, hashLow } = digestOf(list);
  return `${hashHigh} ${hashLow}`;
};

it('a digest does not depend on order or on what came and went', () => {
  fc.assert(
    fc.property(pairs, pairs, (kept, gone) => {
      const digest = new RunningDigest();
      for (const [number, revision] of gone) digest.change(1, number, revision);
      for (const [number, revision] of kept.toReversed()) digest.change(1, number, revision);
      for (const [number, revision] of gone) digest.change(-1, number, revision);
      expect(digest.read()).toEqual(digestOf(kept));
    }),
  );
});

it('a digest tells sets apart that differ in one number, one revision, or in which entry has which revision', () => {
  const seen = new Set<string>();
  let sets = 0;
  for (let number = 0; number < 100; number += 1) {
    for (let revision = 0; revision < 100; revision += 1) {
      seen.add(text([[number, revision]]));
      seen.add(text([[number + 2 ** 32, revision]]));
      sets += 2;
    }
  }
  expect(seen.size).toBe(sets);
  expect(text([[1, 2], [2, 1]])).not.toBe(text([[1, 1], [2, 2]])); // prettier-ignore
});

it('a digest gives both halves as unsigned 32-bit integers', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const { count, hashHigh, hashLow } = digestOf(list);
      expect(count).toBe(list.length);
      for (const half of [hashHigh, hashLow]) expect(half === half >>> 0).toBe(true);
    }),
  );
});
