import { AsyncLocalStorage } from 'node:async_hooks';
import * as diagnostics from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { peek } from '../nats-client';

/** On this channel Node.js tells of each socket that is about to connect. */
const CHANNEL = 'net.client.socket';

/**
 * Knows the sockets that a piece of work opens, so that they can be destroyed when it fails. A NATS client whose attempt to connect
 * timed out leaves its socket open until the server speaks or the system gives up, which takes minutes and keeps the Node.js process
 * alive; and nothing leads from outside to that socket.
 */
export class OpenedSockets {
  readonly #context = new AsyncLocalStorage<true>();
  readonly #sockets = new Set<Socket>();
  #isDestroyed = false;

  readonly #onSocket = (message: unknown): void => {
    const socket = peek(message, 'socket');
    if (this.#context.getStore() !== true || !(socket instanceof Socket)) return;
    // Later, because it is connected only after this call, which would bring a destroyed one back to life.
    if (this.#isDestroyed) setImmediate(() => socket.destroy());
    else this.#sockets.add(socket);
  };

  /** Does the work, and notes which sockets it opens until it has ended. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    diagnostics.subscribe(CHANNEL, this.#onSocket);
    try {
      return await this.#context.run(true, work);
    } finally {
      diagnostics.unsubscribe(CHANNEL, this.#onSocket);
      this.#context.disable();
    }
  }

  /** Destroys the sockets that were opened, and those that the work opens later. */
  destroy(): void {
    this.#isDestroyed = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
