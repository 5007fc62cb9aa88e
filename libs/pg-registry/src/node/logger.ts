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

/** What `error` says, for a log line. */
export function describeError(error: unknown): { message: string; stack: string | undefined } {
  return error instanceof Error
    ? { message: error.message, stack: error.stack }
    : { message: String(error), stack: undefined };
}
