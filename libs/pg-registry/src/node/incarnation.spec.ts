import { newIncarnation } from './incarnation';

const DAY_MS = 86_400_000;
const today = Date.UTC(2026, 10, 21);

describe('an incarnation', () => {
  it('is 16 hexadecimal digits, whatever the clock says', () => {
    for (const startedMs of [today, 0, 1.5, Date.UTC(2100, 0, 1), -1, Number.MAX_SAFE_INTEGER]) {
      expect(newIncarnation(startedMs)).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it('is lower the earlier the node has started', () => {
    const starts = [today, today + 1, today + 2, today + DAY_MS, today + 10_000 * DAY_MS];
    const incarnations = starts.map(newIncarnation);
    expect(incarnations.toSorted()).toEqual(incarnations);
  });

  it('differs between nodes that start in the same millisecond', () => {
    expect(newIncarnation(today)).not.toBe(newIncarnation(today));
  });
});
