import { Socket } from 'node:net';
import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { peek } from '../../../libs/pg-registry/src/transport/nats/nats-client';
import { NatsServer } from '../../support/nats-server';
import { participate } from './participant';

type Connect = (options: object) => Promise<{ close(): Promise<void> }>;

const CLIENTS = [
  ['nats', connectWithNats as Connect],
  ['@nats-io/transport-node', connectWithTransportNode as Connect],
] as const;

describe.each(CLIENTS)("the client '%s'", (name, connect) => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start({ config: 'authorization { user: me, password: secret }' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** If this fails, a new version of the client has changed what is not part of its interface; the second column says what breaks. */
  it('has the private fields that the transport uses', async () => {
    const client = await connect({ servers: server.url, user: 'me', pass: 'secret' });
    try {
      expect({
        'protocol.transport.close: a frozen server is noticed late': typeof peek(
          client,
          'protocol',
          'transport',
          'close',
        ),
        'protocol.transport.socket: a turn reads without a limit':
          peek(client, 'protocol', 'transport', 'socket') instanceof Socket,
        'protocol.heartbeats.pendings: a storm of messages ends the connection': peek(
          client,
          'protocol',
          'heartbeats',
          'pendings',
        ),
        'options.pingInterval: nobody is warned of weak options': typeof peek(
          client,
          'options',
          'pingInterval',
        ),
        'options.maxReconnectAttempts: nobody is warned of weak options': typeof peek(
          client,
          'options',
          'maxReconnectAttempts',
        ),
        'info.server_id: crashes are told from lost servers late': typeof peek(client, 'info', 'server_id'),
      }).toEqual({
        'protocol.transport.close: a frozen server is noticed late': 'function',
        'protocol.transport.socket: a turn reads without a limit': true,
        'protocol.heartbeats.pendings: a storm of messages ends the connection': [],
        'options.pingInterval: nobody is warned of weak options': 'number',
        'options.maxReconnectAttempts: nobody is warned of weak options': 'number',
        'info.server_id: crashes are told from lost servers late': 'string',
      });
    } finally {
      await client.close();
    }
  });

  const start = (options: object) =>
    participate(natsTransport({ servers: server.url, client: name, ...options }), 'a', 600_000);

  it('connects with credentials', async () => {
    const participant = await start({ user: 'me', pass: 'secret' });
    expect(participant.isConnected).toBe(true);
    await participant.close();
  });

  it('gives up at once, and not when its time is over, if the server refuses the credentials', async () => {
    await expect(start({ user: 'me', pass: 'wrong' })).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining('refused the connection') as string,
    });
  });
});
