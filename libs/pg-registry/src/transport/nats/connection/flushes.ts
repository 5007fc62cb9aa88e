import { TransportError } from '../../../term';
import { type NatsClient, reasonOf } from '../nats-client';

/** Settles flushes that the client never settles once it is closed, and settles late while it is disconnected. */
export class Flushes {
  readonly #rejections = new Set<(error: TransportError) => void>();

  /** Flushes the client. @throws TransportError when that fails, or {@link fail} is called before. */
  flush(client: NatsClient): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#rejections.add(reject);
      client
        .flush()
        .then(resolve, (cause: unknown) =>
          reject(new TransportError(`Not flushed: ${reasonOf(cause)}.`, { cause })),
        )
        .finally(() => this.#rejections.delete(reject));
    });
  }

  /** Rejects every flush under way. @param reason As part of a sentence. */
  fail(reason: string): void {
    for (const reject of this.#rejections) reject(new TransportError(`Not flushed: ${reason}.`));
    this.#rejections.clear();
  }
}
