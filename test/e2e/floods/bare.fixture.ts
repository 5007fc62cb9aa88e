import { connect as connect3 } from '@nats-io/transport-node';
import { connect as connect2 } from 'nats';
import { serve } from '../../support/fixture';
import { LongestTurn } from './longest-turn';

const turns = new LongestTurn();

serve({
  /** A client alone, which does nothing with what it gets. */
  start: async (client: 'nats' | '@nats-io/transport-node', url: string, subject: string) => {
    const options = { servers: url, user: 'storm', pass: 'storm' };
    const connection = await (client === 'nats' ? connect2(options) : connect3(options));
    connection.subscribe(subject, { callback: () => undefined });
    await connection.flush();
    turns.watch();
  },
  suffered: () => turns.take(),
});
