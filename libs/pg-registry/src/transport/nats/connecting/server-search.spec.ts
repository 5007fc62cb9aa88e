import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '../../../../../../test/support/eventually';
import { ServerSearch } from './server-search';

describe('a search for a server that refused, and then says nothing', () => {
  const sockets: Socket[] = [];
  let server: Server;
  let url: string;
  let search: ServerSearch | undefined;
  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.push(socket);
      if (sockets.length === 1) socket.end("-ERR 'maximum connections exceeded'\r\n");
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    search?.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  async function searched(attemptTimeoutMs: number): Promise<ServerSearch> {
    const made = new ServerSearch({ attemptTimeoutMs, isGreeted: true, accepts: () => true });
    search = made;
    const { signal } = new AbortController();
    await made.round([url], 1, signal);
    await eventually(() => expect(made.failure?.kind).toBe('limit'));
    // Longer than the connection takes, which is made in the first turns.
    await made.round([url], 200, signal);
    expect(sockets).toHaveLength(2);
    return made;
  }

  it('tells what it said, as long as it may say that again', async () => {
    const { failure } = await searched(60_000);
    expect(failure?.kind).toBe('limit');
  });

  it('tells of its silence when it has said nothing in the time of an attempt', async () => {
    const made = await searched(20);
    await eventually(() => expect(made.failure?.kind).toBe('silent'));
  });
});
