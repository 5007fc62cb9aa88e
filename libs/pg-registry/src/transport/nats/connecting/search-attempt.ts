import { connect, type Socket } from 'node:net';
import { LONGEST_TIMER_MS } from '../../../term';
import { type ConnectFailure, failureOf } from './connect-failure';
import { GreetingReader } from './server-greeting';

/** What one attempt of a search is given. */
export interface SearchAttemptDeps {
  readonly server: string;
  readonly address: { readonly host: string; readonly port: number };
  /** After this many milliseconds the attempt ends. It has failed only if the server has said nothing on its connection. */
  readonly timeoutMs: number;
  /** Whether the server speaks first; else a connection is enough. */
  readonly isGreeted: boolean;
  /** How many milliseconds to listen on after the greeting: a server that takes no more connections says so only then. */
  readonly listenMs: number;
  /** Whether a server that greets as a member of this cluster may be used. */
  readonly accepts: (server: string, cluster: string | undefined) => boolean;
  /** Called once at most, with the milliseconds that the server took. */
  readonly onFound: (afterMs: number) => void;
  /** Called when the attempt has failed; also when a connection is there and silent, which may still change. */
  readonly onFailure: (failure: ConnectFailure, isFinal: boolean) => void;
  /** Called once, at the end. */
  readonly onClose: () => void;
}

/** One connection to a server, to see whether it is there and speaks. It is closed as soon as that is known. */
export class SearchAttempt {
  readonly #begunAt = performance.now();
  readonly #reader = new GreetingReader();
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #isConnected = false;
  #foundAfterMs: number | undefined;
  #listening: NodeJS.Timeout | undefined;

  readonly #deps: SearchAttemptDeps;

  constructor(deps: SearchAttemptDeps) {
    this.#deps = deps;
    const { address, server, timeoutMs, onFailure } = deps;
    const socket = connect(address);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#timedOut(), Math.min(timeoutMs, LONGEST_TIMER_MS));
    socket.once('connect', () => this.#connected());
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.once('error', (cause) =>
      onFailure({ kind: this.#isConnected ? 'silent' : 'no-answer', server, cause }, true),
    );
    socket.once('close', () => this.#closed());
  }

  /** Ends the attempt, whatever it has found. */
  end(): void {
    this.#socket.destroy();
  }

  #connected(): void {
    const { server, isGreeted, onFailure } = this.#deps;
    this.#isConnected = true;
    if (!isGreeted) return this.#found();
    onFailure(silent(server), false);
  }

  #timedOut(): void {
    const { server, isGreeted, onFailure } = this.#deps;
    this.end();
    if (this.#isConnected && isGreeted && this.#foundAfterMs === undefined) onFailure(silent(server), true);
  }

  #read(bytes: Uint8Array): void {
    const { server, isGreeted, listenMs, accepts } = this.#deps;
    const greeting = isGreeted ? this.#reader.read(bytes) : undefined;
    if (greeting === undefined) return;
    if (greeting.type === 'refusal') return this.#fail(greeting.reason);
    if (!accepts(server, greeting.cluster))
      return this.#fail('a server of another cluster listens there now');
    if (listenMs === 0) return this.#found();
    this.#foundAfterMs ??= performance.now() - this.#begunAt;
    this.#listening ??= setTimeout(() => this.#found(), listenMs);
  }

  #found(): void {
    this.end();
    this.#deps.onFound(this.#foundAfterMs ?? performance.now() - this.#begunAt);
  }

  #fail(reason: string): void {
    this.end();
    this.#deps.onFailure(failureOf(this.#deps.server, new Error(reason)), true);
  }

  #closed(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#listening);
    this.#deps.onClose();
  }
}

function silent(server: string): ConnectFailure {
  return { kind: 'silent', server, cause: new Error('no INFO was received') };
}
