import type { LocalProcess } from '../lifetime';
import {
  describeValue,
  InvalidArgumentError,
  isPid,
  normalKey,
  normalValue,
  NotLocalError,
  ProcessExitedError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import type { ScopeDeps } from './scope-deps';

/**
 * What callers pass to a scope, checked and brought into the form that the run takes. Every method throws before
 * anything has changed, and says what was wrong and what is allowed.
 */
export class ArgumentChecks {
  readonly #deps: ScopeDeps;

  constructor(deps: ScopeDeps) {
    this.#deps = deps;
  }

  key(key: unknown): Key {
    return normalKey(key, this.#deps.limits, this.#deps.pids);
  }

  value(value: unknown): Value {
    return normalValue(value, this.#deps.limits, this.#deps.pids);
  }

  /** The process that the running code belongs to; it must live. Asked of a running scope, like {@link living}. */
  self(): LocalProcess {
    const process = this.#deps.processes.self();
    if (!process.alive) throw exited(process.pid, process.reason);
    return process;
  }

  /** A pid of any node; undefined stands for the running code's. */
  pid(pid: unknown): Pid {
    return pid === undefined ? this.#deps.processes.self().pid : asPid(pid);
  }

  /** A pid of this node, alive or not; undefined stands for the running code's. */
  localPid(pid: unknown): Pid {
    return pid === undefined ? this.#deps.processes.self().pid : this.#mine(asPid(pid));
  }

  /** A pid or a list of pids, all of this node, alive or not; one that is not of this node rejects the whole list. */
  localPids(pids: unknown): readonly Pid[] {
    return Array.isArray(pids) ? pids.map((pid) => this.#mine(asPid(pid))) : [this.#mine(asPid(pids))];
  }

  /** As {@link localPids}, for processes that are to be registered. */
  members(pids: unknown): Members {
    const given: readonly unknown[] = Array.isArray(pids) ? pids : [pids];
    const members: Pid[] = [];
    let dead: Pid | undefined = undefined;
    for (const each of given) {
      const pid = asPid(each);
      const living = this.#deps.processes.get(pid);
      // A living process has the node's own object of its pid: one look into a Map instead of three and a WeakRef.
      members.push(living === undefined ? this.#mine(pid) : living.pid);
      if (living === undefined) dead ??= pid;
    }
    return { pids: members, dead };
  }

  /** Pids whose processes have to live. Asked of a running scope: the end of the node stops both. */
  living({ pids, dead }: Members): readonly Pid[] {
    if (dead !== undefined) throw exited(dead, undefined);
    return pids;
  }

  /** A function, named for the message. */
  callback(value: unknown, name: string): asserts value is (...args: readonly unknown[]) => unknown {
    if (typeof value === 'function') return;
    throw invalid(`${name} must be a function, not ${describeValue(value)}.`);
  }

  /** An object of options with no others than these; undefined stands for none. */
  options(options: unknown, names: readonly string[]): void {
    if (options === undefined) return;
    if (typeof options !== 'object' || options === null)
      throw invalid(`Options must be an object, not ${describeValue(options)}.`);
    const unknown = Object.keys(options).find((name) => !names.includes(name));
    if (unknown !== undefined) throw invalid(`Unknown option '${unknown}'; valid: ${names.join(', ')}.`);
  }

  /** A time limit in milliseconds; Infinity is none, undefined the default. */
  timeout(timeoutMs: unknown): void {
    if (timeoutMs === undefined || timeoutMs === Infinity) return;
    if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= MAX_TIMEOUT_MS) return;
    throw invalid(`timeoutMs must be 0 to ${MAX_TIMEOUT_MS} or Infinity, not ${describeValue(timeoutMs)}.`);
  }

  /** An AbortSignal, or undefined. */
  signal(signal: unknown): void {
    if (signal === undefined || signal instanceof AbortSignal) return;
    throw invalid(`signal must be an AbortSignal, not ${describeValue(signal)}.`);
  }

  /** The pid, if it is one of this node. */
  #mine(pid: Pid): Pid {
    if (this.#deps.processes.isLocal(pid)) return pid;
    const message = `${pid.toString()} is a process of another node; only its own node can register, change or remove its entries.`;
    throw new NotLocalError(`${message} ${UNCHANGED}`, { pid });
  }
}

/** Processes of this node that are to be registered. */
export interface Members {
  readonly pids: readonly Pid[];
  /** The first whose process has ended. */
  readonly dead: Pid | undefined;
}

const UNCHANGED = 'Nothing was changed.';
/** What Node.js timers can count: 2³¹ − 1. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** An InvalidArgumentError that says so. */
export function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(`${message} ${UNCHANGED}`, {});
}

function asPid(pid: unknown): Pid {
  if (isPid(pid)) return pid;
  throw invalid(`Expected a pid, not ${describeValue(pid)}.`);
}

function exited(pid: Pid, reason: unknown): ProcessExitedError {
  return new ProcessExitedError(
    `${pid.toString()} has exited, and this needs a living process. ${UNCHANGED}`,
    {
      pid,
      reason,
    },
  );
}
