import { Injectable, Logger } from '@nestjs/common';

/** How long a part of the application says nothing more after a line of one level, in milliseconds. */
const INTERVAL_MS = 10_000;

/**
 * The log of a node, for lines that come once for each document, socket or connection: clients open as many of them as they like, and would
 * fill it; so would a database that comes and goes.
 * Writes one line of a part and level in each interval, and adds to the next one how many were left out.
 */
@Injectable()
export class LimitedLog {
  readonly #written = new Map<string, { readonly until: number; leftOut: number }>();

  /** @param context The class that has something to say. */
  warn(context: string, message: string): void {
    this.#write('warn', context, message);
  }

  /** @param context See {@link warn}. */
  error(context: string, message: string): void {
    this.#write('error', context, message);
  }

  #write(level: 'warn' | 'error', context: string, message: string): void {
    const now = performance.now();
    const kind = `${level} ${context}`;
    const last = this.#written.get(kind);
    if (last !== undefined && now < last.until) {
      last.leftOut += 1;
      return;
    }
    this.#written.set(kind, { until: now + INTERVAL_MS, leftOut: 0 });
    const leftOut = last?.leftOut ? ` (and ${last.leftOut} like it before)` : '';
    new Logger(context)[level](message + leftOut);
  }
}
