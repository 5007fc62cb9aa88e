import type { Observable } from 'rxjs';
import type { Pid, Value } from '../term';

/** The scope in which handlers are registered, under Nest's normalised pattern. */
export const RPC_SCOPE = 'rpc';

/** What is stored with a registered pattern: the queue group of its handlers, or nothing. */
export type PatternValue = { readonly queue: string } | null;

/** What a transport needs of the registry of {@link RPC_SCOPE}; `PgRegistryService` is one. */
export interface RpcRegistry {
  join(pattern: string, pid: Pid, value: Value): void;
  leave(pattern: string, pid: Pid): boolean;
  lookup(pattern: string): readonly { readonly pid: Pid; readonly value: unknown }[];
  replicated(options: { readonly timeoutMs: number }): Promise<void>;
}

/** What a transport needs of the node; `PgRegistryNode` is one. */
export interface RpcNode {
  readonly connected$: Observable<boolean>;
  readonly peers$: Observable<readonly unknown[]>;
  synced(): Promise<void>;
  reachable(pid: Pid): boolean;
}
