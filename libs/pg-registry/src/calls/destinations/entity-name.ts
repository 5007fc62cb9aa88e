import type { Key, Pid } from '../../term';
import type { TriedMembers } from '../pick';

/**
 * A name that stands for an entity: the one living object of a type and key, wherever it is. Use it as a destination of calls. Made by
 * `entity(type, key)`.
 */
export class EntityName {
  /** The name of the entity's type, which `@Entity` gives. */
  readonly type: string;
  /** Which one of the type. */
  readonly key: Key;

  /** @internal Use `entity(type, key)`. */
  constructor(type: string, key: Key) {
    this.type = type;
    this.key = key;
  }
}

/** Which entity a message is for; it travels with the message, so that the node that gets it can start the entity. */
export interface EntityAddress {
  readonly type: string;
  readonly key: Key;
  /** How many processes were asked before this one. */
  hops: number;
  /** How many of these were hosts that could take no more entities. */
  passed: number;
}

/** Knows where entities live, and where they are to be started. Implemented by entities/. */
export interface EntityRouter {
  /** Whether it knows the entities and hosts of all peers. */
  readonly isReady: boolean;
  /** Resolves when it does. Never rejects. */
  ready(): Promise<void>;
  /** Returns the process of a living entity, else of a host that starts it; undefined if there is none. O(hosts of the type). */
  pick(to: EntityAddress, tried: TriedMembers | undefined): Pid | undefined;
  /** Returns why {@link pick} found nobody. */
  nobody(to: EntityAddress): Error;
  /** Returns the nodes that could start it, and are suspected of being gone: the next look may find them ready, or removed. O(hosts of the type). */
  suspects(to: EntityAddress): readonly string[];
}
