import { DEFAULT_VALUE_LIMITS } from '../../term';
import { FRAMES } from '../../wire';
import { FakeCluster, type FakeNode, expectNoLeak, failureOf, never, turn } from '../calls.fixture';

describe('what one turn says to a node', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;

  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b] = [cluster.node('a'), cluster.node('b')];
  });

  /** The items of each frame that a node sent, by their kinds. */
  const sent = (node: FakeNode): string[] => node.published.map((kinds) => kinds.join(' '));

  it('travels in one frame, but for the first item of a quiet line, which leaves at once', async () => {
    const { pid } = b.serve({ echo: (value) => value }, { casts: { note: () => undefined } });
    const first = a.service.call(pid, 'echo', 1);
    expect(sent(a)).toEqual(['call']);
    const others = [2, 3].map((value) => a.service.call(pid, 'echo', value));
    a.service.cast(pid, 'note', 4);
    expect(sent(a)).toEqual(['call']);
    await expect(Promise.all([first, ...others])).resolves.toEqual([1, 2, 3]);
    expect(sent(a)).toEqual(['call', 'call call cast']);
    await turn();
    expectNoLeak(cluster);
  });

  it('waits for the end of the turn from its first item on while the line is busy, and leaves at once again after a pause', async () => {
    const { pid } = b.serve({ echo: (value) => value });
    await Promise.all([1, 2, 3].map((value) => a.service.call(pid, 'echo', value)));
    a.published.length = 0;
    await Promise.all([1, 2, 3].map((value) => a.service.call(pid, 'echo', value)));
    expect(sent(a)).toEqual(['call call call']);
    cluster.timers.advance(10);
    void a.service.call(pid, 'echo', 1);
    expect(sent(a)).toEqual(['call call call', 'call']);
    await turn();
  });

  it('arrives in the order in which it was written, calls, casts and cancels alike', async () => {
    const seen: unknown[] = [];
    const { pid } = b.serve(
      { ask: (value) => void seen.push(value) },
      { casts: { note: (value) => void seen.push(value) }, serial: true },
    );
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i += 2) {
      calls.push(a.service.call(pid, 'ask', i));
      a.service.cast(pid, 'note', i + 1);
    }
    await Promise.all(calls);
    await turn();
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('waits for the end of the turn once, however many items it has', async () => {
    const { pid } = b.serve({}, { casts: { note: () => undefined } });
    const afterTurn = jest.spyOn(cluster.timers, 'afterTurn');
    for (let i = 0; i < 10; i += 1) a.service.cast(pid, 'note', i);
    expect(afterTurn).toHaveBeenCalledTimes(1);
    await turn();
    expect(sent(a)).toEqual(['cast', Array.from({ length: 9 }, () => 'cast').join(' ')]);
  });

  it('leaves at the end of the next turn if the connection failed at the end of this one', () => {
    const { pid } = b.serve({}, { casts: { note: () => undefined } });
    const ends: (() => void)[] = [];
    jest.spyOn(cluster.timers, 'afterTurn').mockImplementation((fn) => {
      ends.push(fn);
      return () => undefined;
    });
    const note = (times: number): void => {
      for (let i = 0; i < times; i += 1) a.service.cast(pid, 'note', i);
    };
    note(2);
    jest.spyOn(a.published, 'push').mockImplementationOnce(() => {
      throw new Error('broken');
    });
    expect(ends.pop()).toThrow('broken');
    note(1);
    ends.pop()?.();
    expect(sent(a).at(-1)).toContain('cast');
    expect([sent(a).length, a.calls.port.waiting.size]).toEqual([2, 0]);
  });

  it('leaves before the end of the turn when asked to, so that nothing overtakes it', () => {
    const { pid } = b.serve({}, { casts: { note: () => undefined } });
    for (let i = 0; i < 3; i += 1) a.service.cast(pid, 'note', i);
    expect([sent(a), a.calls.port.waiting.size]).toEqual([['cast'], 1]);
    a.calls.port.flush();
    expect([sent(a), a.calls.port.waiting.size]).toEqual([['cast', 'cast cast'], 0]);
  });

  it('is split into frames of the size that a frame may have, and an item beyond it is refused alone', async () => {
    const limits = { ...DEFAULT_VALUE_LIMITS, maxValueBytes: 100_000 };
    [a, b] = [cluster.node('a', { limits }), cluster.node('b', { limits })];
    const { pid } = b.serve({ length: (text) => (text as string).length });
    const texts = [10, 15_000, 90_000, 99_990, 60_000, 20].map((length) => 'x'.repeat(length));
    const outcomes = texts.map((text) =>
      a.service.call(pid, 'length', text).catch((error: { code: string }) => error.code),
    );
    await expect(Promise.all(outcomes)).resolves.toEqual([10, 15_000, 90_000, 'VALUE_TOO_LARGE', 60_000, 20]);
    for (const bytes of a.publishedBytes) expect(bytes).toBeLessThanOrEqual(100_000);
    await turn();
    expectNoLeak(cluster);
  });

  it('refuses an item that fits alone but not with its name, and says whose limit that is and what happened', async () => {
    const limits = { ...DEFAULT_VALUE_LIMITS, maxValueBytes: 100_000 };
    [a, b] = [cluster.node('a', { limits }), cluster.node('b', { limits })];
    const { pid } = b.serve({ make: (length) => 'x'.repeat(length as number), take: () => null });
    await expect(a.service.call(pid, 'take', 'x'.repeat(99_990))).rejects.toThrow(
      /^What is sent with 'take' must take at most 100000 bytes with all that goes with it \(got 100\d\d\d\), because the broker of the test says so\. Nothing was sent\.$/,
    );
    await expect(a.service.call(pid, 'make', 99_990)).rejects.toThrow(
      /The answer must take at most 100000 bytes .*because the broker of the test says so\. The handler ran\./,
    );
  });

  it('fails each call of the turn, and lets it be made elsewhere, when nobody listens', async () => {
    const { pid } = b.serve({ echo: (value) => value });
    cluster.availabilities.set('b', 'ready');
    b.crash();
    const failures = [1, 2, 3].map((value) => failureOf(a.service.call(pid, 'echo', value)));
    for (const failure of failures)
      await expect(failure).resolves.toMatchObject({ code: 'NODE_DOWN', mayHaveExecuted: false });
    expect(a.calls.stats()).toMatchObject({ pending: 0, pendingRemote: 0 });
    expect(a.calls.port.bundles.size).toBe(0);
  });

  it('believes no news that nobody listens under a number alone, or with the secret of another node', async () => {
    const c = cluster.node('c');
    const tokens: string[] = [];
    jest.spyOn(a.calls.port, 'noResponders').mockImplementation((token) => void tokens.push(token));
    const gone = c.serve({ echo: never });
    cluster.availabilities.set('c', 'ready');
    c.crash();
    void failureOf(a.service.call(gone.pid, 'echo', 0, { timeoutMs: 50 }));
    const { pid } = b.serve({ echo: never });
    const left = failureOf(a.service.call(pid, 'echo', 1, { timeoutMs: 50 }));
    await turn();
    jest.restoreAllMocks();
    const [secret] = tokens.map((token) => token.slice(token.indexOf('-')));
    expect(secret).toMatch(/^-[a-z\d]+-[a-z\d]+$/);
    for (const forged of ['2', '2-', `2${secret}`]) expect(a.calls.port.noResponders(forged)).toBeUndefined();
    expect(a.calls.port.noResponders(`1${secret}`)).toBe('c');
    cluster.timers.advance(50);
    await expect(left).resolves.toMatchObject({ code: 'CALL_TIMEOUT' });
  });

  it('fails each call of the turn when the connection is lost before the turn ends', async () => {
    const { pid } = b.serve({ echo: never });
    const left = a.service.call(pid, 'echo', 0, { timeoutMs: 50 });
    const failures = [failureOf(a.service.call(pid, 'echo', 1)), failureOf(left)];
    a.connected = false;
    await expect(failures[0]).resolves.toMatchObject({ code: 'TRANSPORT' });
    cluster.timers.advance(50);
    await expect(failures[1]).resolves.toMatchObject({ code: 'CALL_TIMEOUT' });
  });

  it('is read item by item: one that cannot be read does no harm to those behind it', () => {
    const { casts } = b.collect();
    const item = (kind: keyof typeof FRAMES, body: number[]): number[] => [
      FRAMES[kind].number,
      body.length,
      0,
      0,
      0,
      ...body,
    ];
    const good = b.bodyOfCast(a, 7);
    for (const bad of [item('call', [1, 2]), item('hello', []), item('cast', [255]), item('reply', [])])
      b.receive(a, { kind: 'bundle', body: Uint8Array.from([...good, ...bad, ...good]) });
    expect(casts()).toBe(8);
    expect(b.calls.stats().warnings).toEqual({ 'malformed-frame': 4 });
    // An item that announces more than there is ends the bundle.
    b.receive(a, { kind: 'bundle', body: Uint8Array.from([...good, 12, 255, 255, 0, 0, ...good]) });
    expect(casts()).toBe(9);
  });

  it('costs little when a peer fills a frame with items that cannot be read', () => {
    const body = new Uint8Array(500_000).fill(FRAMES.call.number);
    for (let at = 0; at < body.length; at += 5) body.fill(0, at + 1, at + 5);
    b.receive(a, { kind: 'bundle', body });
    expect(b.calls.stats().warnings['malformed-frame']).toBe(100);
  });
});
