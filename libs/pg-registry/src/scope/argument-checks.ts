import type { LocalProcess, Processes } from '../lifetime';
import {
  describeValue,
  InvalidArgumentError,
  isPid,
  normalKey,
  normalValue,
  NotLocalError,
  ProcessExitedError,
  STORED_VALUE,
  type Key,
  type Pid,
  type PidInterner,
  type Value,
  type ValueLimits,
  isList,
} from '../term';
import type { ScopeDeps } from './scope-deps';

/**
 * Checks the arguments of the methods of `PgRegistryService` and brings them into the form that the run takes. Every
 * check throws before anything has changed and says what is wrong and what is allowed.
 */
export class ArgumentChecks {
  readonly #limits: ValueLimits;
  readonly #pids: PidInterner;
  readonly #processes: Processes;

  constructor({ limits, pids, processes }: ScopeDeps) {
    this.#limits = limits;
    this.#pids = pids;
    this.#processes = processes;
  }

  /**
   * Brings a key into its normal form.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   */
  key(key: unknown): Key {
    return normalKey(key, this.#limits, this.#pids);
  }

  /**
   * Brings a value into the form in which an entry keeps it.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be stored.
   */
  value(value: unknown): Value {
    return normalValue(value, this.#limits, this.#pids, STORED_VALUE);
  }

  /**
   * Returns the process that the running code belongs to. Called after the check that the scope runs, because the end of a node
   * stops both.
   *
   * @throws ProcessExitedError if the process has exited.
   */
  self(): LocalProcess {
    const process = this.#processes.current.self();
    if (!process.alive) throw exitedError(process.pid, process.reason);
    return process;
  }

  /** A pid of any node. Default: that of the process that the running code belongs to. */
  pid(pid: unknown): Pid {
    return pid === undefined ? this.#processes.self().pid : asPid(pid);
  }

  /** A pid of this node, alive or not. Default: that of the process that the running code belongs to. */
  localPid(pid: unknown): Pid {
    return pid === undefined ? this.#processes.self().pid : this.#local(asPid(pid));
  }

  /** A pid or a list of pids, all of this node, alive or not. One pid of another node rejects the whole list. */
  localPids(pids: unknown): readonly Pid[] {
    return isList(pids) ? pids.map((pid) => this.#local(asPid(pid))) : [this.#local(asPid(pids))];
  }

  /** Like {@link localPids}, for processes that are to be registered; {@link living} checks that they are alive. */
  members(pids: unknown): CheckedMembers {
    const given: readonly unknown[] = isList(pids) ? pids : [pids];
    const members: Pid[] = [];
    let exited: Pid | undefined = undefined;
    for (const each of given) {
      const pid = asPid(each);
      const living = this.#processes.get(pid);
      // A living process has the node's own object of its pid: one look into a Map instead of three and a WeakRef.
      members.push(living === undefined ? this.#local(pid) : living.pid);
      if (living === undefined) exited ??= pid;
    }
    return { pids: members, exited };
  }

  /**
   * Returns the pids of {@link members}. Called after the check that the scope runs, because the end of a node stops both.
   *
   * @throws ProcessExitedError if one of the processes has exited.
   */
  living({ pids, exited }: CheckedMembers): readonly Pid[] {
    if (exited !== undefined) throw exitedError(exited, undefined);
    return pids;
  }

  /** A function; `name` is that of the argument, for the message. */
  callback(value: unknown, name: string): asserts value is (...args: readonly unknown[]) => unknown {
    if (typeof value === 'function') return;
    throw invalid(`Argument '${name}' must be a function (got ${describeValue(value)}).`);
  }

  /** @throws NotLocalError for a pid of another node. */
  #local(pid: Pid): Pid {
    if (this.#processes.isLocal(pid)) return pid;
    const message = `${pid.toString()} must be a process of this node: only its own node can register, change or remove its entries.`;
    throw new NotLocalError(`${message} ${UNCHANGED}`, { pid });
  }
}

/** Processes of this node that are to be registered. */
export interface CheckedMembers {
  readonly pids: readonly Pid[];
  /** The first of them that has exited. */
  readonly exited: Pid | undefined;
}

/** The last sentence of a refusal. */
export const UNCHANGED = 'Nothing was changed.';

/** Makes the InvalidArgumentError with this message. */
export function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(`${message} ${UNCHANGED}`, {});
}

function asPid(pid: unknown): Pid {
  if (isPid(pid)) return pid;
  throw invalid(`A process must be given by its Pid (got ${describeValue(pid)}).`);
}

function exitedError(pid: Pid, reason: unknown): ProcessExitedError {
  return new ProcessExitedError(
    `${pid.toString()} must be a living process, and it has exited. ${UNCHANGED}`,
    {
      pid,
      reason,
    },
  );
}
