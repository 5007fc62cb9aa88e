import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { entity, EntityService, natsTransport, PgRegistryModule, ProcessService } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import { Load } from '../nest/load';

export const NAMES = ['one', 'two', 'three'];

/** The shortest that is allowed: so long a killed node keeps its leases. A busy machine may lose them. */
export const SHORT_TTL_MS = 1000;
/** What applications have. */
export const DEFAULT_TTL_MS = 10_000;

/** What keeps two ledgers of one key apart. */
export type Guard = 'view' | 'lease';

/** One line of the journal. */
export interface Written {
  readonly what: string;
  readonly key: number;
  readonly node: string;
  /** The number of the call, the cause of the start, or the reason of the exit. */
  readonly detail: string;
}

/** A call that failed, and when. */
export interface Failure {
  readonly number: number;
  readonly key: number;
  readonly error: unknown;
  readonly at: number;
}

/** Three nodes that host ledgers, and a caller without the class that adds to them at a steady rate. */
export class Ledgers {
  readonly failures: Failure[] = [];
  readonly answered = new Map<number, { readonly key: number; readonly at: number }>();
  readonly #server: NatsServer;
  readonly #nodes: Map<string, NodeProcess>;
  readonly #app: { close(): Promise<void> };
  readonly #folder: string;
  readonly #processes: ProcessService;
  readonly entities: EntityService;
  readonly keys: number;
  readonly #guard: Guard;
  readonly #ttlMs: number;
  #number = 0;

  private constructor(
    server: NatsServer,
    nodes: Map<string, NodeProcess>,
    app: { close(): Promise<void>; get: <T>(token: new (...args: never[]) => T) => T },
    folder: string,
    keys: number,
    guard: Guard,
    ttlMs: number,
  ) {
    this.#guard = guard;
    this.#ttlMs = ttlMs;
    this.#server = server;
    this.#nodes = nodes;
    this.#app = app;
    this.#folder = folder;
    this.#processes = app.get(ProcessService);
    this.entities = app.get(EntityService);
    this.keys = keys;
  }

  static async start(keys: number, guard: Guard, ttlMs: number): Promise<Ledgers> {
    const server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const folder = mkdtempSync(join(tmpdir(), 'ledgers-'));
    @Module({ imports: [PgRegistryModule.forRoot({ transport: natsTransport({ servers: server.url }) })] })
    class CallerModule {}
    const app = await NestFactory.createApplicationContext(CallerModule, { logger: ['error'] });
    const nodes = await Promise.all(
      NAMES.map(async (name) => [name, await startLedgers(server.url, name, folder, guard, ttlMs)] as const),
    );
    const ledgers = new Ledgers(server, new Map(nodes), app, folder, keys, guard, ttlMs);
    await ledgers.entities.ready();
    await ledgers.offered();
    return ledgers;
  }

  /** Resolves when all nodes offer ledgers. */
  async offered(): Promise<void> {
    await eventually(() => this.entities.hosts('ledger').length === NAMES.length, { timeoutMs: 30_000 });
  }

  /** Adds to ledgers, one after the other in an order that mixes them. */
  load(callsPerSecond: number, workMs: number): Load {
    return new Load(callsPerSecond, async () => {
      const number = (this.#number += 1);
      const key = (number * 7919) % this.keys;
      try {
        const payload = { number, workMs };
        await this.#processes.call(entity('ledger', key), 'add', payload, { timeoutMs: 20_000 });
        this.answered.set(number, { key, at: Date.now() });
      } catch (error) {
        this.failures.push({ number, key, error, at: Date.now() });
        throw error;
      }
      return '';
    });
  }

  total(key: number): Promise<number> {
    return this.#processes.call<number>(entity('ledger', key), 'total', null, { timeoutMs: 20_000 });
  }

  async restart(name: string): Promise<void> {
    const node = this.#nodes.get(name)!;
    node.kill('SIGTERM');
    await node.exited;
    this.#nodes.set(name, await startLedgers(this.#server.url, name, this.#folder, this.#guard, this.#ttlMs));
    await this.offered();
  }

  async kill(name: string): Promise<void> {
    const node = this.#nodes.get(name)!;
    node.kill('SIGKILL');
    await node.exited;
  }

  journal(): readonly Written[] {
    return readJournal(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close();
    await Promise.all([...this.#nodes.values()].map((node) => node[Symbol.asyncDispose]()));
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

/** What all ledgers have written, in order. */
export function readJournal(folder: string): readonly Written[] {
  const lines = readFileSync(join(folder, 'journal'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [what = '', key = '', node = '', ...detail] = line.split(' ');
    return { what, key: Number(key), node, detail: detail.join(' ') };
  });
}

/** Starts a node that hosts ledgers. */
export function startLedgers(
  servers: string,
  name: string,
  folder: string,
  guard: Guard,
  ttlMs: number,
): Promise<NodeProcess> {
  return NodeProcess.start('e2e/entities/ledger.fixture.ts', {
    args: [servers, name, join(folder, 'journal'), guard, String(ttlMs)],
  });
}
