import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { messageOfThrown } from '../term';
import { Reader, Writer } from '../wire';
import { FakeCluster, turn } from './calls.fixture';
import { readToken, writeToken } from './frames/call-token';
import { ITEM } from './frames/item-kinds';

/** What is reachable takes so many bytes. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flag puts it there
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('what a cancelled call leaves', () => {
  it('a handler that runs on holds 256 characters of why its caller gave up, however long that was', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const signals: AbortSignal[] = [];
    const ends: (() => void)[] = [];
    const { pid } = b.serve({
      run: (_, { signal }) => {
        signals.push(signal);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
    });
    const before = heapBytes();
    for (let at = 0; at < 60; at += 1) {
      const controller = new AbortController();
      void a.service.call(pid, 'run', null, { signal: controller.signal }).catch(() => undefined);
      // oxlint-disable-next-line no-await-in-loop
      await turn();
      // As a node says it that does not shorten it.
      const [{ body }] = cluster.frames.filter(({ kind }) => kind === 'call').slice(-1);
      const reader = new Reader(body);
      reader.nextItem();
      const writer = new Writer();
      writer.u8(ITEM.cancel);
      const start = writer.startPart();
      writeToken(writer, readToken(reader));
      writer.u8(0);
      writer.string(`${at} `.padEnd(400_000, 'y'));
      writer.u32(writer.length - start, start - 4);
      b.receive(a, { kind: 'bundle', body: writer.finish() });
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
    cluster.frames.length = 0;
    expect(signals).toHaveLength(60);
    expect(new Set(signals.map(({ reason }) => (reason as DOMException).message.length))).toEqual(
      new Set([256]),
    );
    expect(heapBytes() - before).toBeLessThan(5_000_000);
    for (const end of ends) end();
    await turn();
  });
});

it('the text of an error that was cut does not hold the whole', () => {
  const before = heapBytes();
  const texts = Array.from({ length: 60 }, (_, at) =>
    messageOfThrown(new Error(`${at} `.padEnd(400_000, 'y'))),
  );
  expect(heapBytes() - before).toBeLessThan(5_000_000);
  expect(texts[7]).toHaveLength(4096);
});
