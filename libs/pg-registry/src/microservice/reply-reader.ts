import { TransportError, type Value } from '../term';
import { ownPayload } from './payload';
import { type Answer, type Values, WINDOW } from './rpc-message';

/** How long values that were sent ahead of an answer may take longer than the answer itself: they go another way. */
const LATE_VALUES_MS = 2000;

/** What Nest's `ClientProxy` is told of an answer, step by step. */
export type OnReply = (packet: { response?: unknown; isDisposed?: boolean; err?: unknown }) => void;

/** What a reader needs of its client. */
export interface ReaderSurroundings {
  readonly onReply: OnReply;
  /** Lets the owner send values up to this one. */
  readonly allow: (of: Values, upTo: number) => void;
  /** Nothing more is read. Called once; unless the owner has answered, it is to be told that nobody waits. */
  readonly onDone: (isAnswered: boolean) => void;
}

/** The answer to one request, at its caller: puts values and the end in order, and notices what is missing. */
export class ReplyReader {
  #taken = 0;
  #allowed = WINDOW;
  #answer: Answer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAnswered = false;
  #done = false;

  readonly #surroundings: ReaderSurroundings;

  constructor(surroundings: ReaderSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Values that went ahead of the answer. They come in the order in which they were sent; some may be lost. */
  values(batch: Values): void {
    if (this.#done) return;
    if (batch.ahead !== this.#taken) return this.fail(lost(batch.ahead - this.#taken));
    this.#deliver(batch.values);
    // An observer may have unsubscribed meanwhile.
    if (this.#done) return;
    if (this.#answer?.ahead === this.#taken) return this.#end(this.#answer);
    if (this.#allowed - this.#taken > WINDOW / 2) return;
    this.#allowed = this.#taken + WINDOW;
    this.#surroundings.allow(batch, this.#allowed);
  }

  /** The end of the answer; what went ahead may still be on its way. */
  answer(answer: Answer): void {
    if (this.#done) return;
    this.#isAnswered = true;
    if (answer.ahead === this.#taken) return this.#end(answer);
    this.#answer = answer;
    const missing = (): void => this.fail(lost(answer.ahead - this.#taken));
    this.#timer = setTimeout(missing, LATE_VALUES_MS).unref();
  }

  /** There will be no answer. */
  fail(error: unknown): void {
    if (this.#done) return;
    this.close();
    this.#surroundings.onReply({ err: error, isDisposed: true });
  }

  /** Nobody wants the answer any more. Idempotent. */
  close(): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#timer);
    this.#surroundings.onDone(this.#isAnswered);
  }

  #deliver(values: readonly Value[]): void {
    for (const value of values) {
      if (this.#done) return;
      this.#taken += 1;
      this.#surroundings.onReply({ response: ownPayload(value) });
    }
  }

  #end({ values, errors }: Answer): void {
    const { onReply } = this.#surroundings;
    if (errors.length > 0) {
      this.#deliver(values);
      return this.fail(ownPayload(errors[0]));
    }
    this.close();
    // A last value without a value is none, as on Nest's other transports.
    onReply(
      values.length === 0 ? { isDisposed: true } : { response: ownPayload(values[0]), isDisposed: true },
    );
  }
}

function lost(count: number): TransportError {
  return new TransportError(
    `${count} values of a stream were lost on their way: this node or the owner's was disconnected meanwhile.`,
  );
}
