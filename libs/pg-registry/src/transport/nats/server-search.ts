import { connect, type Socket } from 'node:net';
import { addressOf } from './server-urls';

/** The next server is tried when the one before has not answered for this long, or has refused. */
const STAGGER_MS = 50;

/**
 * Finds a server that can be reached, by TCP connections that are closed as soon as they are established.
 *
 * While a network is cut, packets vanish: a connection attempt repeats its first packet after 1, 3, 7 … seconds, so a
 * client that waits for it notices late that the cut is over. That is why each round starts new attempts and lets those of earlier rounds go on. Whole
 * NATS clients could not be raced like this: a client whose attempt came too late leaves its connection open, and takes what
 * happens to it later (a server closes a connection that says nothing) for the loss of the one in use.
 */
export class ServerSearch {
  readonly #sockets = new Set<Socket>();
  #onFound: ((server: string) => void) | undefined;
  /** Why the latest attempt failed. */
  failure: unknown = new Error('no answer');

  readonly #attemptTimeoutMs: number;

  constructor(attemptTimeoutMs: number) {
    this.#attemptTimeoutMs = attemptTimeoutMs;
  }

  /**
   * Tries every server once, in order. A server whose URL names no address counts as reached.
   *
   * @param ms How long the round lasts at least; it lasts longer if there are many servers.
   * @returns The first server that answers to this round or an earlier one; undefined if none does, or `signal` is aborted.
   */
  round(servers: readonly string[], ms: number, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const end = (server?: string): void => {
        clearTimeout(timer);
        clearTimeout(stagger);
        signal.removeEventListener('abort', abort);
        this.#onFound = undefined;
        resolve(server);
      };
      const abort = (): void => end();
      const timer = setTimeout(end, Math.max(ms, servers.length * STAGGER_MS));
      let stagger: NodeJS.Timeout | undefined;
      let next = 0;
      const tryNext = (): void => {
        clearTimeout(stagger);
        if (this.#onFound !== end || next >= servers.length) return;
        stagger = setTimeout(tryNext, STAGGER_MS);
        this.#try(servers[next++], tryNext);
      };
      signal.addEventListener('abort', abort);
      this.#onFound = end;
      tryNext();
    });
  }

  /** Ends every attempt that is still open. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #try(server: string, onRefused: () => void): void {
    const address = addressOf(server);
    if (address === undefined) return this.#onFound?.(server);
    const socket = connect(address);
    this.#sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#attemptTimeoutMs);
    socket.once('connect', () => {
      socket.destroy();
      this.#onFound?.(server);
    });
    socket.once('error', (error) => {
      this.failure = error;
      onRefused();
    });
    socket.once('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
  }
}
