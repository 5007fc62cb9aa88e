import {
  concat,
  defer,
  EMPTY,
  from,
  map,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  tap,
  throwError,
} from 'rxjs';
import { collectUntil } from '../../../../test/support/garbage';
import { SharedTurns } from '../lifetime';
import { heapBytesOf, MailboxFullError, ValueTooLargeError } from '../term';
import { systemClock } from '../node';
import { MAX_WAITING, ReplyWriter } from './reply-writer';
import { WINDOW } from './rpc-message';
import {
  MOST_WAITING_BYTES,
  MOST_WAITING_OF_NODE,
  type StreamBacklog,
  StreamBacklogs,
} from './stream-backlogs';

const turn = (): Promise<void> => new Promise(setImmediate);

describe('ReplyWriter', () => {
  let sent: (readonly [ahead: number, values: readonly unknown[]])[];
  let streaming: number;
  let errors: unknown[];
  let caller: AbortController;
  let backlog: StreamBacklog;
  let turns: SharedTurns;
  let onSend: () => void;

  beforeEach(() => {
    sent = [];
    streaming = 0;
    errors = [];
    onSend = () => undefined;
    caller = new AbortController();
    backlog = { waiting: 0, bytes: 0 };
    // The time stands still: on a busy machine, a turn of 10 ms may have no room for what a test wants done at once.
    turns = new SharedTurns({
      timers: { now: () => 0, afterTurn: (run) => systemClock.afterTurn(run) },
      onError: (error) => errors.push(error),
    });
  });
  // Whatever became of the stream, nothing of it waits any more.
  // oxlint-disable-next-line jest/no-standalone-expect -- holds after each test
  afterEach(() => expect(backlog).toEqual({ waiting: 0, bytes: 0 }));

  function writer(maxBatch = Infinity): ReplyWriter {
    return new ReplyWriter({
      signal: caller.signal,
      node: 'a',
      turns,
      backlog,
      onStreaming: () => (streaming += 1),
      onError: (error) => errors.push(error),
      send: (ahead, values) => {
        if (values.length > maxBatch) throw new ValueTooLargeError('too much');
        sent.push([ahead, values]);
        onSend();
      },
    });
  }

  it('a reply of one value is one answer', async () => {
    await expect(writer().write(of(1))).resolves.toEqual({ ahead: 0, values: [1], errors: [] });
    await expect(writer().write(from(Promise.resolve(2)))).resolves.toEqual({
      ahead: 0,
      values: [2],
      errors: [],
    });
    expect([sent, streaming]).toEqual([[], 0]);
  });

  it('a reply to an empty stream is an answer without a value', async () => {
    await expect(writer().write(EMPTY)).resolves.toEqual({ ahead: 0, values: [], errors: [] });
  });

  it('a reply sends the values that are there at the end of a turn, and keeps the last one for the answer', async () => {
    const source = new Subject<number>();
    const answer = writer().write(source);
    source.next(1);
    source.next(2);
    expect(sent).toEqual([]);
    await turn();
    expect(sent).toEqual([[0, [1, 2]]]);
    source.next(3);
    source.next(4);
    source.complete();
    await expect(answer).resolves.toEqual({ ahead: 3, values: [4], errors: [] });
    expect(sent).toEqual([
      [0, [1, 2]],
      [2, [3]],
    ]);
    expect(streaming).toBe(1);
  });

  it('a reply that fails answers with the error after the values before it', async () => {
    const source = concat(
      of(1, 2),
      throwError(() => ({ status: 'error' })),
    );
    await expect(writer().write(source)).resolves.toEqual({
      ahead: 1,
      values: [2],
      errors: [{ status: 'error' }],
    });
    await expect(writer().write(throwError(() => undefined))).resolves.toMatchObject({
      errors: [{ status: 'error' }],
    });
  });

  it('a reply sends no more than it is allowed to, and the rest when it is', async () => {
    const stream = writer();
    const answer = stream.write(range(0, WINDOW + 11));
    await turn();
    expect(sent.map(([ahead, values]) => [ahead, values.length])).toEqual([[0, WINDOW]]);
    stream.allow(WINDOW + 5);
    stream.allow(WINDOW + 3);
    expect(sent.at(-1)).toEqual([WINDOW, [WINDOW, WINDOW + 1, WINDOW + 2, WINDOW + 3, WINDOW + 4]]);
    stream.allow(WINDOW * 2);
    await expect(answer).resolves.toEqual({ ahead: WINDOW + 10, values: [WINDOW + 10], errors: [] });
  });

  it('a reply ends its stream if the caller falls too far behind', async () => {
    let unsubscribed = false;
    const source = new Observable<number>((subscriber) => {
      for (let i = 0; i <= MAX_WAITING && !subscriber.closed; i += 1) subscriber.next(i);
      return () => (unsubscribed = true);
    });
    await expect(writer().write(source)).rejects.toThrow(MailboxFullError);
    expect(unsubscribed).toBe(true);
  });

  it('a reply ends a source that emits all its values at once, among them', async () => {
    let emitted = 0;
    const source = defer(() => range(0, 2 * MAX_WAITING)).pipe(tap(() => (emitted += 1)));
    await expect(writer().write(source)).rejects.toThrow(MailboxFullError);
    expect(emitted).toBe(MAX_WAITING + 1);
  });

  it('a reply tells what the teardown of such a source throws', async () => {
    const told = new Error('teardown');
    const source = new Observable<number>((subscriber) => {
      for (let i = 0; i < 2 * MAX_WAITING && !subscriber.closed; i += 1) subscriber.next(i);
      return () => {
        throw told;
      };
    });
    await expect(writer().write(source)).rejects.toThrow(MailboxFullError);
    expect(errors).toEqual([told]);
  });

  it('replies end their streams if all callers of one node together fall too far behind', async () => {
    const streams = MOST_WAITING_OF_NODE / MAX_WAITING;
    const sources = Array.from({ length: streams + 1 }, () => new Subject<number>());
    const answers = sources.map((source) =>
      writer()
        .write(source)
        .then(
          () => 'ended',
          (error: unknown) => error,
        ),
    );
    for (const source of sources) for (let i = 0; i < MAX_WAITING; i += 1) source.next(i);
    expect(await answers[streams]).toBeInstanceOf(MailboxFullError);
    expect(backlog.waiting).toBe(MOST_WAITING_OF_NODE - streams * WINDOW); // each stream has sent a window
    caller.abort(new Error('gone'));
    await Promise.all(answers);
  });

  it('replies end their streams if what waits for the callers of one node takes too much memory', async () => {
    let most = 0;
    const texts = new Observable<string>((subscriber) => {
      for (let i = 0; i < 400; i += 1) {
        subscriber.next(`${i}`.padEnd(100_000, 'x'));
        most = Math.max(most, backlog.bytes);
      }
    });
    const answers = [1, 2].map(() =>
      writer()
        .write(texts)
        .catch((error: unknown) => error),
    );
    expect(most).toBeGreaterThan(MOST_WAITING_BYTES * 0.9);
    expect(most).toBeLessThanOrEqual(MOST_WAITING_BYTES);
    expect(await answers[1]).toBeInstanceOf(MailboxFullError);
    caller.abort(new Error('gone'));
    await answers[0];
  });

  describe('long texts that were put together', () => {
    const concatenated = (count: number, unit: string): Observable<string> =>
      range(0, count).pipe(map((number) => unit.repeat(99_990) + String(number).padStart(10)));

    async function heapUsed(): Promise<number> {
      let looks = 0;
      await collectUntil(() => (looks += 1) > 1);
      return process.memoryUsage().heapUsed;
    }

    it('are not made while their source emits them', async () => {
      const timers = { now: () => 0, afterTurn: () => () => undefined };
      turns = new SharedTurns({ timers, onError: (error) => errors.push(error) });
      const before = await heapUsed();
      const answer = writer().write(concatenated(400, 'x'));
      const ended = answer.catch(() => 'ended');
      expect((await heapUsed()) - before).toBeLessThan(10e6);
      caller.abort(new Error('gone'));
      expect(await ended).toBe('ended');
    });

    it('are counted exactly in later turns, if they wait still', async () => {
      const texts = concatenated(WINDOW + 20, 'я').pipe(map((text) => ({ texts: [text] })));
      const answer = writer()
        .write(texts)
        .catch(() => 'ended');
      // The last one is the answer.
      const exact = 20 * heapBytesOf({ texts: ['я'.repeat(100_000)] });
      let turnsTaken = 0;
      const isDone = (): boolean => sent.length === WINDOW && backlog.bytes > exact * 0.9;
      for (; turnsTaken < 1000 && !isDone(); turnsTaken += 1) await turn();
      expect(isDone()).toBe(true);
      expect(turnsTaken).toBeGreaterThan(2);
      caller.abort(new Error('gone'));
      expect(await answer).toBe('ended');
    });
  });

  it('what waits for nodes is forgotten with their last streams', () => {
    const backlogs = new StreamBacklogs();
    const first = backlogs.begin('a');
    expect(backlogs.begin('a')).toBe(first);
    expect(backlogs.begin('b')).not.toBe(first);
    for (const node of ['a', 'b', 'a', 'c']) backlogs.end(node);
    expect(backlogs.size).toBe(0);
  });

  it('a reply divides values that do not fit into one frame', async () => {
    await writer(2).write(of(1, 2, 3, 4, 5, 6));
    expect(sent).toEqual([
      [0, [1, 2]],
      [2, [3]],
      [3, [4, 5]],
    ]);
  });

  it('a reply sends so many large values in a step as fit into a frame, and the others in order', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(10_000));
    await expect(writer().write(from(rows))).resolves.toMatchObject({ ahead: 99, values: [rows[99]] });
    expect(sent.flatMap(([, values]) => values)).toEqual(rows.slice(0, 99));
    expect(sent.map(([ahead]) => ahead)).toEqual([0, 13, 26, 39, 52, 65, 78, 91]);
  });

  it('replies send for ten milliseconds of a turn, and the others in the next turns', async () => {
    let now = 0;
    const next: (() => void)[] = [];
    turns = new SharedTurns({
      timers: { now: () => now, afterTurn: (run) => (next.push(run), () => undefined) },
      onError: (error) => errors.push(error),
    });
    const streams = Array.from({ length: 6 }, () => writer());
    const sources = streams.map(() => new Subject<number>());
    const answers = streams.map((stream, i) => stream.write(sources[i]).catch(() => 'ended'));
    const counts: number[] = [];
    onSend = () => (now += 4);
    for (const source of sources) source.next(1);
    for (let i = 0; i < 4; i += 1) {
      await turn();
      counts.push(sent.length);
      for (const source of sources) source.next(2);
      next.pop()?.();
    }
    expect(counts).toEqual([3, 6, 9, 12]);
    // What came while it waited travels with the first value.
    expect(sent.slice(3, 6).map(([, values]) => values)).toEqual([1, 2, 3].map(() => [1, 2]));
    caller.abort(new Error('gone'));
    await Promise.all(answers);
  });

  it('a reply ends its stream at a value that cannot travel', async () => {
    await expect(writer(0).write(of(1, 2))).rejects.toThrow(ValueTooLargeError);
  });

  it('a reply unsubscribes when nobody waits any more', async () => {
    let unsubscribed = false;
    const source = new Observable(() => () => (unsubscribed = true));
    const answer = writer().write(source);
    caller.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
    expect(unsubscribed).toBe(true);
  });

  it('a reply does not subscribe if nobody waits when it begins', async () => {
    caller.abort(new Error('gone'));
    await expect(writer().write(NEVER)).rejects.toThrow('gone');
  });
});
