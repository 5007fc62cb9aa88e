import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import * as library from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { natsClientOf } from '../../support/nats-client-of';
import { EventLog } from './event-log';
import type { HostedNode, NodeStart, RemoteFunction } from './remote-function';

/** A process in which nodes run and execute the commands of a test. */
const hosted = new Map<string, HostedNode>();
/** The connections that were given to nodes. */
const given: { close(): Promise<void> }[] = [];

serve({
  /** Starts a node; several may run here. Resolves with its incarnation when it is connected. */
  start: async ({ servers, client, given: by, ...options }: NodeStart): Promise<string> => {
    const connection = by === undefined ? undefined : await open(by, { servers: [...servers], ...client });
    const log: string[] = [];
    const node = new library.PgRegistryNode(
      {
        ...options,
        transport:
          connection === undefined
            ? library.natsTransport({
                servers: [...servers],
                noRandomize: true,
                client: natsClientOf(options.node ?? ''),
                ...client,
              })
            : library.natsTransport({ connection }),
      },
      {
        defaultTransport: library.localTransport,
        logger: {
          log: () => undefined,
          warn: (message) => log.push(`warn: ${message}`),
          error: (message) => log.push(`error: ${message}`),
        },
      },
    );
    const eventLog = new EventLog(node, ['pg', ...(options.scopes ?? []).map(nameOf)]);
    hosted.set(node.name, { node, log, eventLog, library, kept: new Map() });
    await node.connect();
    return node.incarnation;
  },

  /** Closes every node, and the connections that were given to them, and lets go of the test: what keeps the process alive now is the library's. */
  end: async (): Promise<void> => {
    for (const { node } of hosted.values()) {
      await node.drain();
      await node.close();
    }
    for (const connection of given) await connection.close();
    setImmediate(() => process.channel?.unref());
  },

  /** Runs a function of the test in this process. */
  run: (name: string, source: string, argument: unknown): unknown => {
    // The text of a function in the test: see ClusterNode.run.
    // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval, no-new-func
    const run = new Function(`return (${source})`)() as RemoteFunction<unknown, unknown>;
    return run(hosted.get(name)!, argument);
  },
});

async function open(by: NonNullable<NodeStart['given']>, options: object) {
  const quick = {
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 2000,
    ignoreAuthErrorAbort: true,
  };
  const connect = by === 'nats' ? connectWithNats : connectWithTransportNode;
  const connection = await connect({ ...quick, ...options });
  given.push(connection);
  return connection;
}

function nameOf(scope: string | library.ScopeOptions): string {
  return typeof scope === 'string' ? scope : scope.name;
}
