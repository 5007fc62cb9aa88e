import {
  CallTimeoutError,
  EntityElsewhereError,
  EntityUnavailableError,
  formatKey,
  InvalidArgumentError,
  type Pid,
  quoteText,
  isInstanceOf,
  TransportError,
} from '../../term';
import { type Processes, type Timers, withTimeout } from '../../lifetime';
import type { TriedMembers } from '../pick';
import type { Peers } from '../resolver';
import { type EntityAddress, EntityName, type EntityRouter } from './entity-name';

/** So often a call to an entity is sent on, full hosts not counted, before it waits. */
const MOST_HOPS = 4;
/** How long a call waits while nodes do not agree where its entity is, in milliseconds; twice as long each time, up to the second. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 400;

/** What {@link EntityRouting} needs. */
export interface EntityRoutingDeps {
  readonly timers: Timers;
  readonly processes: Pick<Processes, 'signals'>;
  readonly peers: Pick<Peers, 'availability'>;
}

/** What ends the waiting of a call whose entity is not where nodes say, or whose hosts are suspects. */
export interface DoubtWait {
  /** How often the call has waited before. */
  readonly waits: number;
  /** What the last node said that named another one; undefined: none did. */
  readonly last: EntityElsewhereError | undefined;
  /** Of the call, in milliseconds; Infinity: none. */
  readonly timeoutMs: number;
  readonly remainingMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What calls ask of the {@link EntityRouter} of their node, which is made after them. */
export class EntityRouting implements EntityRouter {
  router: EntityRouter | undefined;
  readonly #deps: EntityRoutingDeps;
  /** What ends those that wait when the node stops. */
  readonly #waiting = new Set<() => void>();

  constructor(deps: EntityRoutingDeps) {
    this.#deps = deps;
  }

  /** The node stops: what waits fails. */
  close(): void {
    for (const stop of this.#waiting) stop();
  }

  get isReady(): boolean {
    return this.#required.isReady;
  }

  ready(): Promise<void> {
    return this.#required.ready();
  }

  /** @throws CallTimeoutError if the time is up before the hosts of all peers are known; nothing was sent. */
  async readyWithin({ type }: EntityAddress, timeoutMs: number): Promise<void> {
    if (await withTimeout(this.ready(), timeoutMs, this.#deps.timers)) return;
    throw new CallTimeoutError(
      `This node had not learnt within ${timeoutMs} ms which nodes host ${quoteText(type)}. Nothing was sent.`,
    );
  }

  /** Whether those that were asked in vain may be asked again: the nodes do not see the same peers at present, or this one does not know whether it sees all. */
  isInDoubt(to: EntityAddress, tried: TriedMembers | undefined): boolean {
    return tried?.lastNamed !== undefined || this.suspects(to).length > 0;
  }

  /**
   * Waits before everybody is asked again: nobody has executed anything, and the nodes do not see the same peers at present, for instance because
   * this one has noticed a crash earlier; or this one suspects all hosts.
   *
   * @throws EntityElsewhereError or EntityUnavailableError when the time is up; the signal's reason; TransportError if the node stops.
   */
  wait(to: EntityAddress, { waits, last, timeoutMs, remainingMs, signal }: DoubtWait): Promise<void> {
    const { timers, processes } = this.#deps;
    const ms = Math.min(FIRST_WAIT_MS * 2 ** Math.min(waits, 10), LONGEST_WAIT_MS);
    return new Promise((resolve, reject) => {
      const stops: (() => void)[] = [];
      const end = (settle: () => void): void => {
        for (const stop of stops) stop();
        settle();
      };
      const stopped = (): void => end(() => reject(nodeStopped(to)));
      this.#waiting.add(stopped);
      stops.push(() => this.#waiting.delete(stopped));
      const isLast = ms >= remainingMs;
      const over = (): void => end(isLast ? () => reject(this.#timeUp(to, last, timeoutMs)) : resolve);
      stops.push(timers.setTimer(isLast ? remainingMs : ms, over, { keepAlive: true }));
      if (signal !== undefined)
        stops.push(processes.signals.onAbort(signal, () => end(() => reject(signal.reason))));
    });
  }

  #timeUp(to: EntityAddress, last: EntityElsewhereError | undefined, timeoutMs: number): Error {
    if (last !== undefined) return this.#notAgreed(to, last, timeoutMs);
    const suspects = this.suspects(to).map((node) => quoteText(node));
    return new EntityUnavailableError(
      `No node that hosts the entity ${quoteText(to.type)} ${formatKey(to.key)} could be asked within ${timeoutMs} ms. These are suspected of ` +
        `being gone: ${suspects.join(', ') || 'none any more'}. Nothing was executed.`,
    );
  }

  #notAgreed(to: EntityAddress, cause: EntityElsewhereError, timeoutMs: number): EntityElsewhereError {
    const { pid } = cause;
    const isGone = pid !== undefined && this.#deps.peers.availability(pid) === 'unknown';
    const where = isGone ? `, whose node ${quoteText(pid.node)} is no peer of this node` : '';
    return new EntityElsewhereError(
      `The nodes did not agree within ${timeoutMs} ms where the entity ${quoteText(to.type)} ${formatKey(to.key)} is. The last one that was ` +
        `asked named ${pid}${where}. Nothing was executed.`,
      { pid, cause },
    );
  }

  pick(to: EntityAddress, tried: TriedMembers | undefined): Pid | undefined {
    return this.#required.pick(to, tried);
  }

  nobody(to: EntityAddress): Error {
    return this.#required.nobody(to);
  }

  suspects(to: EntityAddress): readonly string[] {
    return this.#required.suspects(to);
  }

  get #required(): EntityRouter {
    if (this.router !== undefined) return this.router;
    throw new InvalidArgumentError('This node knows no entities. Nothing was sent.');
  }
}

/** Returns the entity that a destination stands for; undefined if it is none. */
export function addressOf(to: unknown): EntityAddress | undefined {
  return isInstanceOf(to, EntityName) ? { type: to.type, key: to.key, hops: 0, passed: 0 } : undefined;
}

/**
 * Prepares the next attempt to reach an entity.
 *
 * @returns Whether it may be made at once; false: too many nodes have sent the call on.
 */
export function askNext(entity: EntityAddress, tried: TriedMembers, error: unknown): boolean {
  const elsewhere = error instanceof EntityElsewhereError ? error : undefined;
  entity.hops += 1;
  tried.redirect = elsewhere?.pid;
  if (elsewhere !== undefined && elsewhere.pid === undefined) entity.passed += 1;
  if (elsewhere?.pid !== undefined) tried.lastNamed = elsewhere;
  return entity.hops - entity.passed <= MOST_HOPS;
}

/** Prepares an attempt to reach an entity as if nobody had been asked. */
export function askAnew(entity: EntityAddress): void {
  entity.hops = 0;
  entity.passed = 0;
}

function nodeStopped({ type, key }: EntityAddress): TransportError {
  return new TransportError(
    `This node has stopped while a call to the entity ${quoteText(type)} ${formatKey(key)} waited. Nothing was executed.`,
  );
}
