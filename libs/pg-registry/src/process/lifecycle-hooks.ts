import { type LocalProcess, withTimeout } from '../lifetime';
import { DEFAULT_EXIT_TIMEOUT_MS, type ProcessDeps } from './process-deps';
import type { CreatedInstance, ProcessLifecycle } from './process-factory';

/** Runs what a process class says about its start and its end, and warns of what takes long or fails. */
export class LifecycleHooks {
  readonly #deps: ProcessDeps;

  constructor(deps: ProcessDeps) {
    this.#deps = deps;
  }

  /**
   * Runs `onProcessStart`, however long it takes: calls wait meanwhile, and only its own code could say why.
   *
   * @throws What it throws.
   */
  async start({ instance }: CreatedInstance, process: LocalProcess, args: unknown): Promise<void> {
    const starting: ProcessLifecycle = instance;
    const cancelWarning = this.#warnOfLongStart(process);
    try {
      await starting.onProcessStart?.(args);
    } finally {
      cancelWarning();
    }
  }

  /** Runs `onProcessExit` as the process, and waits for it no longer than its limit. Never rejects. */
  async exit({ instance }: CreatedInstance, process: LocalProcess, reason: unknown): Promise<void> {
    const ending: ProcessLifecycle = instance;
    const { timers, exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS, onWarning, processes } = this.#deps;
    try {
      // Later, because the caller of exit() does not expect to run code of the process.
      await Promise.resolve();
      const exit = (): unknown => ending.onProcessExit?.(reason);
      const exited = Promise.resolve(processes.current.enter(process, undefined, exit));
      if (!(await withTimeout(exited, exitTimeoutMs, timers))) {
        onWarning(
          `onProcessExit of ${nameOf(process)} took longer than ${exitTimeoutMs} ms. The node does not wait for it any longer.`,
        );
      }
    } catch (error) {
      onWarning(`onProcessExit of ${nameOf(process)} failed.`, error);
    }
  }

  /** Lets the factory destroy the instance. Never rejects. */
  async destroy(created: CreatedInstance, process: LocalProcess): Promise<void> {
    try {
      await created.destroy();
    } catch (error) {
      this.#deps.onWarning(`Destroying the instance of ${nameOf(process)} failed.`, error);
    }
  }

  /** @returns What cancels the warning */
  #warnOfLongStart(process: LocalProcess): () => void {
    const { timers, exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS, onWarning } = this.#deps;
    return timers.setTimer(exitTimeoutMs, () => {
      if (process.alive)
        onWarning(
          `onProcessStart of ${nameOf(process)} has not returned for ${exitTimeoutMs} ms. Calls to the process wait until it has.`,
        );
    });
  }
}

function nameOf({ pid, label }: LocalProcess): string {
  return `${pid} (${label})`;
}
