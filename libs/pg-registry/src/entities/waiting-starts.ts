import type { Mailbox, QueuedMessage } from '../calls';
import { type LocalProcess, SharedTurns } from '../lifetime';
import type { Claim } from '../names';
import { isPid, type Key, messageOfThrown, type Pid } from '../term';
import type { EntitiesDeps } from './entities-deps';
import { nameOf } from './entity-options';
import type { HostedType, Life, StartOf } from './hosted-type';
import type { Directory } from './hosts';
import type { Refusals } from './refusals';

/** How long a node that has begun to offer a type, or has room again, waits for the word of the node that had the place before. */
const ASK_MS = 2000;
/** So many entities are started in one turn of the event loop at most; each may take a tenth of a millisecond. */
const STARTS_PER_TURN = 50;
/** How long nobody tries to restart an entity whose lease could not be claimed. */
const RESTART_MS = 1000;

/** What {@link WaitingStarts} asks of its host. */
export interface StartingHost {
  readonly process: LocalProcess;
  readonly isOpen: boolean;
  claim(hosted: HostedType, key: Key): Promise<Claim | undefined>;
  start(hosted: HostedType, key: Key, of: StartOf): Life;
  startOrTake(hosted: HostedType, key: Key, queued: QueuedMessage): void;
  refuse(queued: QueuedMessage, error: Error): void;
}

/**
 * Starts that have to wait: for the word of the store of leases or of the node that had the place before, or for their turn of the event loop.
 * Calls wait with them.
 */
export class WaitingStarts {
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #host: StartingHost;
  readonly #refusals: Refusals;
  readonly #turns: SharedTurns;

  constructor(deps: EntitiesDeps, directory: Directory, host: StartingHost, refusals: Refusals) {
    this.#deps = deps;
    this.#directory = directory;
    this.#host = host;
    this.#refusals = refusals;
    this.#turns = new SharedTurns({
      timers: deps.timers,
      mostPerTurn: STARTS_PER_TURN,
      onError: (error) => deps.onWarning('entity-start', 'An entity was not started in its turn', error),
    });
  }

  /** Takes the first message for an entity that is to be started here. @returns False if it need not wait. */
  take(hosted: HostedType, key: Key, first: QueuedMessage): boolean {
    if (hosted.type.guard === 'lease') {
      this.#claimFirst(hosted, key, first);
      return true;
    }
    const before = this.#placeBefore(hosted, key);
    if (before !== undefined) this.#askFirst(hosted, key, before, first);
    else if (this.#turns.take()) return false;
    else {
      const parking = this.#park(hosted, key);
      parking.take(first);
      this.#startLater(hosted, key, parking, first.message.caller.node);
    }
    return true;
  }

  /**
   * Starts an entity whose node crashed, in one of the next turns of the event loop. Never rejects.
   *
   * @param isPlace Whether it is still to be started here.
   */
  async restartSoon(hosted: HostedType, key: Key, isPlace: () => boolean): Promise<void> {
    const before = this.#placeBefore(hosted, key);
    // Race: it may have begun to restart it before it knew that this node offers the type.
    if (before !== undefined && isPid(await this.#livingBefore(hosted, key, before))) return;
    this.#turns.later(this.#host.process.pid.node, () => {
      if (!isPlace() || hosted.parked.has(key)) return;
      try {
        this.#host.start(hosted, key, { cause: 'restart' });
      } catch (error) {
        this.#deps.onWarning(
          'entity-start',
          `${nameOf({ type: hosted.type.name, key })} was not started again`,
          error,
        );
      }
    });
  }

  /** @param from The node that asks for it: the nodes take turns */
  #startLater(hosted: HostedType, key: Key, parking: Mailbox, from: string): void {
    this.#turns.later(from, () => {
      if (hosted.parked.get(key) !== parking) return;
      hosted.parked.delete(key);
      parking.divert((queued) => this.#startOrRefuse(hosted, key, queued));
    });
  }

  /** Never throws: others may wait behind it. */
  #startOrRefuse(hosted: HostedType, key: Key, queued: QueuedMessage): void {
    try {
      const address = queued.message.entity ?? { type: hosted.type.name, key, hops: 0, passed: 0 };
      // Meanwhile it may have been started elsewhere; and what sent the call here, because it had moved it here, may have left its entry.
      const refusal = hosted.lives.has(key) ? undefined : this.#refusals.afterWait(hosted, address);
      if (refusal === undefined) this.#host.startOrTake(hosted, key, queued);
      else this.#host.refuse(queued, refusal);
    } catch (error) {
      queued.settle({ type: 'error', error, executed: false });
    }
  }

  #claimFirst(hosted: HostedType, key: Key, first: QueuedMessage): void {
    const parking = this.#park(hosted, key);
    parking.take(first);
    void this.#claimAndStart(hosted, key, parking, { cause: 'call', trace: first.message.trace });
  }

  /** Never rejects. @returns Whether it was started. */
  async #claimAndStart(hosted: HostedType, key: Key, parking: Mailbox, of: StartOf): Promise<boolean> {
    try {
      const claim = await this.#host.claim(hosted, key);
      if (hosted.parked.get(key) !== parking) {
        // It is handed over to this node meanwhile: that start claims the lease itself.
        void claim?.release();
        return true;
      }
      this.#claimed(hosted, key, parking, { ...of, claim });
      return true;
    } catch (error) {
      if (hosted.parked.get(key) !== parking) return true;
      hosted.parked.delete(key);
      const failure = error instanceof Error ? error : new Error(messageOfThrown(error));
      parking.divert((queued) => this.#host.refuse(queued, failure));
      return false;
    }
  }

  #claimed(hosted: HostedType, key: Key, parking: Mailbox, of: StartOf): void {
    if (!this.#host.isOpen) {
      void of.claim?.release();
      throw this.#refusals.leaving({ type: hosted.type.name, key });
    }
    const life = this.#host.start(hosted, key, of);
    hosted.parked.delete(key);
    parking.divert((queued) => life.mailbox.take(queued));
  }

  /**
   * Starts an entity whose node crashed, as soon as this node holds its lease. Never rejects.
   *
   * @param isPlace Whether it is still to be started here.
   */
  async restart(hosted: HostedType, key: Key, isPlace: () => boolean): Promise<void> {
    while (isPlace() && !hosted.parked.has(key)) {
      // One attempt after the other, until the session of the crashed node is over.
      // oxlint-disable-next-line no-await-in-loop
      if (await this.#claimAndStart(hosted, key, this.#park(hosted, key), { cause: 'restart' })) return;
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => this.#deps.timers.setTimer(RESTART_MS, resolve));
    }
  }

  /**
   * The node that had the place of this one before it came, or while it was full, or to which the entity was given away, as long as calls may still
   * go there.
   *
   * Race: as long as that node sees that an entity is on its way from here, it starts it again when it is called.
   */
  #placeBefore(hosted: HostedType, key: Key): Pid | undefined {
    const { timers, peerTimeoutMs } = this.#deps;
    const since = timers.now() - peerTimeoutMs;
    const host = hosted.wentTo(key, since);
    const isNew = hosted.openSince >= since;
    if (host === undefined && !isNew) return undefined;
    const others = this.#directory
      .candidates(hosted.type.name, key)
      .filter(({ pid }) => pid !== this.#host.process.pid);
    const given = others.find(({ pid }) => pid === host);
    return (given ?? (isNew ? others[0] : undefined))?.pid;
  }

  #askFirst(hosted: HostedType, key: Key, before: Pid, first: QueuedMessage): void {
    const parking = this.#park(hosted, key);
    parking.take(first);
    const then = (living: unknown): void => {
      if (hosted.parked.get(key) !== parking) return;
      if (!isPid(living) || hosted.hasComeFrom(key, living))
        return this.#startLater(hosted, key, parking, first.message.caller.node);
      hosted.parked.delete(key);
      parking.divert((queued) => {
        const address = queued.message.entity;
        if (address === undefined) this.#host.startOrTake(hosted, key, queued);
        else this.#host.refuse(queued, this.#refusals.elsewhere(address, living, 'knows that it lives'));
      });
    };
    this.#livingBefore(hosted, key, before)
      .then(then)
      .catch((error: unknown) => this.#deps.onWarning('entity-start', `Asking ${before} failed`, error));
  }

  /** What the node that had the place before knows of an entity there: its process, that of the host while it waits, or null. Never rejects. */
  #livingBefore({ type }: HostedType, key: Key, before: Pid): Promise<unknown> {
    const { outgoing } = this.#deps.calls;
    return outgoing.call(before, 'known', { type: type.name, key }, { timeoutMs: ASK_MS }).catch(() => null);
  }

  #park(hosted: HostedType, key: Key): Mailbox {
    const parking = this.#deps.calls.mailboxes.detached(this.#host.process);
    hosted.parked.set(key, parking);
    return parking;
  }
}
