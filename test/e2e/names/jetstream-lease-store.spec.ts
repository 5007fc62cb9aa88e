import { provesLeaseStoreContract } from './lease-store.contract';
import { NatsLeaseStores } from './nats-lease-stores';

describe.each(['nats', '@nats-io/transport-node'] as const)(
  "natsTransport({ client: '%s' }) keeps the contract of lease stores",
  (client) => {
    provesLeaseStoreContract(async () => {
      const stores = await NatsLeaseStores.start(client);
      return {
        store: (namespace) => stores.open({ namespace }),
        setServer: (up) => (up ? stores.server.start() : stores.server.stop()),
        dispose: () => stores[Symbol.asyncDispose](),
      };
    });
  },
);
