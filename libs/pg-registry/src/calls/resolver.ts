import type { Key, Pid } from '../term';
import type { LocalProcess } from '../lifetime';
import type { NodeIdentity } from './frames/call-channel';
import type { Via } from './via';

/**
 * Whether a node can be asked, as this node sees it: `ready` takes calls, `draining` is about to leave, `suspect` may be gone,
 * `unknown` is neither this node nor a peer, because it was removed, replaced by a newer one of its name, or never met.
 */
export type NodeAvailability = 'ready' | 'draining' | 'suspect' | 'unknown';

/** Says which nodes can be asked. Implemented by the protocol's `PeerProtocol`. */
export interface Peers {
  /** Returns whether a node can be asked, in this incarnation. In memory, O(1). */
  availability(of: NodeIdentity): NodeAvailability;
  /** Returns the version of the protocol in which this node talks to a peer; 0 for a node that is no peer. O(1). */
  versionOf(of: NodeIdentity): number;
}

/** Answers what calls ask of the registry. Implemented by node/. Every answer is in memory. */
export interface Resolver {
  /**
   * Returns the processes registered under a key in the whole cluster, a process once for each of its entries.
   *
   * @throws ScopeNotRunningError; InvalidValueError and ValueTooLargeError for an invalid key.
   */
  members(scope: string, key: Key): readonly Pid[];
  /** Returns those of {@link members} that are processes of this node. */
  membersLocal(scope: string, key: Key): readonly Pid[];
}

/** Gives a process its name. Implemented by node/. */
export interface Registrar {
  /** @throws UniqueKeysRequiredError if the scope has duplicate keys; ScopeNotRunningError. */
  requireUnique(scope: string): void;
  /**
   * Registers a process of this node.
   *
   * @throws AlreadyRegisteredError if the scope has unique keys and the name is taken on this node; ScopeNotRunningError.
   */
  register(name: Via, process: LocalProcess): void;
}
