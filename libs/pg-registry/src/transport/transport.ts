import type { LeaseStore, LeaseStoreOptions } from '../names/lease-store';
import type { ServiceFacts } from './service-description';

/**
 * How a node reaches the other nodes of its cluster: bytes in, bytes out, over subjects.
 *
 * Every transport makes these promises, and the contract suite tests them:
 * - messages of one connection reach one subscription in the order of their publication;
 * - each message arrives at most once, and nobody is told when one is lost;
 * - delivery is asynchronous: nothing arrives inside the call that published it;
 * - bytes given to `publish` belong to the transport from then on, and delivered bytes belong to their receiver: sender and
 *   receivers share no memory;
 * - a request to a subject without a subscriber ends as `no-responders`.
 */
export interface Transport {
  /** What kind of transport this is, for logs and statistics: `'local'`, `'nats'`. */
  readonly kind: string;
  /**
   * Connects one node. A transport that was given an open connection serves one node at a time.
   *
   * @throws TransportError when there is no connection after `timeoutMs`, there can never be one, the broker refuses what the
   *   node `needs`, or `signal` is aborted; it names the servers and the reason. Nothing is left open.
   */
  connect(options: ConnectOptions): Promise<Connection>;
}

/** The options of a node's connection. The callbacks must not throw; what they throw is dropped. */
export interface ConnectOptions {
  /** The node's name, for the broker's list of connections and for messages. */
  readonly node: string;
  /** The wildcard subject that covers every `reply` of this node's requests: `pgr.<ns>.reply.<node>.>`. */
  readonly replies: string;
  /** How long connecting may take. */
  readonly timeoutMs: number;
  /** Ends the attempt to connect when it is aborted. Default: nothing does. */
  readonly signal?: AbortSignal;
  /** What the broker must allow the node, or `connect` rejects. Default: nothing is checked. */
  readonly needs?: ConnectionNeeds;
  /** Called at every change after `connect` has resolved; not for the first connection. */
  readonly onStatus: (status: ConnectionStatus) => void;
  /** Called when nobody is subscribed where a message with this reply subject was published, unless it was a request. */
  readonly onNoResponders?: (reply: string) => void;
  /**
   * Called when the broker reports that the connection of another node has closed. Only a hint, because that node may have
   * reconnected already. Few transports support it.
   */
  readonly onGone?: (node: string) => void;
  /**
   * Called when the broker does not permit a message to a subject. Returns true if the node works without that permission: the refusal
   * is then neither reported to `onError` nor a `problem`. Default: it is both.
   */
  readonly onRefused?: (subject: string) => boolean;
  /** Called when a subscriber threw, or the broker refused something (a permission, a message that is too large). For the log. */
  readonly onError: (error: Error) => void;
  /**
   * Called when something works, but not as well as it could, for example with the options of a given connection. For the log.
   *
   * @param kind Messages of one kind share the log's limit of one line per interval. Default: the message itself.
   */
  readonly onWarning: (message: string, kind?: string) => void;
  /** What the node tells tools about itself, on a transport that lets tools ask. Default: nothing. */
  readonly service?: ServiceFacts | undefined;
  /**
   * Stands between this connection and the receivers of its messages: the callback of every subscription, and the one that takes the
   * answers to requests, goes through it. A message that it does not hand on counts as never received; a request that it seemed to
   * answer goes on. Default: every message is handed on.
   */
  readonly screen?: ((onMessage: OnMessage) => OnMessage) | undefined;
}

/** What a node needs of its broker. */
export interface ConnectionNeeds {
  /** Subjects to which it must be permitted to publish. An empty message is sent to each, so nobody must listen there. */
  readonly publish: readonly string[];
  /** Subjects, with wildcards, to which it must be permitted to subscribe, all at one time. */
  readonly subscribe: readonly string[];
  /** How large a message it must be able to send, in bytes. */
  readonly maxPayload: number;
}

/** A change of a connection. `closed` is final. */
export type ConnectionStatus =
  /** The connection is back, perhaps to another server. Subscriptions are in place again; messages in between are lost. */
  | { readonly type: 'connected'; readonly serverId: string }
  /** The connection is lost, and the transport tries to reconnect. Messages are dropped until `connected`. */
  | { readonly type: 'disconnected' }
  /** The broker takes larger or smaller messages from now on; see `maxPayload` of the connection. */
  | { readonly type: 'max-payload' }
  /** The broker, the connection's owner or a failure has ended the connection. Not reported after the node's own `close()`. */
  | { readonly type: 'closed'; readonly error?: Error };

/** The connection of one node. No method throws, whatever the state of the broker. */
export interface Connection {
  /** False from `disconnected` until `connected`, and always after `closed`. */
  readonly isConnected: boolean;
  /** The id of the server to which the node is connected, or was last. Equal ids mean the same server. */
  readonly serverId: string;
  /** Where the node is connected, or was last, for people: `127.0.0.1:4222`. */
  readonly server: string;
  /** The largest size of a message, in bytes. The broker may change it; `onStatus` tells. */
  readonly maxPayload: number;
  /**
   * What is wrong with the connection, as part of a sentence: why it is not back yet, or what the broker refuses the node.
   * Undefined while nothing is known to be wrong.
   */
  readonly problem?: string | undefined;
  /** The number of messages that came to the subjects of answers and ended no request. */
  readonly strayAnswers: number;
  /** The number of messages that were not sent: the node was not connected, or they were too large. */
  readonly dropped: number;
  /** What is on its way to the broker. Undefined: the transport does not count it. */
  readonly outgoing?: Outgoing | undefined;
  /** How many messages were refused, by reason. Undefined: the transport verifies nothing. */
  readonly refused?: RefusedMessages | undefined;

  /**
   * Sends a message. A `reply` below the node's `replies` is reported to `onNoResponders` if nobody is subscribed. It is dropped and counted while the node is not connected, and reported to `onError` if it is too large. Do
   * not write into `bytes` again: clients keep a reference until the turn of the event loop is over.
   */
  publish(subject: string, bytes: Uint8Array, reply?: string): void;

  /**
   * Delivers everything published to a subject, which may have the wildcards `*` (one token) and `>` (the rest).
   * Subscriptions survive reconnects. Await {@link flush} to be sure that the broker has it. The connection's own messages may
   * be delivered to it or not.
   */
  subscribe(subject: string, onMessage: OnMessage): Subscription;

  /**
   * Sends a request, and reports how it ended: with an answer that `onOutcome` accepts, with `no-responders` as soon as the broker
   * reports that nobody is subscribed to the subject, or with `timeout`. Whatever else comes to the subject of the answer is reported,
   * and the request goes on: a stream that keeps all messages acknowledges each, and others may publish there. Race: a request that reaches its receiver just before that dies
   * times out. Closing ends every open request as `timeout`, at once. An open request never keeps the Node.js process alive:
   * code that awaits an answer keeps a timer of its own.
   *
   * @param options.reply The subject of the answer, below the node's `replies` and unique for ever.
   * @param options.timeoutMs Infinity: no time limit; the caller cancels the request.
   * @param onOutcome Returns true to accept an answer. What it returns for another outcome does not matter.
   */
  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: OnOutcome,
  ): PendingRequest;

  /**
   * Resolves when the broker has taken every message and subscription from before. Large answers wait by {@link outgoing} as well.
   *
   * @throws TransportError if the connection is lost before; what was published may be lost.
   */
  flush(): Promise<void>;

  /**
   * Opens the store of this namespace's lease records, which cluster names need. Asks the broker for nothing yet: the store does at
   * its first request. It ends with the connection. Undefined: this transport has none.
   */
  readonly leaseStore?: ((options: LeaseStoreOptions) => LeaseStore) | undefined;

  /**
   * Ends every subscription and request, and closes the connection unless it was given from outside. Idempotent. Does not wait
   * for messages that were published: await {@link flush} first.
   */
  close(): Promise<void>;
}

/** What was published, and the broker has not confirmed. */
export interface Outgoing {
  /** Its bytes. */
  readonly bytes: number;
  /** How often it was so much that what can wait had to. */
  readonly congestions: number;
  /**
   * While so much is on its way that what can wait should: a promise of the end of that, also by the loss of the connection. It never rejects.
   * Otherwise undefined. Cheap: it is asked before each message.
   */
  congestion(): Promise<void> | undefined;
}

/** How many messages a transport has refused since the connection was made, by reason. */
export type RefusedMessages = Readonly<Record<string, number>>;

/** Handles one message. `reply` is `''` if no answer is expected. What it throws goes to `onError`. */
export type OnMessage = (subject: string, bytes: Uint8Array, reply: string) => void;

/** Hears what comes of a request. Returns true to accept an answer: the request ends then. What it throws goes to `onError`. */
export type OnOutcome = (outcome: RequestOutcome) => unknown;

/** One subscription of a connection. */
export interface Subscription {
  /** Ends the subscription at once: messages that have arrived already are not delivered any more. Idempotent. */
  unsubscribe(): void;
}

/** A request that may not have ended yet. */
export interface PendingRequest {
  /** Cancels the request: no outcome is reported. Idempotent. */
  cancel(): void;
}

/** How a request ended. */
export type RequestOutcome =
  | { readonly type: 'answer'; readonly subject: string; readonly bytes: Uint8Array }
  | { readonly type: 'no-responders' }
  | { readonly type: 'timeout' };
