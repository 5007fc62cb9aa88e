import 'reflect-metadata';
/** One node of a cluster under load: a Nest application with a provider that answers calls, as a user would run it. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HandleCall,
  natsTransport,
  type Pid,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
  RegisterVia,
} from 'nestjs-pg-registry';
import { serve } from '../support/fixture';
import { Arrivals } from './arrivals';
import { valueOf } from './load';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

@Injectable()
@RegisterVia('echoes', 'echo')
class Echo {
  @HandleCall()
  echo(payload: unknown): unknown {
    return payload;
  }
}

@Module({ providers: [Echo] })
class EchoModule {}

@Module({})
class RootModule {}

/** Every byte on the wire counts, those of connections that were only tried included. */
const sockets: Socket[] = [];
subscribe('net.client.socket', (message) => void sockets.push((message as { socket: Socket }).socket));

let application: INestApplicationContext;
let node: PgRegistryNode;
let entries = 0;
let written = 0;
let called = 0;
let failed = 0;
let working: Arrivals[] = [];

serve({
  start: async (servers: string, name: string) => {
    const registry = PgRegistryModule.forRoot({
      node: name,
      transport: natsTransport({ servers }),
      scopes: ['echoes'],
      // Many start together on few cores.
      connectTimeoutMs: 60_000,
    });
    application = await NestFactory.createApplicationContext(
      { module: RootModule, imports: [registry, EchoModule] },
      { logger: ['error'] },
    );
    node = application.get(PgRegistryNode);
  },
  /** How many peers it knows, and how many entries it sees. */
  see: () => ({ peers: node.peers().length, entries: node.scope('pg').count() }),
  /** Registers so many entries more. */
  register: (count: number, bytes: number) => {
    const registry = node.scope('pg');
    for (let i = 0; i < count; i += 1) registry.register(`entry:${(entries += 1)}`, valueOf(bytes, i));
  },
  /** Writes and calls so often a second from now on, at random moments. */
  work: (writes: number, calls: number, bytes: number) => {
    for (const arrivals of working) arrivals.stop();
    working = [
      new Arrivals(writes, () => write(bytes)),
      new Arrivals(calls, () => void call(valueOf(bytes, called))),
    ];
  },
  usage: (): Usage => {
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      cpuMs: (user + system) / 1000,
      sentBytes: sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
      receivedBytes: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      written,
      called,
      failed,
    };
  },
  /** Bytes in use after a garbage collection, and those that the operating system has given. */
  memory: (): Memory => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { usedBytes: heapUsed + external, residentBytes: rss };
  },
  close: () => application.close(),
});

function write(bytes: number): void {
  const entry = 1 + Math.floor(Math.random() * entries);
  if (node.scope('pg').updateValue(`entry:${entry}`, valueOf(bytes, (written += 1)))) return;
  throw new Error(`There is no entry ${entry}.`);
}

async function call(payload: string): Promise<void> {
  const others = node
    .scope('echoes')
    .members('echo')
    .filter((pid: Pid) => pid.node !== node.name);
  const pid = others[Math.floor(Math.random() * others.length)];
  const answer = await application
    .get(ProcessService)
    .call(pid, 'echo', payload)
    .catch(() => undefined);
  if (answer === payload) called += 1;
  else failed += 1;
}

/** What the process has used and done since its start. */
export interface Usage {
  readonly at: number;
  readonly cpuMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly written: number;
  readonly called: number;
  readonly failed: number;
}

/** What `memory` tells. */
export interface Memory {
  readonly usedBytes: number;
  readonly residentBytes: number;
}
