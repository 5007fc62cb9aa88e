import type {
  LeaseReadOutcome,
  LeaseStore,
  LeaseUnknown,
  LeaseUnreachable,
  LeaseWatch,
  LeaseWrite,
  LeaseWriteOutcome,
} from '../../../libs/pg-registry/src/names/lease-store';
import type { LocalLeases } from '../../../libs/pg-registry/src/transport/local/local-leases';
import type { EventLoop } from '../../support/virtual-network/event-loop';
import type { EventQueue } from '../../support/virtual-network/event-queue';

const UNREACHABLE: LeaseUnreachable = { type: 'unreachable', reason: 'The node is not connected.' };

/** What a {@link VirtualLeaseStore} needs. */
export interface VirtualLeaseStoreDeps {
  readonly queue: EventQueue;
  readonly loop: EventLoop;
  readonly leases: LocalLeases;
  readonly isConnected: () => boolean;
  /** Whether messages pass between the node and the store at this moment. */
  readonly isReachable: () => boolean;
  /** How long a message takes on its way, in milliseconds. */
  readonly travelMs: () => number;
}

/** One node's access to the leases, over a network in virtual time. */
export class VirtualLeaseStore implements LeaseStore {
  readonly place = 'a virtual store';
  readonly #deps: VirtualLeaseStoreDeps;
  readonly #watches = new Set<LeaseWatch>();

  constructor(deps: VirtualLeaseStoreDeps) {
    this.#deps = deps;
  }

  read(name: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<LeaseReadOutcome> {
    return this.#ask<LeaseReadOutcome>(timeoutMs, () => {
      const { leases } = this.#deps;
      const found = leases.read(name);
      const { epoch } = leases;
      return found === undefined ? { type: 'absent', epoch } : { type: 'found', ...found, epoch };
    });
  }

  write(write: LeaseWrite, { timeoutMs }: { readonly timeoutMs: number }): Promise<LeaseWriteOutcome> {
    const copy = { ...write, record: new Uint8Array(write.record) };
    return this.#ask<LeaseWriteOutcome>(timeoutMs, () => {
      const { leases } = this.#deps;
      const written = leases.write(copy);
      return written === undefined
        ? { type: 'refused' }
        : { type: 'written', epoch: leases.epoch, ...written };
    });
  }

  watch(name: string, onHint: (heard: Uint8Array) => void): LeaseWatch {
    let isActive = true;
    const hint = (record: Uint8Array): void =>
      this.#travel(() => {
        this.#deps.loop.message(() => {
          if (isActive) onHint(new Uint8Array(record));
        });
      });
    const remove = this.#deps.leases.watch(name, hint);
    const watch: LeaseWatch = {
      stop: () => {
        isActive = false;
        remove();
        this.#watches.delete(watch);
      },
    };
    this.#watches.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of this.#watches) watch.stop();
  }

  #ask<Outcome>(timeoutMs: number, step: () => Outcome): Promise<Outcome | LeaseUnknown | LeaseUnreachable> {
    const { loop, isConnected } = this.#deps;
    if (!isConnected()) return Promise.resolve(UNREACHABLE);
    return new Promise((resolve) => {
      const late: LeaseUnknown = { type: 'unknown', reason: 'The store did not answer in time.' };
      const cancel = loop.setTimer(timeoutMs, () => resolve(late));
      const answered = (outcome: Outcome): void => {
        cancel();
        resolve(outcome);
      };
      this.#travel(() => {
        const outcome = step();
        this.#travel(() => loop.message(() => answered(outcome)));
      });
    });
  }

  /** Takes a step to the other side, unless the way is cut when it arrives. */
  #travel(step: () => void): void {
    const { queue, travelMs, isReachable } = this.#deps;
    queue.after(travelMs(), () => {
      if (isReachable()) step();
    });
  }
}
