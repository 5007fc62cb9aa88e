import type { Processes, Timers } from '../../lifetime';
import { formatKey, InvalidArgumentError, NotRegisteredError, type Pid, TransportError } from '../../term';
import type { TriedMembers } from '../pick';
import type { ClusterName, HolderRouter } from './cluster-name';

/** After so many milliseconds a holder that could not be asked is asked again, unless another one has come. */
const RETRY_MS = 250;

/** What ends the waiting for a holder. */
export interface HolderWait {
  /** Processes that could not be asked. */
  readonly tried: TriedMembers | undefined;
  /** Why the last of them could not. */
  readonly last: unknown;
  /** Milliseconds; Infinity: no limit. */
  readonly remainingMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What calls to cluster names ask of the {@link HolderRouter} of their node, which is made after them. */
export class HolderRouting {
  router: HolderRouter | undefined;
  readonly #timers: Timers;
  readonly #processes: Pick<Processes, 'signals'>;

  constructor(timers: Timers, processes: Pick<Processes, 'signals'>) {
    this.#timers = timers;
    this.#processes = processes;
  }

  /** Returns the process that holds a name; undefined if nobody does, or it was tried. */
  pick({ key }: ClusterName, tried: TriedMembers | undefined): Pid | undefined {
    const pid = this.#required.holderOf(key);
    return pid === undefined || tried?.has(pid) === true ? undefined : pid;
  }

  /**
   * Waits for a holder that was not tried.
   *
   * @returns True: there is one. False: those that were tried can be asked again.
   * @throws NotRegisteredError when the time is up; the signal's reason; TransportError if the node stops.
   */
  wait(name: ClusterName, { tried, last, remainingMs, signal }: HolderWait): Promise<boolean> {
    const required = this.#required;
    return new Promise((resolve, reject) => {
      const stops: (() => void)[] = [];
      let isOver = false;
      const add = (stop: () => void): void => {
        if (isOver) stop();
        else stops.push(stop);
      };
      const end = (settle: () => void): void => {
        isOver = true;
        for (const stop of stops.splice(0)) stop();
        settle();
      };
      const look = (): void => {
        try {
          if (this.pick(name, tried) !== undefined) end(() => resolve(true));
        } catch (error) {
          end(() => reject(error));
        }
      };
      const after = (ms: number, settle: () => void): void =>
        add(this.#timers.setTimer(ms, () => end(settle), { keepAlive: true }));
      add(required.onHolderChange(name.key, look, () => end(() => reject(stopped(name)))));
      if (remainingMs !== Infinity) after(remainingMs, () => reject(nobody(name, last)));
      if (tried !== undefined && remainingMs > RETRY_MS) after(RETRY_MS, () => resolve(false));
      if (signal !== undefined)
        add(this.#processes.signals.onAbort(signal, () => end(() => reject(signal.reason))));
    });
  }

  get #required(): HolderRouter {
    if (this.router !== undefined) return this.router;
    throw new InvalidArgumentError('This node knows no cluster names. Nothing was sent.');
  }
}

function nobody({ key }: ClusterName, last: unknown): NotRegisteredError {
  const name = `the cluster name ${formatKey(key)}`;
  return last === undefined
    ? new NotRegisteredError(
        `Nobody in the cluster holds ${name}, as this node has heard, and nobody has come within the time limit; nothing was executed.`,
      )
    : new NotRegisteredError(
        `The holder of ${name} could not be asked, and no other one has come within the time limit; nothing was executed.`,
        { cause: last },
      );
}

function stopped({ key }: ClusterName): TransportError {
  return new TransportError(
    `This node has stopped while a call waited for a holder of the cluster name ${formatKey(key)}. Nothing was executed.`,
  );
}
