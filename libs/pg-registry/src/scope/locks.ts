import type { LocalProcess, Processes } from '../lifetime';
import {
  formatKey,
  InvalidArgumentError,
  KeyMap,
  LockTimeoutError,
  OptionChecks,
  ProcessExitedError,
  type Key,
} from '../term';
import type { ArgumentChecks } from './argument-checks';

const LOCK_OPTIONS = ['timeoutMs', 'signal'];
const LOCK_CHECKS: OptionChecks = new OptionChecks('The function was not run.', 'lock()');
const DEFAULT_TIMEOUT_MS = 5000;

/** The options of `lock`: how long to wait for the lock. */
export interface LockOptions {
  /** Milliseconds to wait for the lock, not to hold it; 0 takes it only if it is free. Default 5000; Infinity for no limit. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting with the signal's reason. A lock that is held already is not taken away. */
  readonly signal?: AbortSignal | undefined;
}

/** The locks of a `PgRegistryService`: checks the arguments, then waits in the {@link LockTable} of the run. */
export class Locks {
  readonly #currentTable: () => LockTable;
  readonly #checks: ArgumentChecks;

  /** @param currentTable Returns the table of the current run; throws ScopeNotRunningError while the scope is stopped. */
  constructor(currentTable: () => LockTable, checks: ArgumentChecks) {
    this.#currentTable = currentTable;
    this.#checks = checks;
  }

  async lock<T>(key: unknown, fn: () => T | PromiseLike<T>, options: LockOptions): Promise<T> {
    const normal = this.#checks.key(key);
    this.#checks.callback(fn, 'fn');
    LOCK_CHECKS.names(options, LOCK_OPTIONS);
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const limitMs = LOCK_CHECKS.timeout('timeoutMs', timeoutMs);
    LOCK_CHECKS.signal('signal', signal);
    const table = this.#currentTable();
    this.#checks.self();
    return table.run(normal, fn, limitMs, signal);
  }
}

/** A call that waits for a lock or holds it. */
interface LockRequest {
  readonly process: LocalProcess;
  /** Ends the waiting: the request is first in the queue, or was rejected. */
  wake?: () => void;
  /** Set when the request will not get the lock. */
  rejection?: { readonly error: unknown };
}

/**
 * The exclusive locks of one run of a scope on this node, by key. The keys are apart from those of entries. Mirrors
 * `Registry.lock/3`.
 *
 * Waiting requests get the lock in the order of arrival. A lock is released when the promise of its function settles, when the
 * function throws, and when the process that took the lock exits.
 */
export class LockTable {
  readonly #scope: string;
  readonly #processes: Processes;
  /** By key: the request that holds the lock, then those that wait, by arrival. */
  readonly #queues = new KeyMap<Set<LockRequest>>();

  constructor(scope: string, processes: Processes) {
    this.#scope = scope;
    this.#processes = processes;
  }

  /**
   * Runs `fn` while holding the lock and returns its result.
   *
   * @throws InvalidArgumentError inside of a function that holds this lock already: it would wait for itself.
   * @throws LockTimeoutError if the lock was not free in time; ProcessExitedError if the waiting process exits; the signal's
   * reason if it aborts the waiting.
   */
  async run<T>(
    key: Key,
    fn: () => T | PromiseLike<T>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const queue = this.#queueOf(key);
    const [holder] = queue;
    if (holder !== undefined && this.#processes.current.isWithin(holder)) throw this.#reentry(key);
    const request: LockRequest = { process: this.#processes.self() };
    queue.add(request);
    try {
      if (holder !== undefined) await this.#wait(key, request, timeoutMs, signal);
      return await this.#processes.current.within(request, fn);
    } finally {
      this.#remove(key, request);
    }
  }

  /** Releases the locks of a process and rejects its waiting requests. Called when the process has exited. */
  releaseAll(process: LocalProcess): void {
    const { pid, reason } = process;
    const message = `${pid.toString()} exited while it waited for a lock of scope '${this.#scope}'.`;
    this.#rejectWhere(
      (request) => request.process === process,
      () => new ProcessExitedError(message, { pid, reason }),
    );
  }

  /** Rejects every waiting request; functions that hold a lock run to their end. Called when the scope stops. */
  close(error: () => Error): void {
    this.#rejectWhere(() => true, error);
  }

  /** Resolves when the request is first in the queue. */
  async #wait(
    key: Key,
    request: LockRequest,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const turn = new Promise<void>((resolve) => (request.wake = resolve));
    const onTimeout = (): void => reject(request, this.#timeout(key, timeoutMs));
    const onAbort = (): void => reject(request, signal?.reason);
    const timer = timeoutMs === Infinity ? undefined : setTimeout(onTimeout, timeoutMs);
    const removeListener = signal && this.#processes.signals.onAbort(signal, onAbort);
    await turn;
    clearTimeout(timer);
    removeListener?.();
    // Race: the process may have exited after the request became first and before this code runs.
    if (request.rejection !== undefined) throw request.rejection.error;
  }

  #rejectWhere(matches: (request: LockRequest) => boolean, error: () => Error): void {
    for (const [key, queue] of this.#queues) {
      // From the back, so that none of these gets the lock while the others are removed.
      for (const request of [...queue].toReversed().filter(matches)) {
        reject(request, error());
        this.#remove(key, request);
      }
    }
  }

  /** Removes a request from its queue, if it is still there, and wakes the first one left. */
  #remove(key: Key, request: LockRequest): void {
    const queue = this.#queues.get(key);
    if (queue === undefined || !queue.delete(request)) return;
    if (queue.size === 0) this.#queues.delete(key);
    const [first] = queue;
    first?.wake?.();
  }

  #queueOf(key: Key): Set<LockRequest> {
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = new Set()));
    return queue;
  }

  #reentry(key: Key): InvalidArgumentError {
    return new InvalidArgumentError(
      `The lock ${formatKey(key)} of scope '${this.#scope}' must not be taken by code that holds it, which would wait for ` +
        'itself. The function was not run.',
    );
  }

  #timeout(key: Key, timeoutMs: number): LockTimeoutError {
    return new LockTimeoutError(
      `The lock ${formatKey(key)} of scope '${this.#scope}' was not free within ${timeoutMs} ms. The function was not run.`,
    );
  }
}

function reject(request: LockRequest, error: unknown): void {
  request.rejection ??= { error };
  request.wake?.();
}
