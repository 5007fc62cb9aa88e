import * as library from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { natsClientOf } from '../../support/nats-client-of';
import { EventLog } from './event-log';
import type { HostedNode, NodeStart, RemoteFunction } from './remote-function';

/** A process in which nodes run and execute the commands of a test. */
const hosted = new Map<string, HostedNode>();

serve({
  /** Starts a node; several may run here. Resolves with its incarnation when it is connected. */
  start: async ({ servers, client, ...options }: NodeStart): Promise<string> => {
    const log: string[] = [];
    const node = new library.PgRegistryNode(
      {
        ...options,
        transport: library.natsTransport({
          servers: [...servers],
          noRandomize: true,
          client: natsClientOf(options.node ?? ''),
          ...client,
        }),
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

  /** Runs a function of the test in this process. */
  run: (name: string, source: string, argument: unknown): unknown => {
    // The text of a function in the test: see ClusterNode.run.
    // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval, no-new-func
    const run = new Function(`return (${source})`)() as RemoteFunction<unknown, unknown>;
    return run(hosted.get(name)!, argument);
  },
});

function nameOf(scope: string | library.ScopeOptions): string {
  return typeof scope === 'string' ? scope : scope.name;
}
