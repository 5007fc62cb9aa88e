import {
  type Connection,
  type ConnectOptions,
  type OnMessage,
  type Transport,
} from '../../../libs/pg-registry/src/transport';
import { localBus, localTransport } from '../../../libs/pg-registry/src/transport/local';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import { decodeFrame, encodeFrame } from '../../../libs/pg-registry/src/wire/frame';
import type { FrameKind } from '../../../libs/pg-registry/src/wire/frame-kinds';
import { incarnationOf, Subjects } from '../../../libs/pg-registry/src/wire';
import { eventually } from '../../support/eventually';
import { threadMs } from './processor-time';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
/** Turns of the event loop in which a frame may still cost something. */
const TURNS = 400;

/** Something that the hostile node sends. */
export interface HostileFrame {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
  /** The scope of operations. */
  readonly scope?: string;
  /** Which of its later lives sends it. Default: the present one. */
  readonly life?: number;
}

/** Passes messages on to a node when they are given to it, besides those of the bus. */
class Tap implements Transport {
  readonly kind = 'tapped';
  /** Whether the node hears nothing any more. */
  isDeaf = false;
  readonly #inner: Transport;
  readonly receivers = new Map<string, OnMessage>();

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    const connection = await this.#inner.connect(options);
    const subscribe = connection.subscribe.bind(connection);
    connection.subscribe = (subject, onMessage) => {
      this.receivers.set(subject, onMessage);
      return subscribe(subject, (...message) => {
        if (!this.isDeaf) onMessage(...message);
      });
    };
    return connection;
  }
}

/** A node v, and a hostile node m that is its peer. */
export class Victim {
  private constructor(
    readonly node: PgRegistryNode,
    readonly hostile: PgRegistryNode,
    readonly epoch: number,
    readonly tap: Tap,
    readonly tapOfHostile: Tap,
  ) {}

  static async start(): Promise<Victim> {
    const bus = localBus();
    const tap = new Tap(localTransport({ bus }));
    const of = (name: string, transport: Transport): PgRegistryNode =>
      new PgRegistryNode({ transport, node: name }, { defaultTransport: localTransport, logger: silent });
    const node = of('v', tap);
    const tapOfHostile = new Tap(localTransport({ bus }));
    const hostile = of('m', tapOfHostile);
    let epoch = 0;
    const ear = bus.connect({
      node: 'ear',
      replies: 'pgr.pg.reply.ear.>',
      timeoutMs: 1000,
      onStatus: () => undefined,
      onError: () => undefined,
      onWarning: () => undefined,
    });
    ear.subscribe('pgr.pg.from.m.hello', (_, bytes) => (epoch = decodeFrame(bytes).epoch));
    node.scope('pg').monitorScope().subscribe();
    await node.connect();
    await hostile.connect();
    await node.synced();
    await hostile.synced();
    await eventually(() => {
      if (epoch === 0 || node.peers().length === 0 || hostile.peers().length === 0)
        throw new Error('The two have not met yet.');
    });
    return new Victim(node, hostile, epoch, tap, tapOfHostile);
  }

  /** Gives it the frames in one turn. @returns The most processor ms of one turn, and of all */
  async receive(
    frames: readonly HostileFrame[],
  ): Promise<{ readonly longest: number; readonly all: number }> {
    const { incarnation } = this.hostile;
    const subjects = new Subjects('pg', 'm');
    const messages = frames.map(({ kind, body, scope, life = 0 }) => ({
      onMessage: this.#receiverOf(kind, scope),
      subject:
        scope !== undefined
          ? subjects.ops(scope)
          : isAnnounced(kind)
            ? subjects.announce(kind)
            : subjects.to('v', kind),
      bytes: encodeFrame(
        {
          version: 2,
          versions: { min: 1, max: 2 },
          node: 'm',
          incarnation: life === 0 ? incarnation : incarnationOf('m', life),
          epoch: this.epoch + life,
          kind,
        },
        body,
      ),
    }));
    await turn();
    const begun = threadMs();
    let [last, longest] = [begun, 0];
    for (const { onMessage, subject, bytes } of messages) onMessage(subject, bytes, '');
    for (let left = TURNS; left > 0; left -= 1) {
      const now = threadMs();
      longest = Math.max(longest, now - last);
      last = now;
      await turn();
    }
    return { longest, all: last - begun };
  }

  #receiverOf(kind: FrameKind, scope?: string): OnMessage {
    const subjects = new Subjects('pg', 'v');
    const subject =
      scope !== undefined
        ? subjects.everyOps(scope)
        : isAnnounced(kind)
          ? subjects.every(kind)
          : subjects.inbox(kind);
    const found = this.tap.receivers.get(subject);
    if (found === undefined) throw new Error(`The node does not listen on ${subject}.`);
    return found;
  }

  async close(): Promise<void> {
    await this.hostile.close();
    await this.node.close();
  }
}

function isAnnounced(kind: FrameKind): boolean {
  return kind === 'goodbye' || kind === 'suspect';
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
