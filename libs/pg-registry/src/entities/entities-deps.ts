import type { Calls, NodeAvailability, TraceContext } from '../calls';
import type { LocalProcess, Processes, Timers } from '../lifetime';
import type { EntityNames } from '../names';
import type { ProcessService } from '../process';
import type { PgRegistryService, ScopeOptions } from '../scope';
import type { Key, Pid, PidInterner, ValueLimits } from '../term';
import type { Entry } from '../table';
import type { StartCause } from './entity-options';

/** An entity that is about to start. */
export interface EntityStarting {
  readonly type: string;
  readonly key: Key;
  readonly cause: StartCause;
  /** The trace of the call that starts it, if it has one. */
  readonly trace: TraceContext | undefined;
}

/**
 * Hears that the start of an entity begins.
 *
 * @returns What hears how it ended, with the error if it failed. Undefined: that is of no interest.
 */
export type OnStarting = (start: EntityStarting) => ((error: unknown) => void) | undefined;

/** What a node gives its entities. */
export interface EntitiesDeps {
  readonly processes: Processes;
  readonly calls: Calls;
  readonly service: ProcessService;
  /** The registry of a scope that runs. */
  readonly scope: (name: string) => PgRegistryService;
  /** The entries under a key in normal form in a scope that runs; none in one that does not. */
  readonly entriesOf: (scope: string, key: Key) => readonly Entry[];
  /** Starts a scope unless it runs. */
  readonly ensureScope: (options: ScopeOptions) => PgRegistryService;
  /** Runs a function once, as soon as the entries of all peers have arrived. */
  readonly whenSynced: (run: () => void) => void;
  /** The cluster names that a process of this node holds for entities; undefined if names are turned off. */
  readonly namesOf: (process: LocalProcess) => EntityNames | undefined;
  /** Whether this node has peers. */
  readonly hasPeers: () => boolean;
  readonly availability: (pid: Pid) => NodeAvailability;
  readonly timers: Timers;
  readonly limits: ValueLimits;
  readonly pids: PidInterner;
  /** How long a peer may be silent before it is removed, in milliseconds. */
  readonly peerTimeoutMs: number;
  /** Returns a number in [0, 1) that nobody can guess. */
  readonly random: () => number;
  /** Hears of each start of an entity of this node. Default: nobody. */
  readonly onStarting?: OnStarting | undefined;
  /** Logs, limited in rate, what nobody would hear of otherwise. */
  readonly onWarning: (kind: string, message: string, error?: unknown) => void;
}

/** What happened to the entities of one node, for `stats()`. */
export interface EntitiesStats {
  /** Living entities of this node, by type. */
  readonly living: Readonly<Record<string, number>>;
  /** Entities that were started here, by cause. */
  readonly started: Readonly<Record<string, number>>;
  /** Entities that ended here, by reason; `error` for any reason that is no word of the library. */
  readonly ended: Readonly<Record<string, number>>;
  /** Starts that failed. */
  readonly failedStarts: number;
  /** Keys whose next start waits for the end of a pause. */
  readonly paused: number;
  /** Moves of entities away from here, by outcome. */
  readonly moves: Readonly<Record<'done' | 'without-state' | 'refused' | 'failed', number>>;
  /** States of entities that lost their place after a split, by what became of them. */
  readonly merges: Readonly<Record<'merged' | 'dropped' | 'lost', number>>;
  /** The same by type, but for what ended. */
  readonly byType: Readonly<Record<string, EntityTypeStats>>;
}

/** What happened to the entities of one type on one node. */
export type EntityTypeStats = Pick<EntitiesStats, 'started' | 'failedStarts' | 'moves' | 'merges'>;
