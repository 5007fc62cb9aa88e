import {
  codeOfThrown,
  isError,
  messageOfThrown,
  nameOfThrown,
  stackOfThrown,
  TransportError,
} from '../../term';
import { safeCallback } from '../safe-callback';
import type { ConnectOptions } from '../transport';
import { peek } from './nats-client';
import type { NatsServerOptions } from './nats-options';

/** Options whose texts are no credentials, wherever they stand. All other texts among the options are taken for credentials. */
const PUBLIC_OPTIONS: ReadonlySet<string> = new Set([
  'servers',
  'client',
  'connection',
  'systemConnection',
  'secret',
  'name',
  'inboxPrefix',
  'servername',
  'host',
  'ca',
  'caFile',
  'cert',
  'certFile',
  'minVersion',
  'maxVersion',
  'ciphers',
  'ecdhCurve',
]);
/** Shorter texts are left alone: they stand in many words by chance, and replacing them would tell them. */
const SHORTEST = 4;
const DEEPEST = 4;
const HIDDEN = '***';

/**
 * Knows what was given to one transport as credentials, and keeps it out of every text that leaves the transport: messages of errors and of
 * their causes, stacks, warnings. The clients and Node.js put parts of what they were given into their errors.
 */
export class Credentials {
  readonly #texts = new Set<string>();

  /** Takes note of all credentials among the options of the transport, or of a client. */
  addAllIn(options: unknown): void {
    this.#addAllIn(options, DEEPEST);
  }

  #add(text: string): void {
    // An error may show the text as JSON or in a URL, or only one line of it.
    for (const line of [text, ...text.split(/\r?\n/)])
      for (const form of [line, line.trim(), JSON.stringify(line).slice(1, -1), encoded(line)])
        if (form.length >= SHORTEST) this.#texts.add(form);
  }

  /**
   * Returns the options for the client, in which functions that give credentials when the client asks are watched: what they give is noted,
   * what they throw is hidden.
   */
  watch({
    secret: _secret,
    systemConnection: _systemConnection,
    ...options
  }: NatsServerOptions): NatsServerOptions {
    const watched: Record<string, unknown> = {};
    for (const option of ['user', 'pass', 'token', 'authenticator'] as const) {
      const given: unknown = options[option];
      if (typeof given === 'function') watched[option] = this.#watched(option, given);
      else if (Array.isArray(given)) watched[option] = given.map((each) => this.#watched(option, each));
    }
    return { ...options, ...watched };
  }

  /** Returns the text with `***` in place of each credential. */
  hideIn(text: string): string {
    let hidden = text;
    // The longest first: one may be a part of another.
    for (const each of [...this.#texts].toSorted((a, b) => b.length - a.length))
      hidden = hidden.replaceAll(each, HIDDEN);
    return hidden;
  }

  /** Returns a copy of an error and of its causes without credentials. Of errors of others only name, message, code and stack remain. */
  copyOf(error: unknown, depth = DEEPEST): Error {
    const message = this.hideIn(messageOfThrown(error));
    const cause = peek(error, 'cause');
    const fields = cause === undefined || depth === 0 ? {} : { cause: this.copyOf(cause, depth - 1) };
    const copy =
      error instanceof TransportError ? new TransportError(message, fields) : new Error(message, fields);
    const stack = this.hideIn(stackOfThrown(error));
    if (stack !== '') copy.stack = stack;
    if (!(copy instanceof TransportError) && isError(error)) {
      const described = { name: this.hideIn(nameOfThrown(error)), code: this.hideIn(codeOfThrown(error)) };
      for (const [property, value] of Object.entries(described))
        if (value !== '')
          Object.defineProperty(copy, property, { value, configurable: true, writable: true });
    }
    return copy;
  }

  /** Returns the options of a node's connection with callbacks that get no credentials. */
  hiddenFrom(node: ConnectOptions): ConnectOptions {
    return {
      ...node,
      onStatus: (status) =>
        node.onStatus(
          status.type === 'closed' && status.error !== undefined
            ? { type: 'closed', error: this.copyOf(status.error) }
            : status,
        ),
      onError: (error) => safeCallback(node.onError, () => undefined)(this.copyOf(error)),
      onWarning: (message, kind) =>
        node.onWarning(this.hideIn(message), kind === undefined ? undefined : this.hideIn(kind)),
    };
  }

  #watched(option: string, given: unknown): unknown {
    if (typeof given !== 'function') return given;
    return (...args: readonly unknown[]): unknown => {
      let answer: unknown;
      try {
        answer = Reflect.apply(given, undefined, args);
      } catch (error) {
        // Its message may name anything, for example the file or seed that it could not read.
        const code = codeOfThrown(error);
        throw new TransportError(
          `Option '${option}' of natsTransport() threw ${nameOfThrown(error)}${code === '' ? '' : ` (${this.hideIn(code)})`}. ` +
            'Its message is not shown, because it may contain credentials.',
        );
      }
      this.#addAllIn(typeof answer === 'string' ? { answer } : answer, DEEPEST);
      return answer;
    };
  }

  /** The client of a given connection keeps its URLs as they were written. */
  #addAllInUrls(servers: unknown): void {
    for (const url of [servers].flat()) {
      const [, ofUrl = ''] = (typeof url === 'string' && /^(?:\w+:\/\/)?(.*)@/.exec(url)) || [];
      for (const text of ofUrl.split(':')) for (const form of [text, decoded(text)]) this.#add(form);
    }
  }

  #addAllIn(source: unknown, depth: number): void {
    if (typeof source !== 'object' || source === null || depth === 0) return;
    for (const [option, value] of Object.entries(source)) {
      if (option === 'servers') this.#addAllInUrls(value);
      if (option === 'user' && peek(source, 'pass') !== undefined) continue; // a name, often that of the node
      if (typeof value === 'string') {
        if (!PUBLIC_OPTIONS.has(option) || value.includes('PRIVATE KEY')) this.#add(value);
      } else if (value instanceof Uint8Array) {
        if (!PUBLIC_OPTIONS.has(option)) this.#add(Buffer.from(value).toString());
      } else if (!PUBLIC_OPTIONS.has(option)) this.#addAllIn(value, depth - 1);
    }
  }
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return ''; // It has half a character.
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
