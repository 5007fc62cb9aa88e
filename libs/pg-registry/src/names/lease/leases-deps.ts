import type { PidInterner, ValueLimits } from '../../term';
import type { SessionOptions } from './session';

/** What `Leases` is given. */
export interface LeasesDeps {
  /** The incarnation of this node: the beginning of the ids of its sessions. */
  readonly incarnation: string;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly options: SessionOptions;
  /** A number from 0 to 1 that nobody can guess. */
  readonly random: () => number;
  /** Of so many keys at most the end is told in one step, if very many end at once. Default 250. */
  readonly mostEndsInStep?: number;
}
