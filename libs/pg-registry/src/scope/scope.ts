import type { Diff, Table } from '../table';
import type { Cause } from './event';
import type { Replication, ScopeHost } from './host';
import type { NormalScopeOptions } from './options';

/** What a run of a scope is made of. `table` and `replication` are new with each run, `host` is the node's. */
export interface ScopeParts {
  readonly options: NormalScopeOptions;
  readonly host: ScopeHost;
  readonly table: Table;
  readonly replication: Replication;
}

/** One run of a scope, from its start to its stop. */
export declare class Scope {
  constructor(parts: ScopeParts);
  readonly name: string;
  readonly options: NormalScopeOptions;
  readonly table: Table;
  /** False once {@link stop} was called; a run does not start again. */
  readonly running: boolean;
  /** Feeds what a peer, a sync or the loss of a node changed: the table HAS changed already. */
  applyDiff(diff: Diff, cause: Cause): void;
  /** Ends the run: subscriptions complete without leave events, entries are forgotten, members live on. */
  stop(): void;
}
