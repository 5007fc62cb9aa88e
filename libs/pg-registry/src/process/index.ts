/**
 * Processes: lifetimes with an address, and what they say to each other.
 *
 * {@link Processes} keeps the processes of one node and knows which of them the running code belongs to. It promises that
 * an end is complete in the turn in which it happens: whoever reads afterwards sees nothing of the process any more.
 *
 * May import: term, protocol (codec, frames), transport (port), rxjs, node:async_hooks.
 */
export { LocalProcess } from './local-process';
export { Processes } from './processes';
export type { ExitListener, ProcessesOptions, SpawnOptions } from './processes';
