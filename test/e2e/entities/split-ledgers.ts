import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  entity,
  EntityService,
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
} from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import type { NodeProcess } from '../../support/node-process';
import { TcpDoor } from '../../support/tcp-door';
import { type Guard, readJournal, SHORT_TTL_MS, startLedgers, type Written } from './ledgers';

/** A caller without the class, in the process of the test. */
export class Caller {
  #number = 0;

  constructor(
    readonly side: number,
    readonly app: INestApplicationContext,
  ) {}

  get entities(): EntityService {
    return this.app.get(EntityService);
  }

  peers(): readonly string[] {
    return this.app
      .get(PgRegistryNode)
      .peers()
      .map(({ node }) => node);
  }

  /** Adds to a ledger. Each call has a number of its own. */
  add(key: number): Promise<number> {
    this.#number += 1;
    const payload = { number: this.side * 1_000_000 + this.#number, workMs: 0 };
    return this.app.get(ProcessService).call<number>(entity('ledger', key), 'add', payload);
  }
}

/**
 * Hosts of ledgers and callers at two servers, which are connected through a door that can be shut. The near server has the store of leases.
 */
export class SplitLedgers {
  readonly near: Caller;
  readonly far: Caller;
  readonly #parts: readonly AsyncDisposable[];
  readonly #door: TcpDoor;
  readonly #folder: string;

  private constructor(
    parts: readonly AsyncDisposable[],
    door: TcpDoor,
    folder: string,
    callers: readonly [near: Caller, far: Caller],
  ) {
    this.#parts = parts;
    this.#door = door;
    this.#folder = folder;
    [this.near, this.far] = callers;
  }

  static async start(guard: Guard): Promise<SplitLedgers> {
    const near = (leafnodes: string): string =>
      `jetstream { domain: near, store_dir: "DIR/jetstream" }\nleafnodes { ${leafnodes} }`;
    const server = await NatsServer.start({ config: near('listen: "127.0.0.1:-1"') });
    const port = /leafnode connections on 127\.0\.0\.1:(\d+)/.exec(server.log)?.[1];
    const door = await TcpDoor.to(`nats://127.0.0.1:${port}`);
    // Servers tell each other their addresses: the other one must learn that of the door only.
    server.configure(near(`listen: "127.0.0.1:${port}", advertise: "${new URL(door.url).host}"`));
    await server.stop();
    await server.start();
    const remote = `default_js_domain: { "$G": near }\nleafnodes { reconnect: 1, remotes: [{ url: "${door.url}" }] }`;
    const farServer = await NatsServer.start({ config: remote });
    await eventually(() => farServer.log.includes('Leafnode connection created'), { timeoutMs: 10_000 });
    const folder = mkdtempSync(join(tmpdir(), 'ledgers-'));
    const places = { one: server, two: server, three: farServer };
    const nodes: NodeProcess[] = await Promise.all(
      Object.entries(places).map(([name, at]) => startLedgers(at.url, name, folder, guard, SHORT_TTL_MS)),
    );
    const callers = [await caller(0, server), await caller(1, farServer)] as const;
    const split = new SplitLedgers([...nodes, farServer, door, server], door, folder, callers);
    await split.isWhole();
    return split;
  }

  /** Resolves when every caller sees the three hosts. */
  async isWhole(): Promise<void> {
    for (const { entities } of [this.near, this.far]) {
      // oxlint-disable-next-line no-await-in-loop
      await entities.ready();
      // oxlint-disable-next-line no-await-in-loop
      await eventually(() => entities.hosts('ledger').length === 3, { timeoutMs: 60_000 });
    }
  }

  /** Shuts the door, and resolves when each side has removed the other one. */
  async cut(): Promise<void> {
    this.#door.silence();
    await eventually(() => !this.near.peers().includes('three') && !this.far.peers().includes('one'), {
      timeoutMs: 60_000,
    });
  }

  heal(): void {
    this.#door.throwOut();
    this.#door.open();
  }

  journal(): readonly Written[] {
    return readJournal(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.near, this.far].map(({ app }) => app.close()));
    // The nodes before their servers.
    // oxlint-disable-next-line no-await-in-loop
    for (const part of this.#parts) await part[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

async function caller(side: number, server: NatsServer): Promise<Caller> {
  @Module({
    imports: [
      PgRegistryModule.forRoot({ node: `caller ${side}`, transport: natsTransport({ servers: server.url }) }),
    ],
  })
  class CallerModule {}
  return new Caller(side, await NestFactory.createApplicationContext(CallerModule, { logger: ['error'] }));
}
