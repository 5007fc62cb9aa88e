import { StartPauses } from './start-pauses';

describe('The pauses of keys that fail to start', () => {
  it('double with each failure in a row, up to 30 seconds', () => {
    const pauses = new StartPauses();
    const lengths: number[] = [];
    for (let failure = 0; failure < 12; failure += 1) {
      pauses.failed('a', 'broken', 0);
      lengths.push(pauses.of('a', 0)!.until);
    }
    expect(lengths.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(lengths.at(-1)).toBe(30_000);
  });

  it('end by themselves, and with a start that succeeds', () => {
    const pauses = new StartPauses();
    pauses.failed('a', 'broken', 0);
    expect(pauses.of('a', 99)).toMatchObject({ failures: 1, why: 'broken' });
    expect(pauses.of('a', 100)).toBeUndefined();
    pauses.started('a');
    expect(pauses.size).toBe(0);
  });

  it('are remembered for a bounded number of keys', () => {
    const pauses = new StartPauses();
    for (let key = 0; key < 5000; key += 1) pauses.failed(key, 'broken', 0);
    expect(pauses.size).toBe(1000);
    expect(pauses.of(4999, 0)).toBeDefined();
    expect(pauses.of(0, 0)).toBeUndefined();
  });

  it('are remembered in a bounded size, whatever the keys and the errors are', () => {
    const pauses = new StartPauses();
    const remembered = (): number => pauses.size;
    for (let key = 0; key < 1000; key += 1) pauses.failed([key, ...emptyArrays], 'broken', 0);
    expect(remembered()).toBeLessThanOrEqual(262_144 / (2 * emptyArrays.length));
    expect(pauses.of([999, ...emptyArrays], 0)).toMatchObject({ why: 'broken' });
    const short = new StartPauses();
    for (let key = 0; key < 1000; key += 1) short.failed(key, 'x'.repeat(4096), 0);
    expect(short.size).toBeLessThanOrEqual(64);
    for (let key = 0; key < 1000; key += 1) short.started(key);
    expect(short.size).toBe(0);
    for (let key = 0; key < 500; key += 1) short.failed(key, 'broken', 0);
    expect(short.size).toBe(500); // what was forgotten does not count any more
  });
});

/** In a key, each takes about 50 times as much as what a peer sends for it. */
const emptyArrays: readonly (readonly never[])[] = Array.from({ length: 1000 }, () => []);
