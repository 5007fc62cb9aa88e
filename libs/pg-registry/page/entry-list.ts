import type { EntryFact, EntryPage } from '../src/observer/facts';
import { ask, messageOf } from './server';

/** What is looked for. */
export interface EntryQuery {
  readonly scope: string;
  readonly node: string;
  /** As it was typed; empty for none. */
  readonly prefix: string;
  /** A match spec as JSON; empty for none. */
  readonly match: string;
}

/** The first page is soon there, and fills a screen. */
const FIRST_PAGE = 100;
const PAGE = 500;
/** What was found is shown so often. */
const SHOW_MS = 100;
const RETRY_MS = 1000;
const MOST_FAILURES = 5;
/** Nobody scrolls further; a search narrows it down. */
const MOST_ROWS = 1_000_000;

/** The entries that were found so far, page by page. It asks for as many as are wanted, and never for two pages at a time. */
export class EntryList {
  readonly rows: EntryFact[] = [];
  /** Whether everything was found. */
  done = false;
  /** How many entries were looked at. */
  looked = 0;
  problem: string | undefined;
  /** How long it was asking, in milliseconds. */
  askedMs = 0;
  readonly #query: EntryQuery;
  readonly #changed: () => void;
  readonly #abort = new AbortController();
  #cursor: string | undefined;
  #wanted = 0;
  #isAsking = false;
  #failures = 0;

  /** @param changed Called when there is more, or when something went wrong. */
  constructor(query: EntryQuery, changed: () => void) {
    this.#query = query;
    this.#changed = changed;
  }

  /** Wants so many rows. */
  want(rows: number): void {
    this.#wanted = Math.max(this.#wanted, Math.min(rows, MOST_ROWS));
    if (!this.#isAsking) void this.#ask();
  }

  /** Asks for nothing more. */
  close(): void {
    this.#abort.abort();
  }

  async #ask(): Promise<void> {
    const { signal } = this.#abort;
    let shownAt = 0;
    this.#isAsking = true;
    while (!this.done && this.rows.length < this.#wanted && !signal.aborted) {
      // A page begins where the one before it ended.
      // oxlint-disable-next-line no-await-in-loop
      await this.#tryNext();
      if (performance.now() - shownAt < SHOW_MS && !this.done && this.problem === undefined) continue;
      shownAt = performance.now();
      if (!signal.aborted) this.#changed();
    }
    this.#isAsking = false;
    if (!signal.aborted) this.#changed();
  }

  /** Asks for a page. A node that is asked too much, or does not answer, is asked again after a while. */
  async #tryNext(): Promise<void> {
    try {
      await this.#next();
      this.problem = undefined;
      this.#failures = 0;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.problem = messageOf(error);
      this.#failures += 1;
      this.done = this.#failures >= MOST_FAILURES;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #next(): Promise<void> {
    const begun = performance.now();
    const { scope, node, prefix, match } = this.#query;
    const parameters = {
      scope,
      node,
      prefix,
      match,
      limit: this.rows.length === 0 ? FIRST_PAGE : PAGE,
      cursor: this.#cursor,
    };
    const page = await ask<EntryPage>('entries', parameters, this.#abort.signal);
    this.askedMs += performance.now() - begun;
    this.rows.push(...page.entries);
    this.looked += page.looked;
    this.#cursor = page.cursor;
    this.done = page.cursor === undefined;
  }
}
