import { InvalidValueError, MailboxFullError, Pid, TransportError } from '../term';
import { EarlyAnswers, MOST_EARLY_BYTES } from './early-answers';
import { ReplyReader } from './reply-reader';
import { type Values, WINDOW } from './rpc-message';

const from = new Pid('owner', '0123456789abcdef', 1);
/** Another process of the owner's node, which sends in the owner's name. */
const owner = new Pid('owner', '0123456789abcdef', 2);

describe('ReplyReader', () => {
  let heard: unknown[];
  let allowed: number[];
  let finished: number;
  let early: EarlyAnswers;
  let reader: ReplyReader;
  let onValue: () => void;

  beforeEach(() => {
    jest.useFakeTimers();
    heard = [];
    allowed = [];
    finished = 0;
    onValue = () => undefined;
    early = new EarlyAnswers();
    reader = new ReplyReader({
      early,
      onReply: (packet) => {
        heard.push(packet);
        onValue();
      },
      allow: (_, upTo) => allowed.push(upTo),
      onDone: () => (finished += 1),
    });
    reader.asked(from);
  });
  afterEach(() => jest.useRealTimers());

  const batch = (ahead: number, ...values: number[]): Values => ({ id: 1, ahead, values, from, stream: 1 });

  it('the reader of a reply takes values only from the process that is asked at present', () => {
    const others = [new Pid('other', '0123456789abcdef', 1), new Pid('owner', '0000000000000000', 1)];
    for (const other of others) {
      expect(reader.values(batch(0, 1), other)).toBe(false);
      expect(reader.values({ ...batch(0, 1), from: other }, other)).toBe(false);
    }
    reader.asked(others[0]);
    expect(reader.values(batch(0, 1), owner)).toBe(false);
    expect(heard).toEqual([]);
  });

  it('the reader of a reply ends a stream that sends more values than it asked for', () => {
    reader.values(batch(0, ...Array.from({ length: WINDOW + 1 }, () => 1)), owner);
    expect(heard).toEqual([{ err: expect.any(InvalidValueError), isDisposed: true }]);
  });

  it('the reader of a reply gives a single answer as value and end in one', () => {
    reader.answer({ ahead: 0, values: [1], errors: [] });
    expect(heard).toEqual([{ response: 1, isDisposed: true }]);
    expect(finished).toBe(1);
  });

  it('the reader of a reply gives values as they come and the last one with the end', () => {
    reader.values(batch(0, 1, 2), owner);
    reader.values(batch(2, 3), owner);
    reader.answer({ ahead: 3, values: [4], errors: [] });
    expect(heard).toEqual([
      { response: 1 },
      { response: 2 },
      { response: 3 },
      { response: 4, isDisposed: true },
    ]);
  });

  it('the reader of a reply gives an error after the values before it', () => {
    reader.values(batch(0, 1), owner);
    reader.answer({ ahead: 1, values: [2], errors: [{ message: 'no' }] });
    expect(heard).toEqual([{ response: 1 }, { response: 2 }, { err: { message: 'no' }, isDisposed: true }]);
  });

  it('the reader of a reply waits with the end for values that went ahead and come later', () => {
    reader.answer({ ahead: 2, values: [3], errors: [] });
    expect(heard).toEqual([]);
    reader.values(batch(0, 1), owner);
    reader.values(batch(1, 2), owner);
    expect(heard).toEqual([{ response: 1 }, { response: 2 }, { response: 3, isDisposed: true }]);
  });

  it('the reader of a reply fails when an earlier batch was lost', () => {
    reader.values(batch(0, 1), owner);
    reader.values(batch(3, 4), owner);
    reader.values(batch(4, 5), owner);
    expect(heard).toEqual([{ response: 1 }, { err: expect.any(TransportError), isDisposed: true }]);
    expect(finished).toBe(1);
  });

  it('the reader of a reply fails when the last values before the end do not come', () => {
    reader.answer({ ahead: 2, values: [3], errors: [] });
    jest.runAllTimers();
    expect(heard).toEqual([{ err: expect.any(TransportError), isDisposed: true }]);
  });

  it.each([
    ['more values than it was asked for', { ahead: WINDOW + 1 }],
    ['fewer values than came', { ahead: 0 }],
  ])('the reader of a reply fails at once when the answer says that the owner sent %s', (_, { ahead }) => {
    reader.values(batch(0, 1), owner);
    reader.answer({ ahead, values: [3], errors: [] });
    expect(heard.at(-1)).toEqual({ err: expect.any(InvalidValueError), isDisposed: true });
  });

  it('readers of replies keep no more than 64 MB of answers for values that one node says it has sent ahead', () => {
    const text = 'x'.repeat(500_000);
    const ended: unknown[] = [];
    const readers = Array.from({ length: 201 }, () => {
      const of = new ReplyReader({
        early,
        onReply: ({ err }) => ended.push(err),
        allow: () => undefined,
        onDone: () => undefined,
      });
      of.asked(from);
      return of;
    });
    for (const of of readers.slice(1)) of.answer({ ahead: 1, values: [text], errors: [] });
    expect(ended).toHaveLength(200 - Math.floor(MOST_EARLY_BYTES / 500_500));
    expect(ended[0]).toBeInstanceOf(MailboxFullError);
    // That of another node has room.
    readers[0].asked(new Pid('other', '0123456789abcdef', 1));
    readers[0].answer({ ahead: 1, values: [text], errors: [] });
    expect(ended).toHaveLength(66);
  });

  it.each([
    ['the values come', () => void reader.values(batch(0, 1), owner)],
    ['nobody waits any more', () => reader.close()],
    ['the values do not come', () => jest.runAllTimers()],
  ])('the reader of a reply counts an answer no longer once %s', (_, then) => {
    reader.answer({ ahead: 1, values: ['x'.repeat(100)], errors: [] });
    expect(early.keep('owner', MOST_EARLY_BYTES)).toBe(false);
    then();
    expect(early.keep('owner', MOST_EARLY_BYTES)).toBe(true);
  });

  it('the reader of a reply asks for more when half of what is allowed has come, and never less than before', () => {
    const values = Array.from({ length: WINDOW / 2 }, (_, i) => i);
    reader.values(batch(0, ...values.slice(1)), owner);
    expect(allowed).toEqual([]);
    reader.values(batch(values.length - 1, 0), owner);
    expect(allowed).toEqual([WINDOW * 1.5]);
  });

  it('the reader of a reply gives nothing more to an observer that has unsubscribed, even in the midst of a batch', () => {
    onValue = () => reader.close();
    reader.values(batch(0, 1, 2, 3), owner);
    reader.answer({ ahead: 3, values: [], errors: [] });
    expect(heard).toEqual([{ response: 1 }]);
    expect(allowed).toEqual([]);
    expect(finished).toBe(1);
  });
});
