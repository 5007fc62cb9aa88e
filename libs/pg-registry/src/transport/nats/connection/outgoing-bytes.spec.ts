import { OutgoingBytes } from './outgoing-bytes';

const MB = 2 ** 20;

describe('what is on its way to the server', () => {
  let flushes: { resolve(): void; reject(error: Error): void }[];
  let outgoing: OutgoingBytes;
  beforeEach(() => {
    flushes = [];
    outgoing = new OutgoingBytes(() => new Promise((resolve, reject) => flushes.push({ resolve, reject })));
  });

  const settled = (): Promise<void> => new Promise(setImmediate);

  it('is confirmed by one flush at a time, which counts for what was sent before it', async () => {
    outgoing.sent(MB);
    expect(flushes).toHaveLength(0);
    for (let sent = 1; sent < 5; sent += 1) outgoing.sent(MB);
    expect([flushes.length, outgoing.bytes]).toEqual([1, 5 * MB]);
    flushes[0].resolve();
    await settled();
    expect([flushes.length, outgoing.bytes]).toEqual([2, 3 * MB]);
    flushes[1].resolve();
    await settled();
    expect([flushes.length, outgoing.bytes]).toEqual([2, 0]);
  });

  it('is a congestion from 16 MB on, until less is on its way', async () => {
    for (let sent = 0; sent < 15; sent += 1) outgoing.sent(MB);
    expect(outgoing.congestion()).toBeUndefined();
    outgoing.sent(MB);
    outgoing.sent(MB);
    const ends = outgoing.congestion();
    expect([outgoing.congestions, ends]).toEqual([1, expect.any(Promise)]);
    flushes[0].resolve();
    await ends;
    expect([outgoing.congestion(), outgoing.bytes]).toEqual([undefined, 15 * MB]);
    outgoing.sent(MB);
    expect([outgoing.congestions, outgoing.congestion()]).toEqual([2, expect.any(Promise)]);
  });

  it.each([
    ['the connection is lost', () => outgoing.lost()],
    ['the server cannot be asked', () => flushes[0].reject(new Error('no'))],
  ])('counts as lost when %s, and is counted anew', async (_, lose) => {
    outgoing.sent(17 * MB);
    const ends = outgoing.congestion();
    lose();
    await ends;
    expect([outgoing.bytes, outgoing.congestion()]).toEqual([0, undefined]);
    outgoing.sent(3 * MB);
    // A late answer to the flush from before says nothing of it.
    flushes[0].resolve();
    await settled();
    expect([flushes.length, outgoing.bytes]).toEqual([2, 3 * MB]);
  });
});
