import { connect, type Socket } from 'node:net';
import { addressOf } from './server-urls';

/** The next server is tried when the one before has not answered for this long, or has refused. */
const STAGGER_MS = 50;

/**
 * Finds out which server can be reached, by TCP connections that are given up as soon as they are made.
 *
 * While a network is cut, packets vanish: a connection that is being made repeats its first packet after 1, 3, 7 … seconds, and
 * whoever waits for it notices late that the cut is over. So a new one is begun in every round, and those of earlier rounds go on
 * beside it. A whole client could not be tried like that: the clients leave a connection that came too late open, and what
 * happens to it later (a server closes it that has not heard from it in time) they take for the loss of the one in use.
 */
export class Knocker {
  readonly #sockets = new Set<Socket>();
  #onAnswer: ((server: string) => void) | undefined;
  /** Why the latest knock found nobody. */
  failure: unknown = new Error('no answer');

  readonly #lifeMs: number;

  /** @param lifeMs How long one knock waits. */
  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /**
   * Knocks at every server, in their order. A server whose URL names no address counts as reached.
   *
   * @param ms How long the round lasts, at least; longer if there are so many servers.
   * @returns The first server that answers to this round or an earlier one; undefined if none does, or `signal` is aborted.
   */
  round(servers: readonly string[], ms: number, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const end = (server?: string): void => {
        clearTimeout(timer);
        clearTimeout(stagger);
        signal.removeEventListener('abort', abort);
        this.#onAnswer = undefined;
        resolve(server);
      };
      const abort = (): void => end();
      const timer = setTimeout(end, Math.max(ms, servers.length * STAGGER_MS));
      let stagger: NodeJS.Timeout | undefined;
      let next = 0;
      const knockAtNext = (): void => {
        clearTimeout(stagger);
        if (this.#onAnswer !== end || next >= servers.length) return;
        stagger = setTimeout(knockAtNext, STAGGER_MS);
        this.#knock(servers[next++], knockAtNext);
      };
      signal.addEventListener('abort', abort);
      this.#onAnswer = end;
      knockAtNext();
    });
  }

  /** Gives up every knock that is under way. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #knock(server: string, onRefused: () => void): void {
    const address = addressOf(server);
    if (address === undefined) return this.#onAnswer?.(server);
    const socket = connect(address);
    this.#sockets.add(socket);
    const life = setTimeout(() => socket.destroy(), this.#lifeMs);
    socket.once('connect', () => {
      socket.destroy();
      this.#onAnswer?.(server);
    });
    socket.once('error', (error) => {
      this.failure = error;
      onRefused();
    });
    socket.once('close', () => {
      clearTimeout(life);
      this.#sockets.delete(socket);
    });
  }
}
