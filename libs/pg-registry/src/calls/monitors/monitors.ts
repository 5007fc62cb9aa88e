import { Observable, type Subscriber } from 'rxjs';
import type { Pid, Value } from '../../term';
import type { LocalProcess, Processes } from '../../lifetime';

/** What a monitor tells, once. Mirrors the `DOWN` message of `erlang:monitor/2`. */
export interface ProcessDown {
  /** The process that ended. */
  readonly pid: Pid;
  /**
   * What the process ended with, in normal form (of an error its name, message and code); `'noproc'` if it had ended before,
   * `'noconnection'` if its node was lost.
   */
  readonly reason: Value;
}

/** How processes of other nodes are watched; see {@link RemoteWatches}. */
export interface Watching {
  watch(pid: Pid): void;
  release(pid: Pid): void;
}

/** One subscription. */
interface Interest {
  readonly pid: Pid;
  readonly process: LocalProcess;
  tell(down: ProcessDown): void;
  complete(): void;
}

/** Who on this node waits for the end of which process, here or on another node. */
export class Monitors {
  readonly #byPid = new Map<string, Set<Interest>>();
  readonly #byProcess = new Map<LocalProcess, Set<Interest>>();

  readonly #processes: Processes;
  readonly #remote: Watching;

  constructor(processes: Processes, remote: Watching) {
    this.#processes = processes;
    this.#remote = remote;
  }

  /** Subscriptions that have not been told yet. */
  get size(): number {
    let size = 0;
    for (const interests of this.#byPid.values()) size += interests.size;
    return size;
  }

  /** See `ProcessService.monitor`. */
  monitor(pid: Pid): Observable<ProcessDown> {
    return new Observable<ProcessDown>((subscriber) => {
      const interest = this.#interest(pid, subscriber);
      if (!interest.process.alive) return interest.complete();
      const isLocal = this.#processes.isLocal(pid);
      if (isLocal && this.#processes.get(pid) === undefined) return interest.tell(noproc(pid));
      const isFirst = this.#add(interest);
      subscriber.add(() => this.#remove(interest));
      if (isFirst && !isLocal) this.#remote.watch(pid);
    });
  }

  /** A process has ended, or cannot be seen any more: tells everybody, once. */
  down(pid: Pid, reason: Value): void {
    const interests = this.#byPid.get(nameOf(pid));
    this.#byPid.delete(nameOf(pid));
    for (const interest of interests ?? []) interest.tell(Object.freeze({ pid, reason }));
  }

  /** Completes the subscriptions that were made as this process. */
  completeFor(process: LocalProcess): void {
    for (const interest of this.#byProcess.get(process) ?? []) interest.complete();
  }

  /** Completes all subscriptions. */
  close(): void {
    for (const interests of this.#byPid.values()) for (const interest of interests) interest.complete();
  }

  #interest(pid: Pid, subscriber: Subscriber<ProcessDown>): Interest {
    const tell = (down: ProcessDown): void => {
      subscriber.next(down);
      subscriber.complete();
    };
    const complete = (): void => subscriber.complete();
    const processes = this.#processes;
    return { pid, process: processes.self(), tell: processes.bind(tell), complete: processes.bind(complete) };
  }

  #add(interest: Interest): boolean {
    const { pid, process } = interest;
    if (process !== this.#processes.root) put(this.#byProcess, process, interest);
    return put(this.#byPid, nameOf(pid), interest);
  }

  #remove(interest: Interest): void {
    const { pid, process } = interest;
    take(this.#byProcess, process, interest);
    if (take(this.#byPid, nameOf(pid), interest) && !this.#processes.isLocal(pid)) this.#remote.release(pid);
  }
}

/** @returns Whether it is the first under this key. */
function put<K>(map: Map<K, Set<Interest>>, key: K, interest: Interest): boolean {
  const interests = map.get(key);
  if (interests === undefined) map.set(key, new Set([interest]));
  else interests.add(interest);
  return interests === undefined;
}

/** @returns Whether it was the last under this key. */
function take<K>(map: Map<K, Set<Interest>>, key: K, interest: Interest): boolean {
  const interests = map.get(key);
  if (interests?.delete(interest) !== true || interests.size > 0) return false;
  return map.delete(key);
}

function nameOf({ incarnation, id }: Pid): string {
  return `${incarnation}.${id}`;
}

function noproc(pid: Pid): ProcessDown {
  return Object.freeze({ pid, reason: 'noproc' });
}
