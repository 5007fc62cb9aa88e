import {
  CallTimeoutError,
  EntityElsewhereError,
  InvalidArgumentError,
  type Pid,
  quoteText,
  isInstanceOf,
} from '../../term';
import { type Timers, withTimeout } from '../../lifetime';
import type { TriedMembers } from '../pick';
import { type EntityAddress, EntityName, type EntityRouter } from './entity-name';

/** So often a call to an entity is sent on, full hosts not counted. */
const MOST_HOPS = 4;

/** What calls ask of the {@link EntityRouter} of their node, which is made after them. */
export class EntityRouting implements EntityRouter {
  router: EntityRouter | undefined;
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isReady(): boolean {
    return this.#required.isReady;
  }

  ready(): Promise<void> {
    return this.#required.ready();
  }

  /** @throws CallTimeoutError if the time is up before the hosts of all peers are known; nothing was sent. */
  async readyWithin({ type }: EntityAddress, timeoutMs: number): Promise<void> {
    if (await withTimeout(this.ready(), timeoutMs, this.#timers)) return;
    throw new CallTimeoutError(
      `This node had not learnt within ${timeoutMs} ms which nodes host ${quoteText(type)}. Nothing was sent.`,
    );
  }

  pick(to: EntityAddress, tried: TriedMembers | undefined): Pid | undefined {
    return this.#required.pick(to, tried);
  }

  nobody(to: EntityAddress): Error {
    return this.#required.nobody(to);
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

/** Prepares the next attempt to reach an entity. @throws The error of the last one, if too many nodes sent the call on. */
export function askNext(entity: EntityAddress, tried: TriedMembers, error: unknown): void {
  const isElsewhere = error instanceof EntityElsewhereError;
  entity.hops += 1;
  tried.redirect = isElsewhere ? error.pid : undefined;
  if (isElsewhere && error.pid === undefined) entity.passed += 1;
  if (entity.hops - entity.passed > MOST_HOPS) throw error;
}
