import type { Key, Pid } from '../term';

/**
 * One registration as users see it: process `pid` is registered under `key` with `value`.
 *
 * A frozen plain object. While a registration is not updated, every read answers with the same object.
 */
export interface Entry<K = Key, V = unknown> {
  /** Names this registration in the whole cluster, for ever; kept by updates. */
  readonly id: string;
  /** Under what it is registered, in normal form: frozen, compared by structure. */
  readonly key: K;
  /** The process that is registered. */
  readonly pid: Pid;
  /** What its owner last said about it, in normal form. */
  readonly value: V;
}
