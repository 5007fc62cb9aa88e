import { boundedText } from '../../term';

/** What a server says of itself when a client connects. */
export interface NatsServerInfo {
  readonly server_id: string;
  readonly max_payload: number;
  readonly version?: string | undefined;
  readonly server_name?: string | undefined;
  /** The name of its cluster, if it belongs to one. */
  readonly cluster?: string | undefined;
  /** Whether it keeps JetStream itself. */
  readonly jetstream?: boolean | undefined;
}

/**
 * The part of a connection of `nats` 2 and of `@nats-io/transport-node` 3 that this library uses. Their own types cannot be
 * assigned to each other. Members use method syntax, so that the narrower parameters of each client are accepted.
 */
export interface NatsClient {
  /** The connected server. Undefined once closed. */
  readonly info?: NatsServerInfo | undefined;
  /** Both clients send the result of the method `encode` of the headers; their types do not say so. */
  publish(subject: string, payload?: Uint8Array, options?: { reply?: string; headers?: object }): void;
  subscribe(
    subject: string,
    options?: { callback?(error: Error | null, message: NatsMessage): void },
  ): { unsubscribe(): void };
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Resolves when closed, with the error if there is one. */
  closed(): Promise<void | Error>;
  isClosed(): boolean;
  status(): AsyncIterable<{ readonly type: string }>;
  getServer(): string;
}

/** One delivered message. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply?: string | undefined;
  readonly headers?: { readonly code: number } | undefined;
}

/** The status code of a server's message that nobody is subscribed. */
export const NO_RESPONDERS = 503;

/** Whether a message comes from the server and not from a node: nodes send no headers. */
export function isStatusMessage(message: NatsMessage): boolean {
  return message.data.length === 0 && message.headers !== undefined;
}

/**
 * What a message contains, as a plain Uint8Array. Clients give a Buffer, whose own `slice` copies nothing: a part that is kept would keep all
 * that the client has read with it, up to 64 KB.
 */
export function contentOf({ data }: NatsMessage): Uint8Array {
  return data.constructor === Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Whether a value looks like a connection of either client. */
export function isNatsClient(value: unknown): value is NatsClient {
  const methods = ['publish', 'subscribe', 'flush', 'close', 'closed', 'isClosed', 'status'];
  return methods.every((method) => typeof peek(value, method) === 'function');
}

/** Describes an error of the client, without the stack that some versions put into the message. */
export function reasonOf(error: unknown): string {
  const message = peek(error, 'message');
  const code = peek(error, 'code');
  const text = (typeof message === 'string' && message !== '' ? message : boundedText(error)).replace(
    /\n.*/s,
    '',
  );
  return typeof code === 'string' && code !== text ? `${text} (${code})` : text;
}

/** Reads a property of any value, or undefined: for what the clients have but do not declare, or declare differently. */
export function peek(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}
