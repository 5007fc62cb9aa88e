import type { LocalProcess, Processes } from '../lifetime';
import {
  formatKey,
  InvalidArgumentError,
  KeyMap,
  LockTimeoutError,
  ProcessExitedError,
  type Key,
} from '../term';

/** How long to wait for a lock, and what ends the waiting early. */
export interface LockOptions {
  /** Milliseconds to wait for the lock, not to hold it; 0 takes it only if it is free. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting with the signal's reason; a lock that is held already is not taken away. */
  readonly signal?: AbortSignal | undefined;
}

/** One call's place in the line for a lock. */
interface Ticket {
  readonly process: LocalProcess;
  /** Ends the waiting: the ticket is first in line, or was refused. */
  wake?: () => void;
  /** Why the ticket will not get the lock. */
  refusal?: { readonly error: unknown };
}

/**
 * Exclusive locks by key, for one run of a scope on one node; the keys are a namespace of their own.
 *
 * Who waits is served in the order of arrival. A lock is given back when its function has returned (its promise has
 * settled), has thrown, or the process that took it exits. Mirrors `Registry.lock/3`.
 */
export class LockTable {
  readonly #scope: string;
  readonly #processes: Processes;
  /** By key: the holder, then who waits, by arrival. */
  readonly #lines = new KeyMap<Set<Ticket>>();

  constructor(scope: string, processes: Processes) {
    this.#scope = scope;
    this.#processes = processes;
  }

  /**
   * Runs `fn` while holding the lock and returns its result.
   *
   * @throws InvalidArgumentError inside of a function that holds this lock already: it would wait for itself.
   * @throws LockTimeoutError if the lock was not free in time; ProcessExitedError if the waiting process exits.
   */
  async run<T>(
    key: Key,
    fn: () => T | PromiseLike<T>,
    { timeoutMs = 5000, signal }: LockOptions,
  ): Promise<T> {
    signal?.throwIfAborted();
    const line = this.#lineOf(key);
    const [holder] = line;
    if (holder !== undefined && this.#processes.current.isWithin(holder)) throw this.#reentry(key);
    const ticket: Ticket = { process: this.#processes.self() };
    line.add(ticket);
    try {
      if (holder !== undefined) await this.#wait(key, ticket, timeoutMs, signal);
      return await this.#processes.current.within(ticket, fn);
    } finally {
      this.#leave(key, ticket);
    }
  }

  /** Gives back what the process holds and sends its waiting calls away. Called when it has exited. */
  releaseAll(process: LocalProcess): void {
    const { pid, reason } = process;
    const message = `${pid.toString()} exited while it waited for a lock of scope '${this.#scope}'.`;
    this.#dismiss(
      (ticket) => ticket.process === process,
      () => new ProcessExitedError(message, { pid, reason }),
    );
  }

  /** Sends every waiting call away with an error; functions that run run to their end. Called when the scope stops. */
  close(error: () => Error): void {
    this.#dismiss(() => true, error);
  }

  /** Resolves when the ticket is first in line. */
  async #wait(key: Key, ticket: Ticket, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const turn = new Promise<void>((resolve) => (ticket.wake = resolve));
    const onTimeout = (): void => refuse(ticket, this.#timeout(key, timeoutMs));
    const onAbort = (): void => refuse(ticket, signal?.reason);
    const timer = timeoutMs === Infinity ? undefined : setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    await turn;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // Also for who was first for a moment: its process may have exited between its turn and this continuation.
    if (ticket.refusal !== undefined) throw ticket.refusal.error;
  }

  #dismiss(which: (ticket: Ticket) => boolean, error: () => Error): void {
    for (const [key, line] of this.#lines) {
      // From the back, so that none of these is given the lock on the way.
      for (const ticket of [...line].toReversed().filter(which)) {
        refuse(ticket, error());
        this.#leave(key, ticket);
      }
    }
  }

  /** Takes the ticket out of the line, if it is still there, and wakes who is first then. */
  #leave(key: Key, ticket: Ticket): void {
    const line = this.#lines.get(key);
    if (line === undefined || !line.delete(ticket)) return;
    if (line.size === 0) this.#lines.delete(key);
    const [first] = line;
    first?.wake?.();
  }

  #lineOf(key: Key): Set<Ticket> {
    let line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, (line = new Set()));
    return line;
  }

  #reentry(key: Key): InvalidArgumentError {
    return new InvalidArgumentError(
      `The lock ${formatKey(key)} of scope '${this.#scope}' is held by the code that asks for it; locks cannot be re-entered.`,
      {},
    );
  }

  #timeout(key: Key, timeoutMs: number): LockTimeoutError {
    return new LockTimeoutError(
      `The lock ${formatKey(key)} of scope '${this.#scope}' was not free within ${timeoutMs} ms; the function was not run.`,
      {},
    );
  }
}

function refuse(ticket: Ticket, error: unknown): void {
  ticket.refusal ??= { error };
  ticket.wake?.();
}
