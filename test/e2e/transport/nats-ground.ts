import type { NatsClient } from '../../../libs/pg-registry/src/transport/nats';
import type { Transport } from '../../../libs/pg-registry/src/transport';
import { NatsServer } from '../../support/nats-server';
import type { Ground } from './contract';

/** A real nats-server as the ground of the contract, reached in one of the ways in which a user may. */
export async function natsGround(
  reach: (url: string, borrowed: (client: NatsClient) => void) => Promise<Transport>,
): Promise<Ground> {
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

/** Options of a client under test: quick to come back. */
export const QUICK = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  reconnectJitter: 0,
  pingInterval: 1000,
  timeout: 1000,
};
