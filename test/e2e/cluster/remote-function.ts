import type * as Library from 'nestjs-pg-registry';
import type { Chronicle } from './chronicle';

/** How a node in another process is started. */
export interface NodeStart extends Omit<Library.NodeOptions, 'transport'> {
  readonly node: string;
  /** URLs, tried in this order. */
  readonly servers: readonly string[];
  /** Further options of natsTransport. */
  readonly client?: { readonly user: string; readonly pass: string };
}

/** What a function that runs in another process finds there. */
export interface HostedNode {
  readonly node: Library.PgRegistryNode;
  /** What the node has logged, as `warn: …` and `error: …`. */
  readonly log: readonly string[];
  readonly chronicle: Chronicle;
  /** The library: a function that travels as text has no imports of its own. */
  readonly library: typeof Library;
  /** Where a test leaves what it wants to find again: processes, calls under way. */
  readonly kept: Map<string, unknown>;
}

/** A function that travels to another process as text: it may use its arguments and globals, nothing else. */
export type RemoteFunction<A, R> = (hosted: HostedNode, argument: A) => R | Promise<R>;
