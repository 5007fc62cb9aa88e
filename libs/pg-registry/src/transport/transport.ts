/**
 * How the node of a cluster reaches the others: bytes in, bytes out, over subjects.
 *
 * What every transport promises, and the contract suite proves of each:
 * - messages of one connection reach one subscription in the order of their publication;
 * - each arrives at most once, and nothing tells when one is lost;
 * - delivery is asynchronous: nothing arrives inside the call that published it;
 * - bytes given to `publish` belong to the transport from then on, bytes delivered belong to their receiver: nobody shares
 *   memory with anybody;
 * - a request to a subject without a subscriber ends as `no-responders`.
 */
export interface Transport {
  /** What kind of transport this is, for logs and statistics: `'local'`, `'nats'`. */
  readonly kind: string;
  /**
   * Connects one node. A transport that was given an open connection serves one node at a time.
   *
   * @throws TransportError when there is no connection after `timeoutMs`, or there can never be one; it names the servers
   *   and the reason. Nothing is left open.
   */
  connect(options: ConnectOptions): Promise<Connection>;
}

/** What a node says when it connects. None of the callbacks may throw; what they throw nevertheless is dropped. */
export interface ConnectOptions {
  /** The node's name, for the broker's list of connections and for messages. */
  readonly node: string;
  /** The wildcard subject below which every `reply` of this node's requests lies: `pgr.<ns>.reply.<node>.>`. */
  readonly replies: string;
  /** How long connecting may take. */
  readonly timeoutMs: number;
  /** Every change after `connect` has resolved; the first connection is not reported. */
  readonly onStatus: (status: ConnectionStatus) => void;
  /**
   * The broker says that the connection of another node has closed. A hint and no more: it may be back already. Few
   * transports know.
   */
  readonly onGone?: (node: string) => void;
  /** A subscriber threw, or the broker refused something (a permission, a message that is too large). For the log. */
  readonly onError: (error: Error) => void;
  /** Something works, but not as well as it could, for example with the options of a given connection. For the log. */
  readonly onWarning: (message: string) => void;
}

/** A change of a connection. After `closed`, which is final, nothing comes any more. */
export type ConnectionStatus =
  /** Connected again, perhaps to another server. Subscriptions are in place again; messages in between are lost. */
  | { readonly type: 'connected'; readonly serverId: string }
  /** Not connected; the transport is trying. Publishes are dropped until `connected`. */
  | { readonly type: 'disconnected' }
  /** Ended by the broker, by the connection's owner or by a failure; not reported after the node's own `close()`. */
  | { readonly type: 'closed'; readonly error?: Error };

/** The connection of one node. No method throws, whatever the state of the broker. */
export interface Connection {
  /** False from `disconnected` to `connected`, and for ever after `closed`. */
  readonly isConnected: boolean;
  /** The server to which the node is attached now, or was last. Equal ids mean the same server. */
  readonly serverId: string;
  /** Bytes that one message may have. */
  readonly maxPayload: number;
  /** Messages that were dropped because the node was not connected. */
  readonly dropped: number;

  /**
   * Sends, and forgets. Dropped and counted while not connected; reported to `onError` if it is too large. The caller does
   * not write into `bytes` again: clients keep a reference until the turn of the event loop is over.
   */
  publish(subject: string, bytes: Uint8Array, reply?: string): void;

  /**
   * Delivers everything published to a subject, which may have the wildcards `*` (one token) and `>` (the rest).
   * Subscriptions live through reconnects. Await {@link flush} to know that the broker knows of it.
   *
   * A message of this connection itself may come back or not: both are right.
   */
  subscribe(subject: string, onMessage: OnMessage): Subscription;

  /**
   * Sends, and reports exactly once how it ended: the first answer, `no-responders` as soon as the broker says that nobody
   * is subscribed to the subject, or `timeout`. A request that is caught in the moment in which its receiver dies only
   * times out. Closing ends every open request as `timeout`, at once. An open request never keeps the Node.js process alive:
   * whoever awaits an answer keeps a timer of its own.
   *
   * @param options.reply The subject of the answer, below the node's `replies` and unique for ever.
   * @param options.timeoutMs Infinity: the caller keeps the time itself, and cancels.
   */
  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest;

  /**
   * Resolves when the broker has taken everything that was published and subscribed before: the only back-pressure there is.
   *
   * @throws TransportError when the connection is or gets lost before; what was published may be lost.
   */
  flush(): Promise<void>;

  /**
   * Ends every subscription and request, and the connection, unless it was given from outside. Idempotent. Does not wait
   * for what was published: {@link flush} first.
   */
  close(): Promise<void>;
}

/** Receives one message. `reply` is `''` if no answer is expected. What it throws goes to `onError`. */
export type OnMessage = (subject: string, bytes: Uint8Array, reply: string) => void;

/** One subscription of a connection. */
export interface Subscription {
  /** Ends delivery at once: messages that have arrived already are not delivered any more. Idempotent. */
  unsubscribe(): void;
}

/** A request that may not have ended yet. */
export interface PendingRequest {
  /** Ends it without an outcome. Idempotent. */
  cancel(): void;
}

/** How a request ended. */
export type RequestOutcome =
  | { readonly type: 'answer'; readonly subject: string; readonly bytes: Uint8Array }
  | { readonly type: 'no-responders' }
  | { readonly type: 'timeout' };
