/** The peers of one measured node, many in one process: the library's own nodes on one connection, which hear only that one. */
import { connect } from 'nats';
import type { PgRegistryNode } from 'nestjs-pg-registry';
import { CrowdTransport } from '../bench/support/crowd-transport';
import { newNode } from '../bench/support/nodes';
import { serve } from '../support/fixture';
import { Arrivals } from './arrivals';
import { nameOf, valueOf } from './load';

/** By the protocol nobody hears more than one hello in this time, however many nodes there are. */
const HELLO_MS_PER_PEER = 50;
const HELLO_MS = 2000;
/** By the protocol each node is probed by so many others. */
const NEIGHBOURS = 3;
const NEVER_MS = 3_600_000;

const crowd: PgRegistryNode[] = [];
let entries = 0;
let written = 0;
let working: Arrivals | undefined;

serve({
  start: async (servers: string, heard: string, size: number) => {
    const client = await connect({ servers, noEcho: true });
    const transport = new CrowdTransport(client, heard);
    const helloIntervalMs = Math.max(HELLO_MS, size * HELLO_MS_PER_PEER);
    while (crowd.length < size) {
      const node = newNode({
        node: nameOf(crowd.length + 1),
        transport,
        scopes: ['echoes'],
        helloIntervalMs,
        onlookerIntervalMs: NEVER_MS,
        ...(crowd.length >= NEIGHBOURS && { probeIntervalMs: NEVER_MS }),
      });
      await node.connect();
      node.scope('echoes').register('echo');
      crowd.push(node);
      // Evenly over the interval, as the hellos of a cluster come that has been there for a while.
      await new Promise((resolve) => setTimeout(resolve, HELLO_MS_PER_PEER));
    }
    await client.flush();
  },
  register: (count: number, bytes: number) => {
    for (let i = 0; i < count; i += 1)
      crowd[i % crowd.length].scope('pg').register(`entry:${(entries += 1)}`, valueOf(bytes, i));
  },
  work: (writes: number, bytes: number) => {
    working?.stop();
    working = new Arrivals(writes, () => {
      const entry = Math.floor(Math.random() * entries);
      const registry = crowd[entry % crowd.length].scope('pg');
      if (!registry.updateValue(`entry:${entry + 1}`, valueOf(bytes, (written += 1))))
        throw new Error(`There is no entry ${entry + 1}.`);
    });
  },
  close: async () => {
    for (const node of crowd) await node.close();
  },
});
