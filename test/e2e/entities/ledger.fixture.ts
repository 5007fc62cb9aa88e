import 'reflect-metadata';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Entity,
  EntityService,
  type EntityStart,
  HandleCall,
  natsTransport,
  PgRegistryModule,
} from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { natsClientOf } from '../../support/nats-client-of';

/** A Nest application that hosts ledgers: each writes into a journal on disk what it does, so that a test can tell what was executed. */
const [servers = '', name = '', journal = '', guard = 'view', ttlMs] = process.argv.slice(2);

const write = (line: string): void => appendFileSync(journal, `${line}\n`);

@Entity('ledger', { guard: guard === 'lease' ? 'lease' : 'view', idleMs: Infinity })
export class Ledger {
  #key = 0;
  #total = 0;

  onProcessStart({ key, state, cause }: EntityStart<number, number>): void {
    this.#key = key;
    this.#total = state ?? this.#written();
    write(`start ${key} ${name} ${cause}`);
  }

  @HandleCall()
  async add({ number, workMs }: { readonly number: number; readonly workMs: number }): Promise<number> {
    write(`add ${this.#key} ${name} ${number}`);
    this.#total += 1;
    if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
    return this.#total;
  }

  @HandleCall()
  total(): number {
    return this.#total;
  }

  onHandOver(): number {
    write(`hand ${this.#key} ${name} ${this.#total}`);
    return this.#total;
  }

  onMerge(other: number): void {
    write(`merge ${this.#key} ${name} ${other}`);
  }

  onProcessExit(reason: string): void {
    write(`exit ${this.#key} ${name} ${reason}`);
  }

  /** What the journal says after a life that handed nothing over. */
  #written(): number {
    const text = existsSync(journal) ? readFileSync(journal, 'utf8') : '';
    return text.split('\n').filter((line) => line.startsWith(`add ${this.#key} `)).length;
  }
}

@Module({
  imports: [
    PgRegistryModule.forRoot({
      node: name,
      names: { ttlMs: Number(ttlMs) },
      transport: natsTransport({ servers, client: natsClientOf(name) }),
    }),
  ],
  providers: [Ledger],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  app.enableShutdownHooks();
  const entities = app.get(EntityService);
  await entities.ready();
  serve({ hosts: () => entities.hosts(Ledger).map(({ node }) => node) });
}

void bootstrap();
