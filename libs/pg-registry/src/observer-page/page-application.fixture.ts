import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PgRegistryModule } from '../nest';
import { MemoryLogger, rootModule, type RootOptions } from '../nest/application.fixture';
import { PgRegistryNode } from '../node';
import { localBus, localTransport } from '../transport/local';
import type { ObserverPageOptions } from './observer-page-options';
import { PgRegistryObserverModule } from './pg-registry-observer.module';

export type Adapter = 'express' | 'fastify';

/** What an application of a test has beside the page. */
export interface PageSetup {
  readonly adapter?: Adapter;
  readonly page?: ObserverPageOptions;
  readonly node?: RootOptions;
  readonly metadata?: ModuleMetadata;
  /** Before it listens. */
  readonly configure?: (application: INestApplication) => void;
}

/** Applications that serve the page, all nodes of one cluster. */
export class PageApplications {
  readonly bus = localBus();
  readonly logger = new MemoryLogger();
  readonly #applications: INestApplication[] = [];

  async start(setup: PageSetup = {}): Promise<PageApplication> {
    const { adapter = 'express', page = { open: true }, node = {}, metadata = {}, configure } = setup;
    const root = rootModule({
      ...metadata,
      imports: [
        PgRegistryModule.forRoot({ transport: localTransport({ bus: this.bus }), ...node }),
        PgRegistryObserverModule.forRoot(page),
        ...(metadata.imports ?? []),
      ],
    });
    const options = { logger: this.logger, abortOnError: false };
    const application =
      adapter === 'express'
        ? await NestFactory.create(root, options)
        : await NestFactory.create(root, new FastifyAdapter(), options);
    this.#applications.push(application);
    configure?.(application);
    await application.listen(0, '127.0.0.1');
    return new PageApplication(application, await application.getUrl());
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#applications.splice(0).map((application) => application.close()));
  }
}

/** A running application with the page. */
export class PageApplication {
  constructor(
    readonly nest: INestApplication,
    readonly origin: string,
  ) {}

  get node(): PgRegistryNode {
    return this.nest.get(PgRegistryNode);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}${path}`, { headers });
  }

  /** As the page does it, except for what `headers` says. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-pg-registry-action': path.split('/').at(-1)!,
        origin: this.origin,
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }
}

/** Reads a stream of server-sent events, one after the other. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = '';

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  /** The next event; undefined at the end. */
  async next(): Promise<{ readonly type: string; readonly id: string; readonly data: unknown } | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end !== -1) {
        const lines = this.#text.slice(0, end).split('\n');
        this.#text = this.#text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        if (field('data') !== '')
          return { type: field('event'), id: field('id'), data: JSON.parse(field('data')) };
      } else {
        // The next piece belongs behind this one.
        // oxlint-disable-next-line no-await-in-loop
        const { done, value } = await this.#reader.read();
        if (done) return undefined;
        this.#text += this.#decoder.decode(value, { stream: true });
      }
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
