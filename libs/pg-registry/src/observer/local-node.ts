import type { CrashDetection, PeerView } from '../cluster';
import type { Calls, Destination } from '../calls';
import type { Entities } from '../entities';
import type { Processes } from '../lifetime';
import type { ClusterNames } from '../names';
import type { Table } from '../table';
import type { Pid, PidInterner, Value, ValueLimits } from '../term';
import type { NormalObserverOptions } from './observer-options';
import type { StreamFact } from './facts';
import type { HandlerMeter } from './handler-meter';
import type { Journal } from './journal';

/** A running scope, as those who look into the node see it. */
export interface LocalScope {
  readonly keys: 'duplicate' | 'unique';
  readonly table: Table;
  /** The number of the node's own last operation. */
  readonly last: number;
  readonly followers: number;
  /** When a sync with a peer ended last, in milliseconds since 1970. */
  readonly syncedAt: number | undefined;
  positions(): readonly StreamFact[];
}

/** What the observer is given of its node. Implemented by node/. */
export interface LocalNode {
  readonly name: string;
  readonly incarnation: string;
  /** When it started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** The oldest and the newest version of the protocol that it speaks. */
  readonly versions: readonly [number, number];
  readonly options: NormalObserverOptions;
  readonly limits: ValueLimits;
  readonly pids: PidInterner;
  readonly processes: Processes;
  readonly calls: Calls;
  readonly entities: Entities;
  readonly names: ClusterNames;
  readonly journal: Journal;
  readonly meter: HandlerMeter;
  state(): string;
  /** The figures of `stats()`, as JSON. Costs the number of scopes and peers. */
  stats(): object;
  peers(): readonly PeerView[];
  /** The names of the peers that it probes, the nearest on the ring first. */
  watched(): readonly string[];
  crashDetection(): CrashDetection;
  /** Where it is connected, for people, and what is wrong with that; the broker's server is empty before the first connection. */
  connection(): { readonly server: string; readonly connected: boolean; readonly problem: string };
  scopes(): readonly string[];
  scope(name: string): LocalScope | undefined;
  /** Monotonic milliseconds. */
  now(): number;
  /** How long the event loop was active and idle since it began, in milliseconds. */
  eventLoop(): { readonly active: number; readonly idle: number };
  /** Milliseconds since 1970. */
  wall(): number;
  /** Begins to drain the node, as `PgRegistryNode.drain` does. */
  drain(): void;
  /** Calls a process as the node's root process does. */
  call(to: Destination, name: string, payload: Value): Promise<Value>;
  /** Ends a process of this node. */
  stop(pid: Pid): Promise<void>;
}
