import { type Clock, guardedClock, systemClock } from './clock';
import { ErrorLog, LimitedLog, type NodeLogger, ScopeLogs, stderrLogger } from './logger';
import type { NormalNodeOptions } from './node-options';

/** The clock of a node, and where it logs. */
export interface Logs {
  readonly clock: Clock;
  readonly log: ErrorLog;
  /** For lines that may come again and again. */
  readonly limitedLog: LimitedLog;
  readonly scopeLogs: ScopeLogs;
}

/** What the logs of a node are made of. */
export interface LogDeps {
  /** Where the node logs. Default: warnings and errors go to stderr. */
  readonly logger?: NodeLogger;
  /** The log of one scope. Default: the `logger`. */
  readonly scopeLogger?: (scope: string) => NodeLogger;
  /** The time and the timers. Default: those of the Node.js process. */
  readonly clock?: Clock;
}

/** Makes the logs of a node. What a timer of its clock throws is logged. */
export function createLogs(
  { protocol: { warnIntervalMs }, logLevel }: NormalNodeOptions,
  { logger = stderrLogger, scopeLogger = () => logger, clock: given = systemClock }: LogDeps,
): Logs {
  const clock = guardedClock(given, (error) =>
    limitedLog.error('timer', 'A timer of the node failed', error),
  );
  const limited = (to: ErrorLog): LimitedLog => new LimitedLog(to, warnIntervalMs, () => clock.now());
  const log = new ErrorLog(logger, logLevel);
  const limitedLog = limited(log);
  return {
    clock,
    log,
    limitedLog,
    scopeLogs: new ScopeLogs((scope) => limited(new ErrorLog(scopeLogger(scope), logLevel))),
  };
}
