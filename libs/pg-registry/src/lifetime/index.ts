/**
 * lifetime/: the processes of this node.
 *
 * A process is anything with a lifetime on one node. `processes` starts and ends them, `running-context` knows which one runs now
 * (`self()`), `timers` is the port to the clock.
 *
 * Promises: a process ends once, with one reason, and its end is complete in the turn in which it happens: entries, monitors and waiting
 * calls included. Keeps no clock of its own. May import: term, node:async_hooks.
 */
export { LocalProcess } from './local-process';
export { Processes } from './processes';
export type { Running } from './running-context';
export { isThenable } from './thenable';
export type { Timers } from './timers';
