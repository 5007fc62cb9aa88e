import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { PostgresDatabase } from './postgres-database';

/** What PostgreSQL answers to a client that introduces itself, and to a statement without rows. */
const AUTHENTICATED = Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([90, 0, 0, 0, 5, 73]);
const COMPLETE = Buffer.from([67, 0, 0, 0, 13, ...Buffer.from('SELECT 0\0')]);
const CONNECTIONS = 4;
const INTERVAL_MS = 10_000;

const sockets = new Set<Socket>();
let server: Server | undefined;
let database: PostgresDatabase | undefined;

afterEach(async () => {
  jest.restoreAllMocks();
  await database?.close();
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** A server of PostgreSQL's protocol that answers every statement with nothing. */
async function startServer(): Promise<string> {
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.concat([AUTHENTICATED, READY]));
      socket.on('data', () => socket.write(Buffer.concat([COMPLETE, READY])));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `postgresql://user@127.0.0.1:${(listening.address() as AddressInfo).port}/documents`;
}

test('a database that breaks its connections again and again takes one line of the log in ten seconds', async () => {
  const lines: unknown[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void lines.push(line));
  const opened = new PostgresDatabase(await startServer());
  database = opened;
  const startedAt = performance.now();
  for (let round = 0; round < 10; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one loss after the other
    await eventually(async () => {
      await Promise.all(Array.from({ length: CONNECTIONS }, () => opened.query('SELECT')));
    });
    for (const socket of sockets) socket.destroy();
  }
  await eventually(() => lines.length > 0);
  expect(lines[0]).toBe('A connection to the database was lost: Connection terminated unexpectedly');
  expect(lines.length).toBeLessThanOrEqual(1 + (performance.now() - startedAt) / INTERVAL_MS);
});
