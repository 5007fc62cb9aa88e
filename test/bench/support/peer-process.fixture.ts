/** The other end of the benchmarks that need two operating-system processes: a node, or a bare connection to the broker. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { INestApplicationContext } from '@nestjs/common';
import { connect, type NatsConnection } from 'nats';
import { type NodeOptions, natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { startApplication } from './echo';
import { newNode } from './nodes';

let node: PgRegistryNode | undefined;
let application: INestApplicationContext | undefined;
let bare: NatsConnection | undefined;
let bytes = 0;

serve({
  /** Starts a node and waits until it has everything. Resolves with how long that took and how long the loop stood still. */
  join: async (servers: string, options: NodeOptions): Promise<Joined> => {
    const joining = newNode({ ...options, node: 'there', transport: natsTransport({ servers }) });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const from = performance.now();
    await joining.connect();
    await joining.synced({ timeoutMs: 120_000 });
    const ms = performance.now() - from;
    delay.disable();
    node = joining;
    return { ms, stallMs: delay.max / 1e6, entries: joining.scope('pg').count() };
  },
  leave: async () => {
    await node?.close();
    node = undefined;
  },
  /** Starts a node with so many entries, under one key or each under its own. */
  own: async (servers: string, entries: number, keys: 'one' | 'many') => {
    node = newNode({ node: 'owner', transport: natsTransport({ servers }) });
    const registry = node.scope('pg');
    const { processes } = node;
    const pids = Array.from({ length: Math.ceil(entries / 100) }, () => processes.spawn().pid);
    for (let i = 0; i < entries; i += 1)
      registry.join(keys === 'one' ? 'members' : `key:${i}`, pids[i % pids.length], i);
    await node.connect();
  },
  /** Starts a Nest application with a provider that answers calls. */
  answer: async (servers: string) => {
    application = await startApplication('there', servers, true);
  },
  count: () => node?.scope('pg').count(),

  /** Answers each new `ping:n` that is registered elsewhere by registering `pong:n`. */
  pong: () => {
    const registry = node!.scope('pg');
    registry.monitorScope().subscribe((event) => {
      if (event.type !== 'join') return;
      const { key } = event;
      if (typeof key === 'string' && key.startsWith('ping:')) registry.register(`pong:${key.slice(5)}`, null);
    });
  },

  /** A bare connection that answers requests and pings, and takes whatever it is sent. */
  bare: async (servers: string) => {
    const connection = await connect({ servers, noEcho: true });
    bare = connection;
    connection.subscribe('bench.ping', {
      callback: (_, message) => connection.publish('bench.pong', message.data),
    });
    connection.subscribe('bench.call', { callback: (_, message) => void message.respond(message.data) });
    connection.subscribe('bench.frames', { callback: (_, message) => void (bytes += message.data.length) });
    connection.subscribe('bench.last', {
      callback: (_, message) => {
        message.respond(new TextEncoder().encode(String(bytes)));
        bytes = 0;
      },
    });
    await connection.flush();
  },
  close: async () => {
    await bare?.close();
    await application?.close();
    await node?.close();
  },
});

/** What `join` tells. */
export interface Joined {
  readonly ms: number;
  readonly stallMs: number;
  readonly entries: number;
}
