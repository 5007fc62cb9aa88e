import type { Key, Pid } from '../term';

/**
 * One registration as users see it: process `pid` is registered under `key` with `value`.
 *
 * A frozen plain object. While a registration is not updated, every read answers with the same object.
 */
export interface Entry<K = Key, V = unknown> {
  /** Names this registration in the whole cluster, for ever; kept by updates. */
  readonly id: string;
  readonly key: K;
  readonly pid: Pid;
  readonly value: V;
}
