import {
  InvalidArgumentError,
  NotLocalError,
  OptionChecks,
  Pid,
  PidInterner,
  ProcessExitedError,
  isInstanceOf,
} from '../term';
import { AbortListeners } from './abort-listeners';
import { CurrentProcess } from './current-process';
import { LocalProcess } from './local-process';

/** What a node gives its processes. */
export interface ProcessesDeps {
  /** The node's name. */
  readonly node: string;
  readonly incarnation: string;
  readonly pids: PidInterner;
  /** Called with what an exit listener threw; the other listeners run all the same. */
  readonly onObserverError?: (error: unknown) => void;
}

/** What a new process ends together with. */
export interface ProcessLinks {
  /** Ends the process with the signal's reason when it aborts; one that is aborted already gives an ended process. */
  readonly signal?: AbortSignal | undefined;
  /** A living process of this node: the new one ends with it, for the same reason. Mirrors `spawn_link`, one way. */
  readonly owner?: LocalProcess | undefined;
}

/** Called in the turn in which a process ends, when it counts as ended already. */
export type ExitListener = (process: LocalProcess, reason: unknown) => void;

const CHECKS: OptionChecks = new OptionChecks('No process was started.', 'spawn()');

/**
 * Starts and ends the processes of one node, and knows which of them the running code belongs to.
 *
 * Everything is synchronous: when `exit` returns, every exit listener has run and every owned process has ended too.
 */
export class Processes {
  /** The process of all code that runs outside of {@link run}. Ends last, with {@link exitAll}. */
  readonly root: LocalProcess;
  /** Which process the running code belongs to. */
  readonly current: CurrentProcess;
  /** Who waits for which signal to abort: calls, locks and processes. */
  readonly signals = new AbortListeners();
  readonly #deps: ProcessesDeps;
  readonly #living = new Map<number, LocalProcess>();
  readonly #owned = new Map<LocalProcess, Set<LocalProcess>>();
  /** Removes the links of a process to a signal or an owner. */
  readonly #unlink = new Map<LocalProcess, () => void>();
  readonly #protected = new WeakSet<LocalProcess>();
  readonly #exitListeners = new Set<ExitListener>();
  readonly #afterExitListeners = new Set<ExitListener>();
  #lastId = -1;

  constructor(deps: ProcessesDeps) {
    this.#deps = deps;
    this.root = this.#add('root');
    this.current = new CurrentProcess(this.root);
  }

  /** Living processes of this node, the root process included. */
  get size(): number {
    return this.#living.size;
  }

  /**
   * Starts a process. Mirrors `spawn/1`.
   *
   * @param label A word for logs and monitors.
   * @throws ProcessExitedError if the owner has ended, or the whole node has; InvalidOptionError if `signal` is not an AbortSignal.
   */
  spawn(label?: string, { signal, owner }: ProcessLinks = {}): LocalProcess {
    CHECKS.signal('signal', signal);
    if (owner !== undefined) this.#checkOwn(owner);
    if (!this.root.alive) throw exited(this.root, 'The node has stopped; it starts no more processes.');
    const process = this.#add(label);
    if (signal !== undefined || owner !== undefined) this.#link(process, signal, owner);
    return process;
  }

  /** Returns the living process with this pid, if it is one of this node. O(1). */
  get(pid: Pid): LocalProcess | undefined {
    return this.isLocal(pid) ? this.#living.get(pid.id) : undefined;
  }

  /** Returns living processes with ids above `after`, ascending, at most `limit`. Costs the number of processes. */
  living(after: number, limit: number): readonly LocalProcess[] {
    const found: LocalProcess[] = [];
    for (const process of this.#living.values()) {
      if (found.length >= limit) break;
      if (process.pid.id > after) found.push(process);
    }
    return found;
  }

  /** Marks a process that nobody may end by its pid alone, because a provider lives in it. */
  protect(process: LocalProcess): void {
    this.#protected.add(process);
  }

  /** Returns whether nobody may end a process by its pid alone: the root process, those of providers, and the library's own (`pg.…`). */
  isProtected(process: LocalProcess): boolean {
    return process === this.root || this.#protected.has(process) || process.label?.startsWith('pg.') === true;
  }

  /** Returns whether the pid is one of this node in this incarnation, alive or ended. */
  isLocal(pid: Pid): boolean {
    return pid.incarnation === this.#deps.incarnation && pid.node === this.#deps.node;
  }

  /** Returns the process that the running code belongs to: that of the innermost {@link run}, else the root process. Mirrors `self/0`. */
  self(): LocalProcess {
    return this.current.self();
  }

  /**
   * Runs `fn` as `process`, across its awaits and everything that it starts, and returns its result.
   *
   * @throws ProcessExitedError if the process has ended; NotLocalError if it is another node's.
   */
  run<T>(process: LocalProcess, fn: () => T): T {
    this.#checkOwn(process);
    return this.current.run(process, fn);
  }

  /**
   * Calls `listener` whenever a process ends, in the same turn, in the order of subscription. For removing what the process had. An
   * error that it throws is reported, and the other listeners run all the same.
   *
   * @returns A function that ends the subscription.
   */
  onExit(listener: ExitListener): () => void {
    return subscribe(this.#exitListeners, listener);
  }

  /**
   * Like {@link onExit}, but calls `listener` after all of those. For calling code of the user, which then sees nothing of the process
   * any more.
   *
   * @returns A function that ends the subscription.
   */
  afterExit(listener: ExitListener): () => void {
    return subscribe(this.#afterExitListeners, listener);
  }

  /** Ends every process, newest first and the root process last; afterwards nothing can be spawned. */
  exitAll(reason: unknown): void {
    // Again for what a listener spawned meanwhile; once the root process has ended, nothing can be spawned.
    while (this.#living.size > 0) {
      for (const process of [...this.#living.values()].toReversed()) process.exit(reason);
    }
    this.current.dispose();
  }

  /** Nothing of the node runs any more: no code has a process from now on. */
  close(): void {
    this.current.close();
  }

  /** Ends every process that lives now except the root process, newest first. */
  exitChildren(reason: unknown): void {
    for (const process of [...this.#living.values()].toReversed()) {
      if (process !== this.root) process.exit(reason);
    }
  }

  #add(label: string | undefined): LocalProcess {
    const { pids, node, incarnation } = this.#deps;
    const pid = pids.intern(node, incarnation, (this.#lastId += 1));
    const process = new LocalProcess(pid, label, (ended, reason) => this.#ended(ended, reason));
    this.#living.set(pid.id, process);
    return process;
  }

  #link(process: LocalProcess, signal: AbortSignal | undefined, owner: LocalProcess | undefined): void {
    if (signal?.aborted) return process.exit(signal.reason);
    const removeListener = signal && this.signals.onAbort(signal, () => process.exit(signal.reason));
    if (owner !== undefined) this.#ownedBy(owner).add(process);
    this.#unlink.set(process, () => {
      removeListener?.();
      if (owner !== undefined) this.#owned.get(owner)?.delete(process);
    });
  }

  #ownedBy(owner: LocalProcess): Set<LocalProcess> {
    let owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, (owned = new Set()));
    return owned;
  }

  #ended(process: LocalProcess, reason: unknown): void {
    this.#living.delete(process.pid.id);
    this.#unlink.get(process)?.();
    this.#unlink.delete(process);
    for (const listener of this.#exitListeners) this.#guard(() => listener(process, reason));
    for (const listener of this.#afterExitListeners) this.#guard(() => listener(process, reason));
    const owned = this.#owned.get(process);
    this.#owned.delete(process);
    if (owned !== undefined) for (const each of owned) each.exit(reason);
  }

  #guard(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#deps.onObserverError?.(error);
    }
  }

  #checkOwn(process: LocalProcess): void {
    if (!isInstanceOf(process, LocalProcess)) {
      throw new InvalidArgumentError('The process must be one that spawn() or start() returned.', {});
    }
    if (this.#living.get(process.pid.id) === process) return;
    if (!this.isLocal(process.pid)) {
      const { pid } = process;
      throw new NotLocalError(
        `${pid} is a process of another node. Only processes of node '${this.#deps.node}' can be used here.`,
        { pid },
      );
    }
    throw exited(process, `${process.pid} has ended.`);
  }
}

function subscribe(listeners: Set<ExitListener>, listener: ExitListener): () => void {
  // A new function each time, so that one listener subscribed twice is two subscriptions.
  const subscription: ExitListener = (process, reason) => listener(process, reason);
  listeners.add(subscription);
  return () => void listeners.delete(subscription);
}

function exited(process: LocalProcess, message: string): ProcessExitedError {
  return new ProcessExitedError(message, { pid: process.pid, reason: process.reason });
}
