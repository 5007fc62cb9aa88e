/** The one node of a cluster that is measured, or a client of the broker that does nothing. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { connect, type NatsConnection } from 'nats';
import { natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { cpuTime } from './cpu-time';
import { newNode } from './nodes';

/** Those that a connection of the library's own has; it warns about weaker ones. The idle client has the same. */
const CLIENT_OPTIONS = {
  noEcho: true,
  maxReconnectAttempts: -1,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 1000,
  reconnectTimeWait: 250,
};

/** Every byte on the wire counts: the client's own statistics leave out subjects and the protocol of NATS. */
let socket: Socket;
subscribe('net.client.socket', (message) => {
  ({ socket } = message as { socket: Socket });
});

let connection: NatsConnection;
let node: PgRegistryNode | undefined;
/** How often a peer was removed. */
let removals = 0;

serve({
  client: async (servers: string) => {
    connection = await connect({ servers, ...CLIENT_OPTIONS });
  },
  node: async (servers: string, namespace: string) => {
    connection = await connect({ servers, ...CLIENT_OPTIONS });
    node = newNode({ node: 'measured', namespace, transport: natsTransport({ connection }) });
    node.peerEvents$.subscribe(({ type }) => {
      if (type === 'peer-removed') removals += 1;
    });
    await node.connect();
  },
  /** How many peers and entries it sees, how many of the peers are suspects, and how many were ever removed. */
  see: (): Seen => ({
    peers: node!.peers().length,
    suspects: node!.peers().filter(({ suspect }) => suspect !== false).length,
    entries: node!.scope('pg').count(),
    removals,
  }),
  usage: (): Usage => {
    const { bytesRead, bytesWritten } = socket;
    return { at: performance.now(), cpuMs: cpuTime(), bytes: bytesRead + bytesWritten };
  },
  /** Registers so many entries and waits until every peer has them. @returns Ms of processor time; {@link forget} them then */
  write: async (entries: number): Promise<number> => {
    const registry = node!.scope('pg');
    const from = cpuTime();
    for (let i = 0; i < entries; i += 1) registry.register(`key:${i}`, i);
    await registry.replicated({ timeoutMs: 60_000 });
    return cpuTime() - from;
  },
  forget: async (entries: number) => {
    const registry = node!.scope('pg');
    for (let i = 0; i < entries; i += 1) registry.unregister(`key:${i}`);
    await registry.replicated({ timeoutMs: 60_000 });
  },
  close: async () => {
    await node?.close();
    await connection.close();
  },
});

/** What the process has used since its start, and its connection. */
export interface Usage {
  readonly at: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

/** What the node sees of the others. */
export interface Seen {
  readonly peers: number;
  readonly suspects: number;
  readonly entries: number;
  readonly removals: number;
}
