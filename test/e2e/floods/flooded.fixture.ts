import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { natsTransport, PgRegistryModule, PgRegistryNode, ProcessService, via } from 'nestjs-pg-registry';
import { PgRegistryClient, PgRegistryServer } from 'nestjs-pg-registry/microservice';
import { firstValueFrom, map, range, timeout } from 'rxjs';
import { HandlerTable } from '../../../libs/pg-registry/src/calls';
import { serve } from '../../support/fixture';
import type { Flood, Suffered } from './floods';
import { LongestTurn } from './longest-turn';

const PING_EVERY_MS = 20;

class FloodedController {
  ping(question: number): number {
    return question;
  }

  one({ bytes }: Flood): string {
    return 'x'.repeat(bytes);
  }

  many({ values, bytes }: Flood): unknown {
    return range(0, values).pipe(map((number) => 'x'.repeat(bytes - 10) + String(number)));
  }
}

/** One application of Nest, whose patterns end in the name of its node. */
class Flooded {
  readonly #name: string;
  readonly #client: PgRegistryClient;
  readonly #processes: ProcessService;
  readonly #node: PgRegistryNode;
  readonly #turns = new LongestTurn();
  #slowest = 0;
  #failed = 0;
  #failure = '';

  private constructor(
    name: string,
    parts: { client: PgRegistryClient; processes: ProcessService; node: PgRegistryNode },
  ) {
    this.#name = name;
    this.#client = parts.client;
    this.#processes = parts.processes;
    this.#node = parts.node;
  }

  static async start(name: string, url: string): Promise<Flooded> {
    const { prototype } = FloodedController;
    for (const pattern of ['ping', 'one', 'many']) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, pattern) as PropertyDescriptor;
      MessagePattern(`${pattern}.${name}`)(prototype, pattern, descriptor);
    }
    Controller()(FloodedController);
    class FloodedModule {}
    const transport = natsTransport({ servers: url, user: name, pass: name });
    Module({
      imports: [PgRegistryModule.forRoot({ node: name, transport })],
      controllers: [FloodedController],
    })(FloodedModule);
    const app = await NestFactory.create(FloodedModule, { logger: ['error', 'fatal'] });
    app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get(PgRegistryClient);
    await client.connect();
    return new Flooded(name, {
      client,
      processes: app.get(ProcessService),
      node: app.get(PgRegistryNode),
    });
  }

  /** Calls other nodes all the time, and watches its own event loop. */
  live(others: readonly string[]): void {
    this.#turns.watch();
    setInterval(() => {
      for (const other of others) void this.#ping(other);
    }, PING_EVERY_MS);
  }

  async #ping(other: string): Promise<void> {
    const begun = performance.now();
    try {
      await firstValueFrom(this.#client.send(`ping.${other}`, 1).pipe(timeout(15_000)));
      this.#slowest = Math.max(this.#slowest, performance.now() - begun);
    } catch (error) {
      this.#failed += 1;
      this.#failure = String(error);
    }
  }

  suffered(): Suffered {
    const { outgoing } = this.#node.stats();
    const suffered = {
      node: this.#name,
      longestTurnMs: this.#turns.take(),
      slowestCallMs: this.#slowest,
      failed: this.#failed,
      failure: this.#failure,
      congestions: outgoing.congestions,
      megabytes: process.memoryUsage().rss / 1e6,
    };
    this.#slowest = this.#failed = 0;
    this.#failure = '';
    return suffered;
  }

  /** Asks a node for much, again and again, and takes none of the values of its streams. */
  flood(flood: Flood): void {
    const handlers = new HandlerTable('Deaf', { casts: new Map([['values', () => undefined]]) });
    const { pid } = this.#processes.mount({ label: 'deaf', handlers, serial: false });
    const ask = async (): Promise<void> => {
      const pattern = `${flood.pattern}.${flood.node}`;
      const id = Math.floor(Math.random() * 2 ** 50);
      const request = { pattern, data: { ...flood }, replyTo: pid, id };
      await this.#processes
        .call(via('rpc', pattern), 'request', request, { timeoutMs: 20_000 })
        .catch(() => undefined);
    };
    const wave = async (): Promise<void> => {
      await Promise.all(Array.from({ length: flood.calls }, ask));
      setTimeout(() => void wave(), 0);
    };
    void wave();
  }
}

let flooded: Flooded;
serve({
  start: async (name: string, url: string) => {
    flooded = await Flooded.start(name, url);
  },
  live: (others: readonly string[]) => flooded.live(others),
  suffered: () => flooded.suffered(),
  flood: (flood: Flood) => flooded.flood(flood),
});
