import type { NatsClient } from '../../../libs/pg-registry/src/transport/nats';
import type { Transport } from '../../../libs/pg-registry/src/transport';
import { NatsServer } from '../../support/nats-server';
import type { TransportHarness } from './contract';

/** A real nats-server for the contract, with one of the ways to connect to it. */
export async function natsHarness(
  reach: (url: string, borrowed: (client: NatsClient) => void) => Promise<Transport>,
): Promise<TransportHarness> {
  const server = await NatsServer.start();
  const clients: NatsClient[] = [];
  return {
    transport: () => reach(server.url, (client) => clients.push(client)),
    setBroker: (up) => (up ? server.start() : server.stop()),
    dispose: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Options with which a client reconnects fast. */
export const QUICK = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  reconnectJitter: 0,
  pingInterval: 1000,
  timeout: 1000,
  ignoreAuthErrorAbort: true,
};
