import type { Processes, Timers } from '../lifetime';
import type { PgRegistryService } from '../scope';
import type { PidInterner, ValueLimits } from '../term';
import type { LeaseStore } from './lease-store';
import type { OnClaiming } from './claim-outcome';
import type { NormalNamesOptions } from './names-options';

/** What the names of a node are given. */
export interface ClusterNamesDeps {
  readonly options: false | NormalNamesOptions;
  readonly node: string;
  readonly incarnation: string;
  readonly processes: Processes;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly random: () => number;
  /** How long the registry refuses a crashed node before it is removed, in milliseconds. */
  readonly confirmMs: number;
  /** How long the hooks of a singleton may hold up what follows them, in milliseconds. */
  readonly exitTimeoutMs: number;
  /** Returns the internal scope of the holders, and starts it at first use. */
  readonly scope: () => PgRegistryService;
  /**
   * Opens the store of the present connection. `'not-connected'`: there is no connection yet. Undefined: the transport has no store.
   */
  readonly openStore: (
    options: Pick<NormalNamesOptions, 'bucket' | 'replicas'>,
  ) => LeaseStore | 'not-connected' | undefined;
  /** Hears of every call for a key. Default: nobody does. */
  readonly onClaiming?: OnClaiming | undefined;
  readonly onWarning: (kind: string, message: string) => void;
  readonly onError: (kind: string, message: string) => void;
}
