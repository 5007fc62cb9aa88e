import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { provesTransportContract } from './contract';
import { natsHarness, QUICK } from './nats-harness';

describe.each(['nats', '@nats-io/transport-node'] as const)(
  "natsTransport({ servers, client: '%s' }) keeps the contract of transports",
  (client) => {
    provesTransportContract(() =>
      natsHarness((servers) => Promise.resolve(natsTransport({ ...QUICK, servers, client }))),
    );
  },
);

describe('natsTransport({ connection }) keeps the contract of transports', () => {
  describe("with a connection of 'nats' 2", () => {
    provesTransportContract(() =>
      natsHarness(async (servers, borrowed) => {
        const connection = await connectWithNats({ ...QUICK, servers });
        borrowed(connection);
        return natsTransport({ connection });
      }),
    );
  });

  describe("with a connection of '@nats-io/transport-node' 3", () => {
    provesTransportContract(() =>
      natsHarness(async (servers, borrowed) => {
        const connection = await connectWithTransportNode({ ...QUICK, servers });
        borrowed(connection);
        return natsTransport({ connection });
      }),
    );
  });
});
