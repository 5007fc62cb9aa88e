import type { Key, Pid } from '../term';

/** What keeps two entities of one key apart; see `EntityOptions.guard`. */
export type EntityGuard = 'view' | 'lease';

/** A node that offers an entity type. */
export interface Host {
  /** Its name. */
  readonly node: string;
  /** The process that starts entities there. */
  readonly pid: Pid;
  /** What keeps two entities of one key apart there: the same on all nodes, or none is started. */
  readonly guard: EntityGuard;
  /** The version of what its `onHandOver` returns. */
  readonly stateVersion: number;
  /** Whether it can take no more entities of the type. */
  readonly full: boolean;
}

/**
 * Chooses the node on which an entity is started; see `EntityOptions.placement`.
 *
 * @param hosts Those that can take it, the best by hash first.
 * @returns The name of one of them.
 */
export type EntityPlacement = (key: Key, hosts: readonly Host[]) => string;
