/** The two transports that the shop runs on, with one interface. */
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { type ClientProxy, ClientsModule, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { NatsConnection } from 'nats';
import { natsTransport, PgRegistryModule } from 'nestjs-pg-registry';
import { PgRegistryClient, PgRegistryServer } from 'nestjs-pg-registry/microservice';
import { natsClientOf } from '../../support/nats-client-of';
import { rootModule } from './shop';

/** One application: its client, and the shop's own providers if it has the shop. */
export interface Instance {
  readonly app: INestApplication;
  readonly client: ClientProxy;
}

/** How a transport carries applications. */
export interface Carrier {
  readonly name: string;
  /** Whether unsubscribing ends the handler's Observable, not only the client's. */
  readonly cancelsAtOwner: boolean;
  /** Starts an application; resolves when its handlers can be reached. */
  start(servers: string, node: string, modules: readonly Type[]): Promise<Instance>;
}

/** Nest's own transport. */
export const nats: Carrier = {
  name: 'Transport.NATS',
  cancelsAtOwner: false,
  async start(servers, _, modules) {
    const clients = ClientsModule.register([
      { name: 'CLIENT', transport: Transport.NATS, options: { servers } },
    ]);
    const app = await application([clients, ...modules]);
    const microservice = app.connectMicroservice<MicroserviceOptions>({
      transport: Transport.NATS,
      options: { servers },
    });
    await app.startAllMicroservices();
    await app.init();
    await microservice.unwrap<NatsConnection>().flush();
    return { app, client: app.get('CLIENT', { strict: false }) };
  },
};

/** The registry, over the same server. */
export const registry: Carrier = {
  name: 'PgRegistryServer',
  cancelsAtOwner: true,
  async start(servers, node, modules) {
    const transport = natsTransport({ servers, client: natsClientOf(node) });
    const app = await application([
      PgRegistryModule.forRoot({ node, transport, drainAckMs: 200 }),
      ...modules,
    ]);
    app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
    await app.startAllMicroservices();
    await app.init();
    return { app, client: app.get(PgRegistryClient) };
  },
};

async function application(imports: NonNullable<ModuleMetadata['imports']>): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [rootModule(imports)] }).compile();
  const app = testing.createNestApplication();
  app.useLogger(false);
  return app;
}
