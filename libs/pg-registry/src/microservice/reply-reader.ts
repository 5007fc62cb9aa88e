import {
  heapBytesOf,
  InvalidValueError,
  MailboxFullError,
  type Pid,
  TransportError,
  type Value,
} from '../term';
import { type EarlyAnswers, MOST_EARLY_BYTES } from './early-answers';
import { ownPayload } from './payload';
import { type Answer, isOfNode, type Values, WINDOW } from './rpc-message';

/** How long to wait, once the answer is there, for values that were sent ahead of it: casts and answers take different ways. */
const LATE_VALUES_MS = 2000;

/** Nest's `ClientProxy` callback: called for each value, and with `isDisposed` for the end. */
export type OnReply = (packet: { response?: unknown; isDisposed?: boolean; err?: unknown }) => void;

/** What a reader needs of its client. */
export interface ReplyReaderDeps {
  readonly onReply: OnReply;
  /** What answers of each node take that wait for values. */
  readonly early: EarlyAnswers;
  /** Lets the owner send values up to this one. */
  readonly allow: (of: Values, upTo: number) => void;
  /** Called once, when nothing more is read. Unless the owner has answered, the client must cancel the request. */
  readonly onDone: (isAnswered: boolean) => void;
}

/** Reads the answer to one request, at the caller: puts values and the end in order, and detects lost values. */
export class ReplyReader {
  #taken = 0;
  #allowed = WINDOW;
  #answer: Answer | undefined;
  /** What the answer takes in memory while it waits for values. */
  #earlyBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The process that is asked at present: only it may send values. */
  #owner: Pid | undefined;
  #isAnswered = false;
  #done = false;

  readonly #deps: ReplyReaderDeps;

  constructor(deps: ReplyReaderDeps) {
    this.#deps = deps;
  }

  /** This process is asked; again if another one is asked after it. */
  asked(pid: Pid): void {
    this.#owner = pid;
  }

  /**
   * Takes values that were sent ahead of the answer. They come in order; some may be lost.
   *
   * @param caller The process that sent them.
   * @returns False if it is not one of the node that was asked, or sends in the name of another process: the values are dropped.
   */
  values(batch: Values, caller: Pid): boolean {
    const owner = this.#owner;
    if (owner?.id !== batch.from.id || !isOfNode(batch.from, owner) || !isOfNode(owner, caller)) return false;
    if (!this.#done) this.#take(batch);
    return true;
  }

  #take(batch: Values): void {
    if (batch.ahead !== this.#taken) return this.fail(lost(batch.ahead - this.#taken));
    if (this.#taken + batch.values.length > this.#allowed) return this.fail(unasked());
    this.#deliver(batch.values);
    // An observer may have unsubscribed meanwhile.
    if (this.#done) return;
    if (this.#answer?.ahead === this.#taken) return this.#end(this.#answer);
    if (this.#allowed - this.#taken > WINDOW / 2) return;
    this.#allowed = this.#taken + WINDOW;
    this.#deps.allow(batch, this.#allowed);
  }

  /** Takes the end of the answer. Values that were sent ahead may still be on their way. */
  answer(answer: Answer): void {
    if (this.#done) return;
    this.#isAnswered = true;
    const { ahead } = answer;
    if (ahead === this.#taken) return this.#end(answer);
    if (ahead < this.#taken || ahead > this.#allowed) return this.fail(unasked());
    if (!this.#keep(answer)) return this.fail(tooMuchEarly());
    const missing = (): void => this.fail(lost(answer.ahead - this.#taken));
    this.#timer = setTimeout(missing, LATE_VALUES_MS).unref();
  }

  /** Keeps the answer until the values have come that were sent ahead of it. @returns Whether there is room for it */
  #keep(answer: Answer): boolean {
    const bytes = heapBytesOf([answer.values, answer.errors]);
    if (!this.#deps.early.keep(this.#nodeOfOwner, bytes)) return false;
    this.#answer = answer;
    this.#earlyBytes = bytes;
    return true;
  }

  get #nodeOfOwner(): string {
    return this.#owner?.node ?? '';
  }

  /** Ends the reading with an error: there will be no answer. */
  fail(error: unknown): void {
    if (this.#done) return;
    this.close();
    this.#deps.onReply({ err: error, isDisposed: true });
  }

  /** Ends the reading, because nobody waits for the answer any more. Idempotent. */
  close(): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#timer);
    if (this.#answer !== undefined) this.#deps.early.release(this.#nodeOfOwner, this.#earlyBytes);
    this.#answer = undefined;
    this.#deps.onDone(this.#isAnswered);
  }

  #deliver(values: readonly Value[]): void {
    for (const value of values) {
      if (this.#done) return;
      this.#taken += 1;
      this.#deps.onReply({ response: ownPayload(value) });
    }
  }

  #end({ values, errors }: Answer): void {
    const { onReply } = this.#deps;
    if (errors.length > 0) {
      this.#deliver(values);
      return this.fail(ownPayload(errors[0]));
    }
    this.close();
    // An answer without a value emits none, as on Nest's other transports.
    onReply(
      values.length === 0 ? { isDisposed: true } : { response: ownPayload(values[0]), isDisposed: true },
    );
  }
}

function unasked(): InvalidValueError {
  return new InvalidValueError(
    'The owner of a stream sent more values than this node asked for, or says that it sent another number. The stream was ended.',
  );
}

function tooMuchEarly(): MailboxFullError {
  return new MailboxFullError(
    `Answers of one node that came before the values which it says it sent ahead take ${MOST_EARLY_BYTES} bytes, which is the limit. The ` +
      'stream was ended; its handler has run.',
  );
}

function lost(count: number): TransportError {
  return new TransportError(
    `${count} values of a stream were lost, because this node or the owner's was disconnected meanwhile. The stream was ended.`,
  );
}
