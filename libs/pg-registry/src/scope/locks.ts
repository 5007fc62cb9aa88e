import type { ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';
import type { LockOptions } from './lock-table';

/** The locks of a {@link PgRegistryService}: checks the arguments, then waits in the run's {@link LockTable}. */
export class Locks {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;

  constructor(current: CurrentRun, checks: ArgumentChecks) {
    this.#current = current;
    this.#checks = checks;
  }

  async lock<T>(key: unknown, fn: () => T | PromiseLike<T>, options: LockOptions): Promise<T> {
    const normal = this.#checks.key(key);
    this.#checks.callback(fn, 'fn');
    this.#checks.options(options, ['timeoutMs', 'signal']);
    this.#checks.timeout(options.timeoutMs);
    this.#checks.signal(options.signal);
    const { locks } = this.#current.require();
    this.#checks.self();
    return locks.run(normal, fn, options);
  }
}
