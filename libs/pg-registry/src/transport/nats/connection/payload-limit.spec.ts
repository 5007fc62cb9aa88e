import type { NatsClient } from '../nats-client';
import { PayloadLimit } from './payload-limit';

/** A client whose server says that it takes messages of this size. */
const client = (bytes: number) => ({ info: { server_id: 's', max_payload: bytes } }) as NatsClient;

describe('the largest message of a server', () => {
  it('is what its latest INFO says', () => {
    const limit = new PayloadLimit();
    expect(limit.read(client(1000))).toBe(true);
    expect(limit.read(client(1000))).toBe(false);
    expect(limit.read(client(500))).toBe(true);
    expect(limit.bytes).toBe(500);
  });

  it('is learnt from a connection that the server closed over a smaller message than it allows', () => {
    const limit = new PayloadLimit();
    limit.read(client(1_000_000));
    limit.sent(30_000);
    limit.sent(10);
    limit.violated();
    limit.reconnected(client(1_000_000));
    expect(limit.bytes).toBe(15_000);
    limit.sent(14_000);
    limit.violated();
    limit.reconnected(client(1_000_000));
    expect(limit.bytes).toBe(7000);
  });

  it('is not learnt if the next INFO explains the refusal', () => {
    const limit = new PayloadLimit();
    limit.read(client(1_000_000));
    limit.sent(30_000);
    limit.violated();
    limit.reconnected(client(20_000));
    expect(limit.bytes).toBe(20_000);
    limit.reconnected(client(1_000_000));
    expect(limit.bytes).toBe(1_000_000);
  });
});
