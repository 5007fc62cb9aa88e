import { Socket } from 'node:net';
import type { NatsClient } from '../nats-client';
import { ClientSocket } from './client-socket';

const PIECE = Buffer.alloc(65_536);
const PIECES = 12;
/** Longer than a turn reads: after a piece that takes so long it reads one more. */
const WORK_MS = 11;

/** What a client of NATS looks like inside. */
function clientOf(socket: unknown, close?: (reason: Error) => unknown, pendings?: unknown[]): NatsClient {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no more of it is used
  return { protocol: { transport: { socket, close }, heartbeats: { pendings } } } as unknown as NatsClient;
}

describe("a client's socket", () => {
  let socket: Socket;
  let followed: ClientSocket;
  let read: number;
  let now: number;

  beforeEach(() => {
    read = 0;
    now = 1000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    socket = new Socket();
    followed = new ClientSocket();
  });

  afterEach(() => jest.restoreAllMocks());

  /**
   * Reads all pieces as Node.js does, which goes on within a turn while the system has more and the stream wants more.
   *
   * @param workMs How long the client takes for each piece.
   * @returns How many pieces each turn of the event loop gave to the client
   */
  async function readAll(workMs: number): Promise<number[]> {
    const turns: number[] = [];
    let left = PIECES;
    socket.on('data', () => {
      read += 1;
      now += workMs;
    });
    // A stream begins to flow in a later step of the turn.
    await new Promise(setImmediate);
    for (let before = 0; before < PIECES; before = read) {
      while (left > 0 && !socket.isPaused()) {
        left -= 1;
        if (!socket.push(PIECE)) break;
      }
      // oxlint-disable-next-line no-await-in-loop
      await new Promise(setImmediate);
      turns.push(read - before);
    }
    return turns;
  }

  it('gives no more in a turn of the event loop than it has time for, and loses nothing', async () => {
    followed.follow(clientOf(socket));
    expect(Math.max(...(await readAll(WORK_MS)))).toBeLessThanOrEqual(3);
    expect(read).toBe(PIECES);
  });

  it('gives what the turn has time for, all of it', async () => {
    followed.follow(clientOf(socket));
    expect(await readAll(0)).toEqual([PIECES]);
  });

  it('counts what it reads as an answer to the pings before', async () => {
    const pings = ['first', 'second'];
    followed.follow(clientOf(socket, undefined, pings));
    await readAll(0);
    expect(pings).toEqual([]);
  });

  it('reads as Node.js does once it is released', async () => {
    followed.follow(clientOf(socket));
    followed.release();
    expect(await readAll(WORK_MS)).toEqual([PIECES]);
  });

  it('goes on reading when it is released while it is paused', async () => {
    followed.follow(clientOf(socket));
    socket.once('pause', () => queueMicrotask(() => followed.release()));
    await readAll(WORK_MS);
    expect(read).toBe(PIECES);
    expect(socket.listenerCount('data')).toBe(1);
  });

  it('is the one that the client used last', () => {
    const next = new Socket();
    followed.follow(clientOf(socket));
    followed.follow(clientOf(next));
    expect(socket.listenerCount('data')).toBe(0);
    followed.follow(clientOf(next));
    expect(next.listenerCount('data')).toBe(1);
    followed.follow(clientOf(undefined));
    expect(next.listenerCount('data')).toBe(0);
  });

  it('is destroyed by what the client closes it with, which may fail', async () => {
    const reasons: string[] = [];
    followed.follow(clientOf(socket, ({ message }) => void reasons.push(message)));
    followed.destroy();
    followed.follow(clientOf(socket, () => Promise.reject(new Error('no socket'))));
    followed.destroy();
    followed.follow(clientOf(socket));
    followed.destroy();
    await new Promise(setImmediate);
    expect(reasons).toEqual(['stale connection']);
  });
});
