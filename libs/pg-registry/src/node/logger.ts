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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
