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

/** The status code of a server's message that nobody is subscribed, and how its headers begin. */
const NO_RESPONDERS = 503;
const NO_RESPONDERS_LINE = /^NATS\/1\.0 503\b/;
const LINE_BYTES = 13;

/** Whether a message comes from the server and not from a node: nodes send no headers. */
export function isStatusMessage(message: NatsMessage): boolean {
  if (message.data.length > 0) return false;
  const bytes = unreadHeaders(message);
  return bytes === undefined ? message.headers !== undefined : bytes.length > 0;
}

/**
 * The headers of an empty message as both clients keep them. Reading `headers` makes a client compare each line with all before it, and
 * anybody who may publish to a node can write 150,000: minutes of processor time for one message. If the inside of a client looks
 * different one day, it reads them.
 */
function unreadHeaders(message: NatsMessage): Uint8Array | undefined {
  const bytes = peek(message, '_rdata');
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** Whether a status message says that nobody is subscribed. */
export function saysNoResponders(message: NatsMessage): boolean {
  const bytes = unreadHeaders(message);
  return bytes === undefined
    ? message.headers?.code === NO_RESPONDERS
    : NO_RESPONDERS_LINE.test(String.fromCharCode(...bytes.subarray(0, LINE_BYTES)));
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
