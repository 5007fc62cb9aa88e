import type * as Library from 'nestjs-pg-registry';
import type { EventLog } from './event-log';

/** How a node in another process is started. */
export interface NodeStart extends Omit<Library.NodeOptions, 'transport'> {
  readonly node: string;
  /** URLs, tried in this order. */
  readonly servers: readonly string[];
  /** Further options of natsTransport, or of the given connection. */
  readonly client?: Readonly<Record<string, string | number | boolean>>;
  /** The package that opens the node's connection, which is then given to natsTransport. Default: natsTransport opens it. */
  readonly given?: 'nats' | '@nats-io/transport-node';
}

/** What a function that runs in another process can use there. */
export interface HostedNode {
  readonly node: Library.PgRegistryNode;
  /** What the node has logged, as `warn: …` and `error: …`. */
  readonly log: readonly string[];
  readonly eventLog: EventLog;
  /** The library: a function that travels as text has no imports of its own. */
  readonly library: typeof Library;
  /** Keeps values between the functions of a test: processes, calls in flight. */
  readonly kept: Map<string, unknown>;
}

/** A function that is sent to another process as text: it may use only its arguments and globals. */
export type RemoteFunction<A, R> = (hosted: HostedNode, argument: A) => R | Promise<R>;
