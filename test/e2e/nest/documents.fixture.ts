import 'reflect-metadata';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { type INestApplicationContext, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect as connectWithNats } from 'nats';
import {
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
  type Transport,
  via,
} from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import type { DocumentsStart } from './documents';

/** Nest applications with open documents, which are saved when their processes end. */
const applications = new Map<
  string,
  { readonly app: INestApplicationContext; readonly connection?: Given }
>();

/** What the owner of a connection does with it. */
interface Given {
  drain(): Promise<unknown>;
  close(): Promise<unknown>;
}

let maySave!: () => void;
let saving: Promise<void>;
hold();

/** From now on saving takes until `maySave()`. */
function hold(): void {
  saving = new Promise((resolve) => (maySave = resolve));
}

@Injectable({ scope: Scope.TRANSIENT })
class SharedDocument {
  #id = '';

  onProcessStart(id: string): void {
    this.#id = id;
  }

  async onProcessExit(): Promise<void> {
    process.stdout.write(`saving ${this.#id}\n`);
    await saving;
    process.stdout.write(`saved ${this.#id}\n`);
  }
}

async function transportOf({
  client,
  given,
  ...options
}: DocumentsStart): Promise<{ transport: Transport; connection?: Given }> {
  const { servers, user, pass, maxReconnectAttempts } = options;
  const chosen = { servers, user, pass, maxReconnectAttempts, reconnectTimeWait: 50, reconnectJitter: 0 };
  if (!given) return { transport: natsTransport({ ...chosen, client }) };
  const connection = await (client === 'nats' ? connectWithNats(chosen) : connectWithTransportNode(chosen));
  return { transport: natsTransport({ connection }), connection };
}

serve({
  /** Starts an application with the documents x and y open. */
  start: async (start: DocumentsStart): Promise<void> => {
    hold();
    const { transport, connection } = await transportOf(start);
    @Module({
      imports: [
        PgRegistryModule.forRoot({
          node: start.node,
          transport,
          scopes: [{ name: 'documents', keys: 'unique' }],
        }),
      ],
      providers: [SharedDocument],
    })
    class DocumentsModule {}
    const app = await NestFactory.createApplicationContext(DocumentsModule, { logger: ['warn', 'error'] });
    applications.set(start.key, { app, ...(connection && { connection }) });
    for (const id of ['x', 'y'])
      await app
        .get(ProcessService)
        .start(SharedDocument, { via: via('documents', id), args: `${id} of ${start.key}` });
  },
  drain: (key: string) => applications.get(key)!.connection!.drain(),
  close: (key: string) => applications.get(key)!.connection!.close(),
  state: (key: string) => applications.get(key)!.app.get(PgRegistryNode).state,
  /** Closes an application, which waits until its documents are saved. */
  leave: async (key: string): Promise<void> => {
    const { app, connection } = applications.get(key)!;
    await app.close();
    process.stdout.write(`left ${key}\n`);
    await connection?.close();
  },
  maySave: () => maySave(),
  /** Lets go of the test: what keeps the process alive now is the library's. */
  end: () => void setImmediate(() => process.channel?.unref()),
});
