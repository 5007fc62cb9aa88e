import { Observable, type Subscriber } from 'rxjs';
import { InvalidArgumentError, isPid, type Pid, type Value } from '../../term';
import type { LocalProcess, Processes } from '../../lifetime';
import type { WatchedProcesses } from './watched-processes';

/** The end of a process, which a monitor emits once. Mirrors the `DOWN` message of `erlang:monitor/2`. */
export interface ProcessDown {
  /** The process that ended. */
  readonly pid: Pid;
  /**
   * The reason of the end, in normal form: of an error its name, message and code. `'noproc'` if the process had ended before,
   * `'noconnection'` if its node was lost.
   */
  readonly reason: Value;
}

/** One subscription of a monitor. */
interface MonitorSubscription {
  readonly pid: Pid;
  readonly process: LocalProcess;
  tell(down: ProcessDown): void;
  complete(): void;
}

/** Subscriptions on this node to the end of processes, here or on other nodes. */
export class ProcessMonitors {
  readonly #byPid = new Map<string, Set<MonitorSubscription>>();
  readonly #byProcess = new Map<LocalProcess, Set<MonitorSubscription>>();

  readonly #processes: Processes;
  readonly #watched: Pick<WatchedProcesses, 'watch' | 'release'>;

  constructor(processes: Processes, watched: Pick<WatchedProcesses, 'watch' | 'release'>) {
    this.#processes = processes;
    this.#watched = watched;
  }

  /** Subscriptions whose process has not ended. */
  get size(): number {
    let size = 0;
    for (const subscriptions of this.#byPid.values()) size += subscriptions.size;
    return size;
  }

  /** See `ProcessService.monitor`. */
  monitor(pid: Pid): Observable<ProcessDown> {
    if (!isPid(pid))
      throw new InvalidArgumentError('The first argument of monitor() must be the Pid of a process.');
    return new Observable<ProcessDown>((subscriber) => {
      const subscription = this.#subscription(pid, subscriber);
      if (!subscription.process.alive) return subscription.complete();
      const isLocal = this.#processes.isLocal(pid);
      if (isLocal && this.#processes.get(pid) === undefined) return subscription.tell(noproc(pid));
      const isFirst = this.#add(subscription);
      subscriber.add(() => this.#remove(subscription));
      if (isFirst && !isLocal) this.#watched.watch(pid);
    });
  }

  /** Tells every subscriber, once, that a process has ended or cannot be seen any more. */
  down(pid: Pid, reason: Value): void {
    const subscriptions = this.#byPid.get(nameOf(pid));
    this.#byPid.delete(nameOf(pid));
    for (const subscription of subscriptions ?? []) subscription.tell(Object.freeze({ pid, reason }));
  }

  /** Completes the subscriptions that this process made. */
  completeFor(process: LocalProcess): void {
    for (const subscription of this.#byProcess.get(process) ?? []) subscription.complete();
  }

  /** Completes all subscriptions. */
  close(): void {
    for (const subscriptions of this.#byPid.values())
      for (const subscription of subscriptions) subscription.complete();
  }

  #subscription(pid: Pid, subscriber: Subscriber<ProcessDown>): MonitorSubscription {
    const tell = (down: ProcessDown): void => {
      subscriber.next(down);
      subscriber.complete();
    };
    const complete = (): void => subscriber.complete();
    const processes = this.#processes;
    return {
      pid,
      process: processes.self(),
      tell: processes.current.bind(tell),
      complete: processes.current.bind(complete),
    };
  }

  #add(subscription: MonitorSubscription): boolean {
    const { pid, process } = subscription;
    if (process !== this.#processes.root) put(this.#byProcess, process, subscription);
    return put(this.#byPid, nameOf(pid), subscription);
  }

  #remove(subscription: MonitorSubscription): void {
    const { pid, process } = subscription;
    take(this.#byProcess, process, subscription);
    if (take(this.#byPid, nameOf(pid), subscription) && !this.#processes.isLocal(pid))
      this.#watched.release(pid);
  }
}

/** @returns Whether it is the first under this key. */
function put<K>(map: Map<K, Set<MonitorSubscription>>, key: K, subscription: MonitorSubscription): boolean {
  const subscriptions = map.get(key);
  if (subscriptions === undefined) map.set(key, new Set([subscription]));
  else subscriptions.add(subscription);
  return subscriptions === undefined;
}

/** @returns Whether it was the last under this key. */
function take<K>(map: Map<K, Set<MonitorSubscription>>, key: K, subscription: MonitorSubscription): boolean {
  const subscriptions = map.get(key);
  if (subscriptions?.delete(subscription) !== true || subscriptions.size > 0) return false;
  return map.delete(key);
}

function nameOf({ incarnation, id }: Pid): string {
  return `${incarnation}.${id}`;
}

function noproc(pid: Pid): ProcessDown {
  return Object.freeze({ pid, reason: 'noproc' });
}
