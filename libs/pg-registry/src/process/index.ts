/**
 * process/: processes as users see them.
 *
 * {@link ProcessService} starts, calls, monitors and ends processes; `process-factory` makes process classes; `proxy` turns method calls
 * into calls.
 *
 * Promises: a name that a process starts under is taken before its instance exists, and `onProcessExit` runs once, within a limit.
 * May import: term, lifetime, calls, rxjs.
 */
export type {
  CreatedInstance,
  PreparedInstance,
  ProcessClass,
  ProcessFactory,
  ProcessLifecycle,
  StartArguments,
} from './process-factory';
export { DEFAULT_EXIT_TIMEOUT_MS } from './process-deps';
export { ProcessService, type SpawnProcessOptions } from './process-service';
export type { Remote } from './proxy';
export type { StartOptions } from './started-processes';
