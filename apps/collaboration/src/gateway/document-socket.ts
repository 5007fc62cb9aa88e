import type { RawData, WebSocket } from 'ws';
import { MAX_WAITING_BYTES, SLOW_CLOSE_MS } from '../documents/limits';
import { CloseCode } from './close-codes';
import { type ClientMessage, ProtocolError, readMessage, UpdateTooLargeError } from './sync-protocol';

/** The longest reason of a close frame, in bytes. `ws` throws for a longer one. */
const MAX_REASON_BYTES = 123;

/** The socket of one browser, with its bounds. Speaks for one document. */
export class DocumentSocket {
  readonly #socket: WebSocket;
  #onMessage: ((message: ClientMessage) => void) | undefined;
  #onEnd: (() => void) | undefined;
  /** What has come while nobody was there to hear it. */
  #unheard: ClientMessage[] = [];
  #isAnswering = true;
  /** Waiting bytes that are no fault of the reader: those of the last sync. */
  #allowance = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#received(data, isBinary));
    socket.on('pong', () => (this.#isAnswering = true));
    // The socket is closed after an error; `close` follows.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Calls back with each message from now on, and at once with those that were kept. The listener before gets no more. */
  onMessage(receive: (message: ClientMessage) => void): void {
    const unheard = this.#unheard;
    this.#unheard = [];
    this.#onMessage = receive;
    for (const message of unheard) receive(message);
    this.resume();
  }

  /** Keeps what has arrived, and reads no more, until somebody else listens. */
  keepMessages(): void {
    this.pause();
    this.#onMessage = (message) => this.#unheard.push(message);
  }

  /** Calls back when the connection is gone. */
  onClose(closed: () => void): void {
    if (this.#socket.readyState === this.#socket.CLOSED) closed();
    else this.#socket.once('close', closed);
  }

  /** Calls back, perhaps at once, when nothing more is said: the connection is gone, or this node has begun to close it, which takes its time. */
  onEnd(ended: () => void): void {
    if (!this.isOpen) return ended();
    this.#onEnd = ended;
    this.onClose(() => this.#end());
  }

  /** Sends a frame, and closes the socket of a browser that does not read what it gets. */
  send(frame: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES + this.#allowance) {
      this.close(
        CloseCode.SlowReader,
        'This client reads too slowly. Connect again to get the present state.',
      );
      return;
    }
    this.#socket.send(frame);
  }

  /** Sends the whole of a document or of what a browser lacks, which may be much. */
  sendSync(frame: Uint8Array): void {
    this.send(frame);
    this.#allowance = frame.length;
  }

  /** Stops reading, so that the browser's own buffers fill instead of this node's. */
  pause(): void {
    if (this.isOpen) this.#socket.pause();
  }

  resume(): void {
    if (this.isOpen) this.#socket.resume();
  }

  close(code: CloseCode, reason: string): void {
    // A browser that does not read cannot answer the close frame either. One that is only slow reads what waits before it, and learns why.
    if (code === CloseCode.SlowReader) setTimeout(() => this.#socket.terminate(), SLOW_CLOSE_MS).unref();
    this.#onMessage = undefined;
    this.resume();
    this.#socket.close(code, fitting(reason));
    this.#end();
  }

  /** Asks whether somebody is there, and ends the socket if nobody has answered the last time. */
  probe(): void {
    // Nobody reads the answer of a socket that is paused.
    if (this.#socket.isPaused) return;
    if (!this.#isAnswering) return this.#socket.terminate();
    this.#isAnswering = false;
    this.#socket.ping();
  }

  #end(): void {
    const ended = this.#onEnd;
    this.#onEnd = undefined;
    ended?.();
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#onMessage === undefined) return;
    try {
      if (!isBinary) throw new ProtocolError('The messages of y-websocket are binary.');
      this.#onMessage(readMessage(bytesOf(data)));
    } catch (error) {
      if (error instanceof UpdateTooLargeError) return this.close(CloseCode.TooLarge, error.message);
      if (!(error instanceof ProtocolError)) throw error;
      this.close(CloseCode.BadMessage, error.message);
    }
  }
}

/** Cuts a reason so that it fits into a close frame: it may quote what a browser has sent, in any script. */
function fitting(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  // In a stream the decoder keeps back a character that was cut.
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
