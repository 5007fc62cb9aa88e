import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { LeaseStore, LeaseStoreOptions } from '../../names/lease-store';
import { quoteText } from '../../term';
import type {
  Connection,
  ConnectionNeeds,
  ConnectOptions,
  OnMessage,
  OnOutcome,
  Outgoing,
  PendingRequest,
  RefusedMessages,
  Subscription,
  Transport,
} from '../transport';
import type { MessageMac } from './message-mac';
import { ReplayWindow } from './replay-window';
import { type SharedSecret, sharedSecret, type SharedSecretOptions } from './shared-secret';
import {
  isSigned,
  macOffset,
  readSignedMessage,
  SESSION_BYTES,
  signatureBytes,
  type SignedMessage,
  unsignedMessage,
} from './signed-message';

/** Why a message was refused. */
export type Refusal =
  /** It is not signed: its sender has no secret. */
  | 'unsigned'
  /** It is cut off, or of a form that this version does not know. */
  | 'malformed'
  /** It is signed with a key that is not in `keys`. */
  | 'unknown-key'
  /** Its MAC is wrong: another key of that id, or it was changed or moved to another subject. */
  | 'forged'
  /** It came before. */
  | 'replayed'
  /** It is the first of its sender here, and its time differs too much from this node's clock. */
  | 'out-of-time';

/**
 * Signs every message that nodes send over a transport, and refuses every message that is not signed with the secret, was signed for
 * another subject, or has come before. Refused messages are counted in {@link Connection.refused} and reported as warnings, one kind for each
 * reason.
 *
 * @param now Milliseconds since 1970. Default: the clock of the machine.
 * @throws InvalidOptionError naming what is wrong with the secret.
 */
export function withSharedSecret(
  transport: Transport,
  options: SharedSecretOptions,
  now: () => number = Date.now,
): Transport {
  const secret = sharedSecret(options);
  return {
    kind: transport.kind,
    connect: async (node) => {
      const check = new MessageCheck(secret, node, now);
      const connection = await transport.connect({
        ...node,
        ...(node.needs && { needs: withRoomForSignature(node.needs, secret) }),
        screen: check.screen,
      });
      return new SignedConnection(connection, secret, check.refused, now);
    },
  };
}

function withRoomForSignature(needs: ConnectionNeeds, { signWith }: SharedSecret): ConnectionNeeds {
  return { ...needs, maxPayload: needs.maxPayload + signatureBytes(signWith) };
}

/** Lets only messages through that a holder of the secret has signed for where they arrive. */
class MessageCheck {
  readonly refused: Record<Refusal, number> = {
    unsigned: 0,
    malformed: 0,
    'unknown-key': 0,
    forged: 0,
    replayed: 0,
    'out-of-time': 0,
  };
  readonly #window: ReplayWindow;

  readonly #secret: SharedSecret;
  readonly #options: ConnectOptions;
  readonly #now: () => number;

  constructor(secret: SharedSecret, options: ConnectOptions, now: () => number) {
    this.#secret = secret;
    this.#options = options;
    this.#now = now;

    this.#window = new ReplayWindow(secret.maxClockDifferenceMs, now);
  }

  /** A field, because it is passed on as a function. */
  readonly screen = (onMessage: OnMessage): OnMessage => {
    return (subject, bytes, reply) => {
      const content = this.#open(subject, bytes, reply, onMessage);
      if (content !== undefined) onMessage(subject, content, reply);
    };
  };

  #open(subject: string, bytes: Uint8Array, reply: string, taker: OnMessage): Uint8Array | undefined {
    if (!isSigned(bytes)) return this.#refuse('unsigned', subject);
    const message = readSignedMessage(bytes);
    if (message === undefined) return this.#refuse('malformed', subject);
    const mac = this.#secret.macs.get(message.keyId);
    if (mac === undefined) return this.#refuse('unknown-key', subject, message);
    const { head, content } = message;
    if (!timingSafeEqual(mac.of(head, subject, reply, content), message.mac))
      return this.#refuse('forged', subject, message);
    const freshness = this.#window.take(message.session, message.number, message.signedAt, taker);
    return freshness === 'new' ? content : this.#refuse(freshness, subject, message);
  }

  #refuse(reason: Refusal, subject: string, message?: SignedMessage): undefined {
    this.refused[reason] += 1;
    const why = this.#explain(reason, message);
    this.#options.onWarning(`A message on ${quoteText(subject)} was refused: ${why}`, `secret ${reason}`);
  }

  #explain(reason: Refusal, message: SignedMessage | undefined): string {
    const keyId = quoteText(message?.keyId ?? '');
    const known = [...this.#secret.macs.keys()].join(', ');
    const times = `signed at ${isoTime(message?.signedAt ?? 0)}, received at ${isoTime(this.#now())}`;
    const reasons: Record<Refusal, string> = {
      unsigned:
        'it is not signed, while this node has the option `secret`. Its sender sees no peer here: give it the same secret.',
      malformed: 'it is cut off, or a newer version of this library has signed it in another form.',
      'unknown-key': `it is signed with key ${keyId}, and this node has ${known}. Add that key to \`secret.keys\` before any node signs with it.`,
      forged: `its signature with key ${keyId} is wrong. Either its sender has another key of that id, or somebody changed or forged it.`,
      replayed: 'it has come before. Somebody repeats messages.',
      'out-of-time': `the clocks of its sender and of this node differ, or it is old (${times}). Set the clocks, or raise \`secret.maxClockDifferenceMs\`.`,
    };
    return reasons[reason];
  }
}

/** Signs what a node sends, and hands everything else on to the connection below. */
class SignedConnection implements Connection {
  readonly #session = randomBytes(SESSION_BYTES).toString('latin1');
  readonly #mac: MessageMac;
  readonly #signatureBytes: number;
  #number = 0;

  readonly #connection: Connection;
  readonly #keyId: string;
  readonly #now: () => number;
  /** Records are not signed: whoever may write them is a matter of the broker's permissions. Undefined: the transport has no store. */
  readonly leaseStore: ((options: LeaseStoreOptions) => LeaseStore) | undefined;

  constructor(
    connection: Connection,
    { signWith, macs }: SharedSecret,
    readonly refused: RefusedMessages,
    now: () => number,
  ) {
    this.#connection = connection;
    this.#keyId = signWith;
    this.#now = now;

    this.#mac = macs.get(signWith)!;
    this.#signatureBytes = signatureBytes(signWith);
    this.leaseStore = connection.leaseStore && ((options) => connection.leaseStore!(options));
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  get serverId(): string {
    return this.#connection.serverId;
  }

  get server(): string {
    return this.#connection.server;
  }

  get problem(): string | undefined {
    return this.#connection.problem;
  }

  get maxPayload(): number {
    return this.#connection.maxPayload - this.#signatureBytes;
  }

  get outgoing(): Outgoing | undefined {
    return this.#connection.outgoing;
  }

  get strayAnswers(): number {
    return this.#connection.strayAnswers;
  }

  get dropped(): number {
    return this.#connection.dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    this.#connection.publish(subject, this.#sign(subject, bytes, reply), reply);
  }

  subscribe(subject: string, onMessage: OnMessage): Subscription {
    return this.#connection.subscribe(subject, onMessage);
  }

  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: OnOutcome,
  ): PendingRequest {
    const signed = this.#sign(subject, bytes, options.reply);
    return this.#connection.request(subject, signed, options, onOutcome);
  }

  flush(): Promise<void> {
    return this.#connection.flush();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #sign(subject: string, content: Uint8Array, reply: string): Uint8Array {
    this.#number += 1;
    const signature = { session: this.#session, number: this.#number, signedAt: this.#now() };
    const message = unsignedMessage({ keyId: this.#keyId, ...signature }, content);
    const macAt = macOffset(this.#keyId);
    message.set(this.#mac.of(message.subarray(0, macAt), subject, reply, content), macAt);
    return message;
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
