/**
 * lifetime/: the processes of this node.
 *
 * A process is anything with a lifetime on one node. `processes` starts and ends them, `current-process` knows which one the
 * running code belongs to (`self()`), `timers` is the port to the clock, `time-limits` keeps the time limits of many, `with-timeout` waits for a promise up to one,
 * `abort-listeners` waits for signals, `shared-turns` spreads what nodes ask for over turns of the event loop.
 *
 * Promises: a process ends once, with one reason, and its end is complete in the turn in which it happens: entries, monitors and waiting
 * calls included. Keeps no clock of its own. May import: term, node:async_hooks.
 */
export type { AbortListeners } from './abort-listeners';
export { type ContextSnapshot, CurrentProcess } from './current-process';
export { LocalProcess, NORMAL, thenOf } from './local-process';
export { Processes } from './processes';
export { SharedTurns, type SharedTurnsDeps } from './shared-turns';
export type { Timers } from './timers';
export { LimitedWait, TimeLimits } from './time-limits';
export { withTimeout } from './with-timeout';
