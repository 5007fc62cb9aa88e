import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { OpenedSockets } from './opened-sockets';

describe('the sockets that a piece of work opens', () => {
  let server: Server;
  let mine: Socket;
  let port: number;
  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    mine.destroy();
    server.close();
  });

  it('are destroyed, and no others', async () => {
    const opened = new OpenedSockets();
    let theirs!: Socket;
    const work = opened.during(async () => {
      await Promise.resolve();
      theirs = connect(port, '127.0.0.1');
      await once(theirs, 'connect');
    });
    mine = connect(port, '127.0.0.1');
    await work;
    opened.destroy();
    expect(theirs.destroyed).toBe(true);
    expect(mine.destroyed).toBe(false);
  });

  it('are destroyed as soon as they are opened, if the work has failed before', async () => {
    const opened = new OpenedSockets();
    let goOn!: () => void;
    const work = opened.during(async () => {
      await new Promise<void>((resolve) => (goOn = resolve));
      mine = connect(port, '127.0.0.1');
    });
    opened.destroy();
    goOn();
    await work;
    await once(mine, 'close');
    expect(mine.destroyed).toBe(true);
  });
});
