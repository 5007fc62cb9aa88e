/** Where a node writes its log. Nest's `Logger` satisfies it. */
export interface NodeLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/** A log for nodes outside of Nest: warnings and errors to stderr, nothing else. */
export const stderrLogger: NodeLogger = {
  log: () => undefined,
  warn: (message) => console.warn(`[PgRegistry] ${message}`),
  error: (message, stack) => console.error(`[PgRegistry] ${message}${stack ? `\n${stack}` : ''}`),
};

/** A log that also takes what was thrown. */
export class ErrorLog {
  constructor(private readonly logger: NodeLogger) {}

  warn(message: string, error?: unknown): void {
    this.logger.warn(error === undefined ? message : `${message}: ${messageOf(error)}`);
  }

  error(message: string, error?: unknown): void {
    if (error === undefined) this.logger.error(message);
    else
      this.logger.error(`${message}: ${messageOf(error)}`, error instanceof Error ? error.stack : undefined);
  }
}

/** Lets one warning of a kind through in each interval, and says how many were kept back. */
export class WarningLimit {
  readonly #kinds = new Map<string, { until: number; keptBack: number }>();

  /** @param intervalMs How long a kind is silent after a warning. */
  constructor(
    private readonly log: ErrorLog,
    private readonly intervalMs: number,
  ) {}

  /** @param kind One of a fixed set: there is memory for each. */
  warn(kind: string, message: string, error: unknown, now: number): void {
    const known = this.#kinds.get(kind);
    if (known !== undefined && now < known.until) {
      known.keptBack += 1;
      return;
    }
    const more = known?.keptBack ? ` (and ${known.keptBack} like it before)` : '';
    this.#kinds.set(kind, { until: now + this.intervalMs, keptBack: 0 });
    this.log.warn(message + more, error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
