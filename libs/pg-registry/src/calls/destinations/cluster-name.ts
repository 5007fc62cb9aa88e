import {
  DEFAULT_VALUE_LIMITS,
  formatKey,
  InvalidArgumentError,
  type Key,
  normalKey,
  type Pid,
  PIDS_AS_GIVEN,
} from '../../term';

/** A name that stands for the process that holds a key in the whole cluster, wherever it is. Use it as a destination of calls. Made by {@link clusterName}. */
export class ClusterName {
  /** The key in `ClusterNames`. */
  readonly key: Key;

  /** @internal Use {@link clusterName}. */
  constructor(key: Key) {
    this.key = key;
    Object.freeze(this);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `ClusterName (${formatKey(this.key)})`;
  }
}

/**
 * Makes a name for the process that holds a key of `ClusterNames`: `processes.call(clusterName('scheduler'), 'plan', job)`.
 *
 * While nobody holds the key, or its holder is leaving, a call waits for the next holder within its time limit, and then rejects with
 * NotRegisteredError; a cast waits for 5 s, and is then dropped and counted. A call is executed at most once. The holder must have handlers:
 * a class with `@ClusterSingleton`, or a process that claimed the key itself. The root process of a node has none. Mirrors
 * `{:global, name}` as a destination of `GenServer.call`.
 *
 * @throws InvalidArgumentError if the key is missing; InvalidValueError or ValueTooLargeError if it is none.
 */
export function clusterName(key: Key): ClusterName {
  if ((key as Key | undefined) === undefined)
    throw new InvalidArgumentError('clusterName(key) must be given a key (got none). Nothing was sent.');
  return new ClusterName(normalKey(key, DEFAULT_VALUE_LIMITS, PIDS_AS_GIVEN));
}

/** Knows who holds cluster names. Implemented by names/. */
export interface HolderRouter {
  /** Returns the process that holds a key, as this node has heard. In memory. @throws ScopeNotRunningError if the node has stopped. */
  holderOf(key: Key): Pid | undefined;
  /**
   * Watches who holds a key.
   *
   * @param onChange Called when that may be another process now; not within this call. Must not throw.
   * @param onEnd Called when nobody will know any more, perhaps within this call. Must not throw.
   * @returns What ends the watch. Idempotent.
   */
  onHolderChange(key: Key, onChange: () => void, onEnd: () => void): () => void;
}
