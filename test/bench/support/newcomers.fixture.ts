/** Nodes that join, and one with very many entries that also answers calls. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { INestApplicationContext } from '@nestjs/common';
import { natsTransport, PgRegistryNode } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { startApplication } from './echo';
import { newNode } from './nodes';

/** How many entries are registered in one turn of the event loop. */
const PER_TURN = 1000;
const PATIENCE_MS = 120_000;
/** The scope with very many entries, which callers do not run. */
const LARGE = 'large';

let nodes: PgRegistryNode[] = [];
let application: INestApplicationContext | undefined;
let delay: IntervalHistogram | undefined;

serve({
  /** Makes so many nodes with so many entries each; none of them is connected. */
  prepare: (servers: string, from: number, count: number, entries: number) => {
    for (let number = from; number < from + count; number += 1) {
      const node = newNode({
        node: `node-${number}`,
        transport: natsTransport({ servers }),
        connectTimeoutMs: 60_000,
      });
      const registry = node.scope('pg');
      for (let i = 0; i < entries; i += 1) registry.register(`${number}:${i}`, i);
      nodes.push(node);
    }
  },
  /** Connects them all at once. Resolves with how long it took until each of them had so many entries. */
  joinAll: async (entries: number): Promise<number> => {
    const from = performance.now();
    await Promise.all(nodes.map((node) => node.connect()));
    while (!nodes.every((node) => node.scope('pg').count() === entries)) {
      if (performance.now() > from + PATIENCE_MS)
        throw new Error(`Some have ${leastOf(nodes)} of ${entries}.`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return performance.now() - from;
  },
  /** Resolves with how long after the `peer-up` of a peer its first entry came at the one node. */
  meet: (): Promise<number> => firstEntryAfterPeerUp(nodes[0]),
  /** Ends all nodes. */
  leaveAll: async () => {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
  },

  /** Starts a Nest application with a provider that answers calls, and a scope with so many entries. */
  hold: async (servers: string, entries: number) => {
    application = await startApplication('holder', servers, true);
    const node = application.get(PgRegistryNode);
    const registry = node.startScope(LARGE);
    const pids = Array.from({ length: Math.ceil(entries / 100) }, () => node.processes.spawn().pid);
    for (let i = 0; i < entries; i += 1) {
      registry.join(`key:${i}`, pids[i % pids.length], i);
      if (i % PER_TURN === PER_TURN - 1) await new Promise(setImmediate);
    }
  },
  /** Starts a node that has nothing of that scope, and waits until it has everything. */
  sync: async (servers: string): Promise<{ readonly ms: number; readonly entries: number }> => {
    const node = newNode({ node: 'late', transport: natsTransport({ servers }), scopes: [LARGE] });
    nodes.push(node);
    const from = performance.now();
    await node.connect();
    await node.synced({ timeoutMs: PATIENCE_MS });
    return { ms: performance.now() - from, entries: node.scope(LARGE).count() };
  },
  /** Begins to look at the event loop. */
  watch: () => {
    delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
  },
  /** Stops looking. Resolves with how long the loop stood still at most, in ms. */
  watched: (): number => {
    delay!.disable();
    return delay!.max / 1e6;
  },
  close: async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await application?.close();
  },
});

function leastOf(all: readonly PgRegistryNode[]): number {
  return Math.min(...all.map((node) => node.scope('pg').count()));
}

/** Resolves with the milliseconds between the first `peer-up` that a node emits and the first entry of a peer. */
function firstEntryAfterPeerUp(node: PgRegistryNode): Promise<number> {
  return new Promise((resolve) => {
    let metAt: number | undefined;
    const peers = node.peerEvents$.subscribe(({ type }) => {
      if (type === 'peer-up') metAt ??= performance.now();
    });
    const entries = node
      .scope('pg')
      .monitorScope()
      .subscribe((event) => {
        if (event.type !== 'join' || event.cause === 'call') return;
        peers.unsubscribe();
        entries.unsubscribe();
        // An entry that comes before the peer is told of needs no wait.
        resolve(metAt === undefined ? 0 : performance.now() - metAt);
      });
  });
}
