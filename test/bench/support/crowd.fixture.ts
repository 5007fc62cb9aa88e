/** Many nodes in one operating-system process, each with a connection of its own: the rest of a large cluster. */
import { natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { newNode } from './nodes';

/** So many at a time that neither broker nor event loop is swamped by their hellos. */
const AT_ONCE = 5;

const crowd: PgRegistryNode[] = [];

serve({
  /** Starts nodes until there are `size`, each with one entry under `member`. */
  grow: async (servers: string, size: number) => {
    while (crowd.length < size) {
      const nodes = Array.from({ length: Math.min(AT_ONCE, size - crowd.length) }, (_, i) =>
        newNode({ node: `crowd-${crowd.length + i}`, transport: natsTransport({ servers }) }),
      );
      await Promise.all(nodes.map((node) => node.connect()));
      for (const node of nodes) node.scope('pg').register('member', node.name);
      crowd.push(...nodes);
    }
  },
  /** Whether the first and the last node see this many peers. */
  see: (peers: number) =>
    [crowd[0], crowd.at(-1)].every((node) => node !== undefined && node.peers().length === peers),
  close: async () => {
    for (const node of crowd) await node.close();
  },
});
