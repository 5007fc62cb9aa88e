import type { Endpoint } from './endpoint';

/** What waits until everything said so far has left the client. */
export class FlushQueue {
  readonly #waiting = new Map<number, () => void>();
  #ids = 0;

  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Asks for a flush, then runs `then`; never, if the connection breaks before. */
  after(then: () => void): void {
    if (!this.#endpoint.maySpeak) return;
    const id = (this.#ids += 1);
    this.#waiting.set(id, then);
    this.#endpoint.emit({ type: 'flush', id });
  }

  /** The flush with that id is done. One of before a disconnect is not known any more. */
  done(id: number): void {
    const then = this.#waiting.get(id);
    this.#waiting.delete(id);
    then?.();
  }

  disconnected(): void {
    this.#waiting.clear();
  }
}
