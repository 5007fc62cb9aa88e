import { localBus, localTransport } from '../../../libs/pg-registry/src/transport/local';
import { participate, type Participant } from '../transport/participant';
import { provesLeaseStoreContract } from './lease-store.contract';

describe('localTransport keeps the contract of lease stores', () => {
  provesLeaseStoreContract(() => {
    const bus = localBus();
    const participants: Participant[] = [];
    return Promise.resolve({
      store: async (namespace) => {
        const node = await participate(localTransport({ bus }), `n${participants.length}`);
        participants.push(node);
        return node.leaseStore!({ namespace, subject: '', bucket: '' });
      },
      setServer: (up) => {
        for (const { node } of participants) {
          if (up) bus.reconnect(node);
          else bus.disconnect(node);
        }
        return Promise.resolve();
      },
      dispose: async () => {
        await Promise.all(participants.map((participant) => participant.close()));
      },
    });
  });
});
