import type { Key, KeyMap, Pid, Value } from '../term';
import type { Entry } from '../table';

/**
 * Why something changed: a call on this node, the exit of a process of this node, an operation of a peer, a sync with a
 * peer, or the loss of one.
 */
export type Cause = 'call' | 'exit' | 'peer' | 'sync' | 'node-down';
