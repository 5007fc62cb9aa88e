import type { ConnectFailure } from './connect-failure';
import { SearchAttempt } from './search-attempt';
import { addressOf } from './server-urls';

/** The next server is tried when the one before has not answered for this long, or has refused. */
const STAGGER_MS = 50;
/** How much longer to listen to a server that greeted before, and then was of no use. It may say why. */
const LISTEN_MS = 50;
/** One attempt for each server may take this many times as long as the others: it finds a server at the end of a slow line. */
const PATIENCE = 10;

/** A server that can be reached. */
export interface FoundServer {
  readonly server: string;
  /** How long it took to greet, in milliseconds. */
  readonly greetedAfterMs: number;
}

/** What a search is given. */
export interface ServerSearchDeps {
  /** How long an attempt may take. */
  readonly attemptTimeoutMs: number;
  /** Whether servers speak first. They do, unless TLS begins before anything else. */
  readonly isGreeted: boolean;
  /** Whether a server that greets as a member of this cluster may be used. */
  readonly accepts: (server: string, cluster: string | undefined) => boolean;
}

/**
 * Finds a server that can be reached and speaks, by connections that are closed as soon as the server has sent its first line.
 *
 * A connection alone proves nothing: the system accepts it for a server that is frozen. While a network is cut, packets vanish: a
 * connection attempt repeats its first packet after 1, 3, 7 … seconds, so a client
 * that waits for it notices late that the cut is over. That is
 * why each round starts new attempts and lets those of earlier rounds go on. Whole NATS clients could not be raced like this: a client
 * whose attempt came too late leaves its connection open, and takes what happens to it later (a server closes a connection that
 * says nothing) for the loss of the one in use.
 */
export class ServerSearch {
  readonly #attempts = new Set<SearchAttempt>();
  /** Servers to which a patient attempt is under way. */
  readonly #patient = new Set<string>();
  /** Servers that greeted, but a client could not connect to them. */
  readonly #doubted = new Set<string>();
  #onFound: ((found: FoundServer) => void) | undefined;
  /** Why the latest attempt failed. */
  failure: ConnectFailure | undefined;

  readonly #deps: ServerSearchDeps;

  constructor(deps: ServerSearchDeps) {
    this.#deps = deps;
  }

  /**
   * Tries every server once, in order. A server whose URL names no address counts as found.
   *
   * @param ms How long the round lasts at least; it lasts longer if there are many servers.
   * @returns The first server that answers to this round or an earlier one; undefined if none does, or `signal` is aborted.
   */
  round(servers: readonly string[], ms: number, signal: AbortSignal): Promise<FoundServer | undefined> {
    return new Promise((resolve) => {
      const end = (found?: FoundServer): void => {
        clearTimeout(timer);
        clearTimeout(stagger);
        signal.removeEventListener('abort', abort);
        this.#onFound = undefined;
        resolve(found);
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

  /** A client could not connect to a server that was found. From now on it is found only if it says nothing bad after its greeting. */
  doubt(failure: ConnectFailure): void {
    this.failure = failure;
    this.#doubted.add(failure.server);
  }

  /** Ends every attempt that is still open. */
  close(): void {
    for (const attempt of this.#attempts) attempt.end();
  }

  /** Whether the latest failure is something that this server said. */
  #hasSpoken(server: string): boolean {
    const { failure } = this;
    return failure?.server === server && failure.kind !== 'no-answer' && failure.kind !== 'silent';
  }

  #try(server: string, onRefused: () => void): void {
    const address = addressOf(server);
    if (address === undefined) return this.#onFound?.({ server, greetedAfterMs: 0 });
    const { attemptTimeoutMs, isGreeted, accepts } = this.#deps;
    const isPatient = !this.#patient.has(server);
    if (isPatient) this.#patient.add(server);
    const attempt = new SearchAttempt({
      server,
      address,
      timeoutMs: isPatient ? attemptTimeoutMs * PATIENCE : attemptTimeoutMs,
      isGreeted,
      listenMs: this.#doubted.has(server) ? LISTEN_MS : 0,
      accepts,
      onFound: (greetedAfterMs) => this.#onFound?.({ server, greetedAfterMs }),
      onFailure: (failure, isFinal) => {
        // Race: the time is up when the last connection was just accepted, before the server could say again what it said before.
        if (isFinal || !this.#hasSpoken(server)) this.failure = failure;
        if (isFinal) onRefused();
      },
      onClose: () => {
        this.#attempts.delete(attempt);
        if (isPatient) this.#patient.delete(server);
      },
    });
    this.#attempts.add(attempt);
  }
}
