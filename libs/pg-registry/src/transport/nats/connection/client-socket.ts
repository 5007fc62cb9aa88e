import { Socket } from 'node:net';
import { type NatsClient, peek } from '../nats-client';

/** One turn of the event loop reads for so long, in ms, and one more piece. */
const MOST_READING_MS = 10;
/** So many bytes, what Node.js reads in one piece, are read without a look at the clock. */
const PIECE_BYTES = 65_536;

/**
 * The socket of a client, which stops to read when a turn of the event loop has read for long. Node.js reads up to 2 MB in a turn, which may
 * be 22,000 small messages, and the client takes them apart at once. What is left waits in the system and then at the server, as it does
 * while a node is busy with anything else.
 *
 *     64 KB ── the client takes them apart ──► the next 64 KB ── ... ── 10 ms ──► paused ── the next turn ──► resumed
 *
 * Whatever is read shows that the server lives. Its answer to a ping may wait behind seconds of messages, and both clients, which count nothing but
 * answers, would give the connection up.
 *
 * The public interface of the clients leads to none of this. If their inside looks different one day, they read and ping as they like.
 */
export class ClientSocket {
  #client: NatsClient | undefined;
  #socket: Socket | undefined;
  #bytes = 0;
  #begunAt = 0;
  #hasBegun = false;
  #isPaused = false;

  /** Follows the socket that the client uses now, in place of the one before. */
  follow(client: NatsClient): void {
    this.#client = client;
    const socket = peek(client, 'protocol', 'transport', 'socket');
    if (socket === this.#socket) return;
    this.release();
    if (!(socket instanceof Socket)) return;
    this.#socket = socket;
    // The client has a listener already, which puts the bytes aside and takes them apart after the last listener: a look at the clock
    // sees what the piece before has cost.
    socket.on('data', this.#onData);
  }

  /** Lets it read as Node.js does. */
  release(): void {
    this.#socket?.off('data', this.#onData);
    this.#resume();
    this.#socket = undefined;
  }

  /**
   * Destroys it, so that the client notices that its server does not answer any more. Both clients report `staleConnection` and then wait
   * until the dead socket has taken what they had still to write, which may take minutes; `reconnect()` waits in the same place.
   */
  destroy(): void {
    const transport = peek(this.#client, 'protocol', 'transport');
    const close = peek(transport, 'close');
    if (typeof close !== 'function') return;
    const closed: unknown = Reflect.apply(close, transport, [new Error('stale connection')]);
    Promise.resolve(closed).catch(() => undefined);
  }

  readonly #onData = ({ length }: Uint8Array): void => {
    this.#bytes += length;
    if (this.#bytes < PIECE_BYTES) return;
    if (!this.#hasBegun) this.#begin();
    else if (performance.now() - this.#begunAt > MOST_READING_MS) this.#pause();
  };

  /** The bytes may be of several turns: then it is a look too many at the clock for each 64 KB. */
  #begin(): void {
    this.#hasBegun = true;
    this.#begunAt = performance.now();
    this.#forgetPings();
    setImmediate(() => {
      this.#hasBegun = false;
      this.#bytes = 0;
      this.#resume();
    });
  }

  /** Those that were not answered yet. A client gives its connection up when there are too many. */
  #forgetPings(): void {
    const pings = peek(this.#client, 'protocol', 'heartbeats', 'pendings');
    if (Array.isArray(pings)) pings.length = 0;
  }

  #pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket?.resume();
  }
}
