import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { ChangeFact, EventBatch } from '../observer';
import { EventStream } from './event-stream';

const change = (number: number): ChangeFact => ({
  number,
  at: 0,
  type: 'join',
  scope: 'pg',
  key: 'k',
  keyText: 'k',
  pid: '',
  node: 'n',
  entries: 1,
  revision: 1,
  cause: 'call',
});
const batchOf = (events: number, skipped = 0): EventBatch => ({
  node: 'n',
  events: Array.from({ length: events }, (_, at) => change(at + 1)),
  skipped,
});

/** A stream whose reader reads when the test says so. */
class SlowReader {
  now = 0;
  readonly raw = new PassThrough({ highWaterMark: 100 });
  readonly stream = new EventStream(
    this.raw as unknown as ServerResponse,
    { node: 'n', incarnation: 'i', resumed: false },
    () => this.now,
  );

  /** What has arrived, and was not read before. */
  read(): string {
    return String(this.raw.read() ?? '');
  }
}

/** Batches that the test gives, one by one. */
async function* given(batches: readonly (() => EventBatch)[]): AsyncGenerator<EventBatch> {
  for (const batch of batches) {
    yield batch();
    // As much time as the events of a stream need.
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a stream of events', () => {
  it('holds back nothing but one batch for a reader that reads nothing, and counts what it left out', async () => {
    const reader = new SlowReader();
    const waiting: number[] = [];
    let text = '';
    const flood = Array.from({ length: 100 }, () => () => {
      waiting.push(reader.raw.readableLength + reader.raw.writableLength);
      return batchOf(60);
    });
    const takes = (): EventBatch => {
      text += reader.read();
      return batchOf(0);
    };
    await reader.stream.run(given([...flood, takes, takes, takes, () => batchOf(1)]));
    text += reader.read();
    expect(new Set(waiting.slice(5)).size).toBe(1);
    expect(waiting[99]).toBeLessThan(25_000);
    const shown = text.split('"number"').length - 1;
    const skipped = [...text.matchAll(/"skipped":(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(shown + skipped).toBe(100 * 60 + 1);
  });

  it('is closed for a reader that has read nothing for 30 seconds', async () => {
    const reader = new SlowReader();
    const later = (ms: number) => (): EventBatch => {
      reader.now = ms;
      return batchOf(60);
    };
    await reader.stream.run(given([later(0), later(29_000), later(31_000), later(32_000)]));
    expect(reader.raw.destroyed).toBe(true);
    expect(reader.stream.signal.aborted).toBe(true);
  });

  it('says now and then that it lives, and what went wrong', async () => {
    const reader = new SlowReader();
    const later = (ms: number) => (): EventBatch => {
      reader.now = ms;
      reader.read();
      return batchOf(0);
    };
    const failing = (): EventBatch => {
      expect(reader.read()).toBe(': still here\n\n');
      throw new Error('gone <b>');
    };
    await reader.stream.run(given([later(1000), later(12_000), failing]));
    expect(reader.read()).toContain('event: failed\ndata: {"message":"gone <b>"}\n\n');
    expect(reader.raw.writableEnded).toBe(true);
  });
});
