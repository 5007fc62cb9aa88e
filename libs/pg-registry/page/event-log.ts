import type { ChangeFact } from '../src/observer/facts';

/** Nobody reads more; the oldest go first. */
const MOST_SHOWN = 200;
/** Rates are over so many milliseconds. */
const WINDOW_MS = 3000;

/** What a batch of the stream says. */
export interface EventMessage {
  readonly events: readonly ChangeFact[];
  /** How many there were beside them. */
  readonly skipped: number;
}

/** The latest events of a stream, and how many there were. A batch costs what is shown, however many events it stands for. */
export class EventLog {
  /** The latest first. */
  shown: readonly ChangeFact[] = [];
  /** Since the log began. */
  total = 0;
  skipped = 0;
  #recent: { readonly at: number; readonly events: number; readonly skipped: number }[] = [];

  /** @param at Monotonic milliseconds. */
  add({ events, skipped }: EventMessage, at: number): void {
    this.total += events.length + skipped;
    this.skipped += skipped;
    this.#recent.push({ at, events: events.length + skipped, skipped });
    this.shown = [...events.toReversed(), ...this.shown].slice(0, MOST_SHOWN);
  }

  /** Events in a second, lately, and whether only some of them are shown. */
  rate(now: number): { readonly perSecond: number; readonly isSample: boolean } {
    this.#recent = this.#recent.filter(({ at }) => now - at < WINDOW_MS);
    const events = this.#recent.reduce((sum, batch) => sum + batch.events, 0);
    const isSample = this.#recent.some(({ skipped }) => skipped > 0);
    return { perSecond: Math.round(events / (WINDOW_MS / 1000)), isSample };
  }
}
