import type { Outgoing } from '../../transport';

/** So many bytes may be on their way before what can wait has to. */
const MOST_OUTGOING_BYTES = 16_777_216;
/** After so many bytes the server is asked whether it has them. */
const ASKED_EVERY_BYTES = 2_097_152;

/** Waits until it is not too much any more. */
interface Wait {
  readonly promise: Promise<void>;
  resolve(): void;
}

/**
 * Counts what the client was given and the server has not confirmed: a client keeps whatever a slow server or link does not take, without
 * a bound. The server is asked by a flush, one at a time, so that an ordinary message costs an addition and two comparisons.
 *
 *     sent ── 2 MB ──► flush ── its answer ──► confirmed, what was sent before it
 *      └── 16 MB not confirmed ──► congestion, until fewer are
 */
export class OutgoingBytes implements Outgoing {
  congestions = 0;
  #sent = 0;
  #confirmed = 0;
  #isAsking = false;
  /** Answers to flushes of an earlier connection say nothing. */
  #connection = 0;
  #wait: Wait | undefined;
  readonly #flush: () => Promise<void>;

  /** @param flush Resolves when the server has everything from before; rejects if the connection is lost. */
  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  get bytes(): number {
    return this.#sent - this.#confirmed;
  }

  congestion(): Promise<void> | undefined {
    return this.#wait?.promise;
  }

  /** The client was given a message. */
  sent(bytes: number): void {
    this.#sent += bytes;
    if (this.bytes < ASKED_EVERY_BYTES) return;
    if (!this.#isAsking) this.#ask();
    if (this.#wait === undefined && this.bytes >= MOST_OUTGOING_BYTES) this.#begin();
  }

  /** The connection is lost, and what was on its way with it. */
  lost(): void {
    this.#connection += 1;
    this.#isAsking = false;
    this.#confirm(this.#sent);
  }

  #begin(): void {
    this.congestions += 1;
    let resolve!: () => void;
    this.#wait = { promise: new Promise((settle) => (resolve = settle)), resolve };
  }

  #ask(): void {
    this.#isAsking = true;
    const [asked, connection] = [this.#sent, this.#connection];
    this.#flush().then(
      () => this.#onAnswer(asked, connection),
      () => this.#onFailure(connection),
    );
  }

  #onAnswer(asked: number, connection: number): void {
    if (connection !== this.#connection) return;
    this.#isAsking = false;
    this.#confirm(asked);
    if (this.bytes >= ASKED_EVERY_BYTES) this.#ask();
  }

  #onFailure(connection: number): void {
    if (connection === this.#connection) this.lost();
  }

  #confirm(upTo: number): void {
    this.#confirmed = upTo;
    if (this.bytes >= MOST_OUTGOING_BYTES) return;
    this.#wait?.resolve();
    this.#wait = undefined;
  }
}
