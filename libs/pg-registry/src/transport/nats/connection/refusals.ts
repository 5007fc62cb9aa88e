import { describeServerError, type ServerError } from './server-error';

/** A refused message counts for this long, unless the same subject is refused again or is found to be permitted. */
const REMEMBERED_MS = 60_000;
/** No more refused subjects are remembered. */
const MOST_SUBJECTS = 256;

/** What the server refuses the node at present: shown in its health until it is known to be permitted. */
export class Refusals {
  /** When a message to a subject was refused last. */
  readonly #publishes = new Map<string, number>();
  readonly #subscriptions = new Set<string>();
  /** Subjects for which a check is under way. */
  readonly #checked = new Set<string>();
  readonly #flushThenHear: () => Promise<void>;
  #tooManySubscriptions = false;

  /** @param flushThenHear Resolves when every error that the server reported so far has been heard; rejects if the connection is lost. */
  constructor(flushThenHear: () => Promise<void>) {
    this.#flushThenHear = flushThenHear;
  }

  /** What is refused, as part of a sentence; undefined if nothing is. */
  get problem(): string | undefined {
    const error = this.#first();
    const count = this.#subscriptions.size + this.#publishes.size;
    if (error === undefined) return undefined;
    return `${describeServerError(error)}${count > 1 ? ` and ${count - 1} more subjects` : ''}`;
  }

  /** Takes what the server reported. */
  refused(error: ServerError): void {
    if (error.type === 'max-subscriptions') this.#tooManySubscriptions = true;
    if (error.type !== 'permission') return;
    if (error.operation === 'subscribe') this.#subscriptions.add(error.subject);
    else if (this.#publishes.size < MOST_SUBJECTS || this.#publishes.has(error.subject))
      this.#publishes.set(error.subject, performance.now());
  }

  /** A message was sent. If its subject was refused before, and is not refused again, it is permitted now. */
  sent(subject: string): void {
    if (this.#publishes.size === 0) return;
    const before = this.#publishes.get(subject);
    if (before === undefined || this.#checked.has(subject)) return;
    this.#checked.add(subject);
    this.#flushThenHear()
      .then(() => this.#publishes.get(subject) === before && this.#publishes.delete(subject))
      // The connection was lost: the next one begins without refusals.
      .catch(() => undefined)
      .finally(() => this.#checked.delete(subject));
  }

  /** A subscription to the subject was not refused, or nobody wants it any more. */
  maySubscribe(subject: string): void {
    this.#subscriptions.delete(subject);
  }

  /** There is another connection: what it refuses is not known yet. */
  clear(): void {
    this.#publishes.clear();
    this.#subscriptions.clear();
    this.#tooManySubscriptions = false;
  }

  #first(): ServerError | undefined {
    if (this.#tooManySubscriptions) return { type: 'max-subscriptions' };
    for (const subject of this.#subscriptions) return { type: 'permission', operation: 'subscribe', subject };
    for (const [subject, at] of this.#publishes) {
      if (performance.now() - at < REMEMBERED_MS)
        return { type: 'permission', operation: 'publish', subject };
      this.#publishes.delete(subject);
    }
    return undefined;
  }
}
