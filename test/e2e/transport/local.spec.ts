import { localBus, localTransport } from '../../../libs/pg-registry/src/transport/local';
import { provesTransportContract } from './contract';

describe('localTransport keeps the contract of transports', () => {
  provesTransportContract(() => {
    const bus = localBus();
    return Promise.resolve({
      transport: () => Promise.resolve(localTransport({ bus })),
      setBroker: (up) => {
        for (const node of ['a', 'b', 'c']) {
          if (up) bus.reconnect(node);
          else bus.disconnect(node);
        }
        return Promise.resolve();
      },
      dispose: () => Promise.resolve(),
    });
  });
});
