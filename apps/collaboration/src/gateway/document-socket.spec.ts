import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { CloseCode } from './close-codes';
import { DocumentSocket } from './document-socket';
import { awareness, syncStep1 } from './sync-protocol';

let server: WebSocketServer;

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});

/** A socket of a server, and what its client learns when it is closed. */
async function pair(): Promise<{
  client: WebSocket;
  socket: DocumentSocket;
  closed: Promise<[number, string]>;
}> {
  const connected = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const closed = new Promise<[number, string]>((resolve) =>
    client.once('close', (code, reason) => resolve([code, reason.toString()])),
  );
  await new Promise((resolve) => client.once('open', resolve));
  return { client, socket: new DocumentSocket(await connected), closed };
}

it('cuts a reason that is too long for a close frame between two characters', async () => {
  const { socket, closed } = await pair();
  socket.close(CloseCode.BadMessage, '€'.repeat(100));
  expect(await closed).toEqual([4402, '€'.repeat(41)]);
});

it('closes a client whose refused message is quoted in the reason, whatever its script', async () => {
  const { client, socket, closed } = await pair();
  socket.onMessage(() => undefined);
  client.send(awareness([{ client: 7, clock: 1, state: '€'.repeat(20) }]));
  const [code, reason] = await closed;
  expect(code).toBe(4402);
  expect(reason).toContain('€€');
});

it('says that it has ended when this node begins to close it, and only once', async () => {
  const { socket, closed } = await pair();
  const ends: string[] = [];
  socket.onEnd(() => ends.push('ended'));
  socket.close(CloseCode.DocumentFull, 'full');
  expect(ends).toEqual(['ended']);
  await closed;
  socket.close(CloseCode.Restart, 'again');
  expect(ends).toEqual(['ended']);
});

it('says that it has ended when the client has gone, and at once to a listener that comes later', async () => {
  const { client, socket, closed } = await pair();
  const ended = new Promise<void>((resolve) => socket.onEnd(resolve));
  client.send(syncStep1(Uint8Array.of(0)));
  client.close();
  await Promise.all([closed, ended]);
  const ends: string[] = [];
  socket.onEnd(() => ends.push('ended'));
  expect(ends).toEqual(['ended']);
});
