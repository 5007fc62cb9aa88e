import type { NatsClient } from '../nats-client';

/** No limit is learnt below this. */
const LEAST_BYTES = 1024;

/**
 * The largest message that the server takes: what its latest INFO says, or less if it has closed a connection over a smaller
 * message. A limit of the user or the account need not be in INFO.
 */
export class PayloadLimit {
  /** In bytes; Infinity before the first INFO. */
  bytes = Infinity;
  #learnt = Infinity;
  #largestSent = 0;
  #isViolated = false;

  /** Reads the latest INFO. Returns whether the limit is another one than before. */
  read({ info }: NatsClient): boolean {
    if (info === undefined) return false;
    const before = this.bytes;
    this.bytes = Math.min(info.max_payload, this.#learnt);
    return this.bytes !== before;
  }

  /** Why a message of this size is not sent, as part of a sentence; undefined if that is not because of its size. */
  exceededBy(bytes: number): string | undefined {
    return bytes > this.bytes ? `the NATS server takes at most ${this.bytes} bytes (max_payload)` : undefined;
  }

  /** A message of this size was given to the client. */
  sent(bytes: number): void {
    if (bytes > this.#largestSent) this.#largestSent = bytes;
  }

  /** The server closes the connection over a message that is too large for it. */
  violated(): void {
    this.#isViolated = true;
  }

  /** There is another connection. Where even its INFO allows what was refused, half of that is the limit from now on. */
  reconnected(client: NatsClient): void {
    const refusedBytes = this.#isViolated ? this.#largestSent : Infinity;
    this.#isViolated = false;
    this.#largestSent = 0;
    if (client.info !== undefined && refusedBytes <= client.info.max_payload) {
      this.#learnt = Math.max(LEAST_BYTES, Math.min(this.#learnt, Math.floor(refusedBytes / 2)));
    }
    this.read(client);
  }
}
