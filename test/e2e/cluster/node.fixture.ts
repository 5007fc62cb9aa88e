import * as library from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { Chronicle } from './chronicle';
import type { HostedNode, NodeStart, RemoteFunction } from './remote-function';

/** An operating-system process in which nodes live and do what a test wants. */
const hosted = new Map<string, HostedNode>();

serve({
  /** Starts a node; more than one may live here. Resolves with its incarnation when it is connected. */
  start: async ({ servers, client, ...options }: NodeStart): Promise<string> => {
    const log: string[] = [];
    const node = new library.PgRegistryNode(
      {
        ...options,
        transport: library.natsTransport({ servers: [...servers], noRandomize: true, ...client }),
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
    const chronicle = new Chronicle(node, ['pg', ...(options.scopes ?? []).map(nameOf)]);
    hosted.set(node.name, { node, log, chronicle, library, kept: new Map() });
    await node.connect();
    return node.incarnation;
  },

  /** Runs a function of the test here. */
  run: (name: string, source: string, argument: unknown): unknown => {
    // The text of a function that stands in the test: see ClusterNode.run.
    // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval, no-new-func
    const run = new Function(`return (${source})`)() as RemoteFunction<unknown, unknown>;
    return run(hosted.get(name)!, argument);
  },
});

function nameOf(scope: string | library.ScopeOptions): string {
  return typeof scope === 'string' ? scope : scope.name;
}
