import { range } from 'rxjs';
import { EarlyAnswers } from '../../../libs/pg-registry/src/microservice/early-answers';
import { ReplyReader } from '../../../libs/pg-registry/src/microservice/reply-reader';
import { ReplyWriter } from '../../../libs/pg-registry/src/microservice/reply-writer';
import { SharedTurns } from '../../../libs/pg-registry/src/lifetime';
import { isAnswer, isCredit, isValues, WINDOW } from '../../../libs/pg-registry/src/microservice/rpc-message';
import { Pid, type Value } from '../../../libs/pg-registry/src/term';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { isDecodeError } from './bodies';
import { valuesIn, valuesMessage } from './values';

/** How many values the owner has for its caller. */
const MOST_VALUES = 2000;

/** The process that the caller asks, and one of another node. */
const OWNER = new Pid('m', 'b'.repeat(16), 1);
const OTHER = new Pid('h', 'c'.repeat(16), 1);

/** An owner that writes a stream, and a caller that reads one; each at the mercy of the other. */
class Stream {
  #ends = 0;
  #sent = 0;
  #credit = WINDOW;
  readonly #over = new AbortController();
  readonly #reader = new ReplyReader({
    early: new EarlyAnswers(),
    onReply: ({ isDisposed }) => void (this.#ends += isDisposed === true ? 1 : 0),
    allow: () => undefined,
    onDone: () => undefined,
  });
  readonly #writer = new ReplyWriter({
    node: 'h',
    backlog: { waiting: 0, bytes: 0 },
    turns: new SharedTurns({
      timers: { now: () => 0, afterTurn: () => () => undefined },
      onError: (error) => {
        throw error;
      },
    }),
    signal: this.#over.signal,
    send: (_ahead, values) => void (this.#sent += values.length),
    onStreaming: () => undefined,
    onError: (error) => {
      throw error;
    },
  });

  constructor() {
    this.#reader.asked(OWNER);
    this.#writer.write(range(0, MOST_VALUES)).catch(() => undefined);
  }

  say({ kind, how }: Message, value: Value): void {
    if (kind % 3 === 0 && isValues(value)) {
      const isTaken = this.#reader.values(value, how < 128 ? OWNER : OTHER);
      if (isTaken && how >= 128) throw new Fault('takes values of a node that was not asked');
    }
    if (kind % 3 === 1 && isAnswer(value)) this.#reader.answer(value);
    if (kind % 3 === 2 && isCredit(value)) {
      this.#credit = Math.max(this.#credit, value.upTo);
      this.#writer.allow(value.upTo);
    }
    if (this.#sent > this.#credit)
      throw new Fault(`sends ${this.#sent} values for a credit of ${this.#credit}`);
    if (this.#ends > 1) throw new Fault('a stream ends twice');
  }

  async end(): Promise<void> {
    this.#reader.close();
    this.#over.abort(new Error('Nobody waits any more.'));
    await new Promise(setImmediate);
  }
}

/** Streams of answers of the microservice transport. */
export const streamsTarget: Target = {
  name: 'streams',
  about:
    'up to 30 values, answers and credits of a hostile node to a stream: it ends once, and nothing is sent without credit',
  kinds: [0, 1, 2],
  mostMessages: 30,
  bound: (input) => 10_000 + 600 * sizeOf(input),
  seeds: (): Input[] => {
    const from = OWNER;
    const values = valuesMessage(0, { id: 1, ahead: 0, values: [1, 2], from, stream: 1 });
    const more = valuesMessage(0, { id: 1, ahead: 2, values: [{ text: 'three' }], from, stream: 1 });
    const answer = valuesMessage(1, { ahead: 3, values: ['last'], errors: [] });
    const failure = valuesMessage(1, { ahead: 0, values: [], errors: [{ status: 'error' }] });
    const credit = valuesMessage(2, { stream: 1, upTo: 300 });
    return [
      [values, more, answer],
      [answer],
      [failure],
      [credit, valuesMessage(2, { stream: 1, upTo: 2000 })],
    ];
  },
  read: ({ body }) => void valuesIn(body),
  run: async (input, start) => {
    const stream = new Stream();
    // What the owner emits at once is its own doing.
    await new Promise(setImmediate);
    start();
    for (const message of input) {
      try {
        for (const value of valuesIn(message.body)) stream.say(message, value);
      } catch (error) {
        if (!isDecodeError(error)) throw error;
      }
    }
    await stream.end();
  },
};
