import type { ServerResponse } from 'node:http';
import type { ChangeFact, EventBatch } from '../observer';
import { messageOfThrown, printable } from '../term';

/** Nobody reads more of a second's five batches: of what is beyond, a sample is shown. */
const MOST_PER_BATCH = 60;
/** An intermediary must see that the stream lives. */
const QUIET_MS = 10_000;
/** Somebody who reads nothing for so long has gone. */
const STUCK_MS = 30_000;
/** How soon a browser connects again, in milliseconds. */
const RETRY_MS = 1000;

/** Which life of which node a stream tells of. */
export interface StreamOrigin {
  readonly node: string;
  readonly incarnation: string;
  /** Whether the reader has read events of the same life before, as its `Last-Event-ID` says. */
  readonly resumed: boolean;
}

/**
 * One open stream of server-sent events. A reader that does not keep up gets a sample, with the number of what was left out; what waits for it
 * is one batch.
 */
export class EventStream {
  readonly #raw: ServerResponse;
  readonly #origin: StreamOrigin;
  readonly #now: () => number;
  readonly #abort = new AbortController();
  #isFull = false;
  #hasBegun = false;
  #skipped = 0;
  #drainedAt: number;
  #writtenAt: number;

  /** @param now Monotonic milliseconds. */
  constructor(raw: ServerResponse, origin: StreamOrigin, now: () => number) {
    this.#raw = raw;
    this.#origin = origin;
    this.#now = now;
    this.#drainedAt = this.#writtenAt = now();
    raw.on('close', () => this.#abort.abort());
    // A reader that resets its connection is one that has gone.
    raw.on('error', () => this.#abort.abort());
    raw.on('drain', () => {
      this.#isFull = false;
      this.#drainedAt = this.#now();
    });
  }

  /** Aborts when the reader has gone, or the stream was ended. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Writes batches until there are no more, the reader has gone, or the stream is ended. With the first one the reader hears of the
   * beginning: what happens from then on is in the stream. Never rejects.
   */
  async run(batches: AsyncIterable<EventBatch>): Promise<void> {
    // So that an intermediary passes on the head.
    this.#send(`retry: ${RETRY_MS}\n\n`);
    try {
      for await (const batch of batches) {
        if (this.signal.aborted) break;
        if (!this.#hasBegun) this.#write('begin', this.#origin);
        this.#hasBegun = true;
        this.#batch(batch);
      }
    } catch (error) {
      if (!this.signal.aborted) this.#write('failed', { message: printable(messageOfThrown(error), 1000) });
    }
    this.end();
  }

  /** Ends the stream. What the reader has not taken is lost. */
  end(): void {
    this.#abort.abort();
    if (this.#isFull) this.#raw.destroy();
    else this.#raw.end();
  }

  #batch({ events, skipped }: EventBatch): void {
    const now = this.#now();
    this.#skipped += skipped;
    if (this.#isFull) {
      this.#skipped += events.length;
      if (now - this.#drainedAt > STUCK_MS) this.end();
      return;
    }
    if (events.length === 0 && this.#skipped === 0) {
      if (now - this.#writtenAt > QUIET_MS) this.#send(': still here\n\n');
      return;
    }
    const shown = sampleOf(events);
    const left = this.#skipped + events.length - shown.length;
    this.#skipped = 0;
    const last = events.at(-1)?.number;
    const id = last === undefined ? '' : `id: ${this.#origin.incarnation}-${last}\n`;
    this.#write('events', { events: shown, skipped: left }, id);
  }

  #write(type: string, data: unknown, fields = ''): void {
    this.#send(`${fields}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #send(text: string): void {
    if (this.#raw.destroyed || this.#raw.writableEnded) return;
    this.#writtenAt = this.#now();
    this.#isFull = !this.#raw.write(text);
  }
}

/** Some of the events, as far from each other as they can be, the last one among them. */
function sampleOf(events: readonly ChangeFact[]): readonly ChangeFact[] {
  if (events.length <= MOST_PER_BATCH) return events;
  const step = events.length / MOST_PER_BATCH;
  return Array.from({ length: MOST_PER_BATCH }, (_, at) => events[Math.floor((at + 1) * step) - 1]);
}
