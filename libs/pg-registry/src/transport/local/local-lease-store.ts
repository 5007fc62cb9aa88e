import {
  type LeaseReadOutcome,
  type LeaseStore,
  type LeaseUnknown,
  type LeaseUnreachable,
  type LeaseWatch,
  type LeaseWrite,
  type LeaseWriteOutcome,
  type LeaseWritten,
} from '../../names/lease-store';
import type { LocalLeases } from './local-leases';

/** What one node's view of the records needs of its connection. */
export interface LocalLeaseStoreDeps {
  readonly leases: LocalLeases;
  readonly isConnected: () => boolean;
  /** Runs a step at the store, and brings its result back, each in a later turn. A paused or lost connection runs it later or never. */
  readonly roundTrip: <T>(step: () => T, onResult: (result: T) => void) => void;
  /** Runs a step at the node in a later turn, unless it is paused or lost. */
  readonly deliver: (step: () => void) => void;
}

const UNREACHABLE: LeaseUnreachable = {
  type: 'unreachable',
  reason: 'The node is not connected to the local bus.',
};
const CLOSED: LeaseUnknown = { type: 'unknown', reason: 'The store was closed before it answered.' };

/** One node's access to the records of its namespace on its bus. */
export class LocalLeaseStore implements LeaseStore {
  readonly place = 'the local bus of this process';
  readonly #deps: LocalLeaseStoreDeps;
  /** What ends each open request early. */
  readonly #open = new Set<() => void>();
  readonly #watches = new Set<LeaseWatch>();
  #closed = false;

  constructor(deps: LocalLeaseStoreDeps) {
    this.#deps = deps;
  }

  read(name: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<LeaseReadOutcome> {
    return this.#ask<LeaseReadOutcome>(timeoutMs, () => {
      const found = this.#deps.leases.read(name);
      const { epoch } = this.#deps.leases;
      return found === undefined ? { type: 'absent', epoch } : { type: 'found', ...found, epoch };
    });
  }

  write(write: LeaseWrite, { timeoutMs }: { readonly timeoutMs: number }): Promise<LeaseWriteOutcome> {
    // A copy, because the record becomes visible in a later turn.
    const copy = { ...write, record: new Uint8Array(write.record) };
    return this.#ask<LeaseWriteOutcome>(timeoutMs, () => {
      const written = this.#deps.leases.write(copy);
      if (written === undefined) return { type: 'refused' };
      return { type: 'written', epoch: this.#deps.leases.epoch, ...written } satisfies LeaseWritten;
    });
  }

  watch(name: string, onHint: (heard: Uint8Array) => void): LeaseWatch {
    let active = !this.#closed;
    const remove = this.#deps.leases.watch(name, (record) => {
      const heard = new Uint8Array(record);
      this.#deps.deliver(() => {
        if (active) onHint(heard);
      });
    });
    const watch: LeaseWatch = {
      stop: () => {
        active = false;
        remove();
        this.#watches.delete(watch);
      },
    };
    if (active) this.#watches.add(watch);
    else watch.stop();
    return watch;
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches) watch.stop();
    for (const end of this.#open) end();
  }

  #ask<Outcome>(timeoutMs: number, step: () => Outcome): Promise<Outcome | LeaseUnknown | LeaseUnreachable> {
    if (this.#closed || !this.#deps.isConnected()) return Promise.resolve(UNREACHABLE);
    return new Promise((resolve) => {
      const end = (outcome: Outcome | LeaseUnknown): void => {
        clearTimeout(timer);
        this.#open.delete(abandon);
        resolve(outcome);
      };
      const abandon = (): void => end(CLOSED);
      const late: LeaseUnknown = {
        type: 'unknown',
        reason: `The store did not answer within ${timeoutMs} ms.`,
      };
      const timer = setTimeout(() => end(late), timeoutMs);
      this.#open.add(abandon);
      this.#deps.roundTrip(step, end);
    });
  }
}
