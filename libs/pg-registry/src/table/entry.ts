import type { Key, Pid } from '../term';

/**
 * One registration as users see it: process `pid` is registered under `key` with `value`.
 *
 * A frozen plain object. While a registration is not updated, every read answers with the same object.
 */
export interface Entry<K = Key, V = unknown> {
  /** Identifies this registration in the whole cluster, for ever. Updates keep it. */
  readonly id: string;
  /** The key that it is registered under, in normal form: frozen, compared by structure. */
  readonly key: K;
  /** The process that is registered. */
  readonly pid: Pid;
  /** The value that its process was registered or last updated with, in normal form. */
  readonly value: V;
}
