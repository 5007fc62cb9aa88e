import type { Key, Pid } from '../term';
import type { LocalProcess } from '../lifetime';
import type { Via } from './via';

/**
 * How a node stands, seen from this one: `ready` takes calls, `draining` is about to leave, `suspect` may be gone, `unknown`
 * is neither this node nor a peer: removed, replaced by a newer one of its name, or never met.
 */
export type NodeStanding = 'ready' | 'draining' | 'suspect' | 'unknown';

/** What calls need to know of the registry and of the cluster. Implemented by node/. Every answer is in memory. */
export interface Resolver {
  /**
   * The processes registered under a key in the whole cluster, a process once for each of its entries.
   *
   * @throws ScopeNotRunningError; InvalidValueError and ValueTooLargeError for what is no key.
   */
  members(scope: string, key: Key): readonly Pid[];
  /** Those of them that are processes of this node. */
  membersLocal(scope: string, key: Key): readonly Pid[];
  /** How the pid's node stands, in the pid's incarnation. */
  standing(pid: Pid): NodeStanding;
}

/** How a process gets its name. Implemented by node/. */
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
