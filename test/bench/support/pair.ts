import { monitorEventLoopDelay } from 'node:perf_hooks';
import { connect, type NatsConnection } from 'nats';
import { natsTransport, type NodeOptions, type PgRegistryNode } from 'nestjs-pg-registry';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import { newNode, optionsOfAllNodes } from './nodes';
import { withPage } from './pages';
import type { Joined } from './peer-process.fixture';

/** A broker, this process with a bare connection to it, and another process that runs a node or a bare connection. */
export class Pair {
  private constructor(
    readonly server: NatsServer,
    readonly other: NodeProcess,
    readonly bare: NatsConnection,
  ) {}

  static async start(): Promise<Pair> {
    const server = await NatsServer.start();
    const other = await NodeProcess.start('bench/support/peer-process.fixture.ts');
    await other.ask('bare', server.url);
    return new Pair(server, other, await connect({ servers: server.url, noEcho: true }));
  }

  /** A node of this process at the broker, not yet connected. */
  async node(options: NodeOptions = {}): Promise<PgRegistryNode> {
    const transport = natsTransport({ servers: this.server.url });
    return await withPage(newNode({ node: 'here', ...options, transport }));
  }

  /** Has the other process start a node, and waits until it has everything. */
  async join(): Promise<Joined> {
    return (await this.other.ask('join', this.server.url, optionsOfAllNodes())) as Joined;
  }

  /** Sends so many bytes in frames of 64 KB over the bare connections, and waits until they are there. @returns Ms */
  async rawTransfer(bytes: number): Promise<number> {
    const frame = new Uint8Array(64 * 1024);
    const from = performance.now();
    for (let sent = 0; sent < bytes; sent += frame.length) {
      this.bare.publish('bench.frames', frame);
      // As much as the library leaves unflushed.
      if ((sent / frame.length) % 4 === 3) await this.bare.flush();
    }
    const answer = await this.bare.request('bench.last', undefined, { timeout: 30_000 });
    const ms = performance.now() - from;
    if (Number(answer.string()) < bytes) throw new Error('Raw frames were lost.');
    return ms;
  }

  async stop(): Promise<void> {
    await this.bare.close();
    await this.other.ask('close');
    await this.other[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Runs something, and says for how long this event loop stood still at most. */
export async function watchingLoop<T>(run: () => Promise<T>): Promise<{ result: T; stallMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const result = await run();
  delay.disable();
  return { result, stallMs: delay.max / 1e6 };
}
