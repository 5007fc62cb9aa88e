import { MsgImpl } from 'nats/lib/nats-base-client/msg';
import { decodeHello } from '../../../libs/pg-registry/src/cluster/hello';
import { KnownScopes } from '../../../libs/pg-registry/src/cluster/known-scopes';
import { followSystemEvents } from '../../../libs/pg-registry/src/transport/nats/system-events';
import { NatsConnection } from '../../../libs/pg-registry/src/transport/nats/connection/nats-connection';
import type { NatsClient, NatsMessage } from '../../../libs/pg-registry/src/transport/nats/nats-client';
import { Subjects } from '../../../libs/pg-registry/src/wire';
import { FRAMES } from '../../../libs/pg-registry/src/wire/frame-kinds';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { isDecodeError } from './bodies';
import { recordedMessages } from './recorded';

const TEXT = new TextEncoder();
const DECODER = new TextDecoder();
const MOST_SCOPES = 20;
const IDLE_CLIENT = {
  info: { server_id: 's', max_payload: 1000 },
  publish: (): void => undefined,
  flush: (): Promise<void> => Promise.resolve(),
  close: (): Promise<void> => Promise.resolve(),
  closed: (): Promise<void> => new Promise(() => undefined),
  isClosed: (): boolean => false,
  getServer: (): string => '',
  // oxlint-disable-next-line typescript/require-await -- a client without news
  status: async function* (): AsyncGenerator<{ type: string }> {},
};

/** What the messages of one input reach. */
class Edges {
  /** What the connection was told, and what it reported. */
  heard = 0;
  readonly #callbacks: ((error: null, message: NatsMessage) => void)[] = [];
  readonly #scopes = new KnownScopes(MOST_SCOPES);
  readonly #subjects = new Subjects('test', 'v');

  constructor() {
    const client = {
      ...IDLE_CLIENT,
      subscribe: (
        _subject: string,
        { callback }: { callback: (error: null, message: NatsMessage) => void },
      ) => {
        this.#callbacks.push(callback);
        return { unsubscribe: (): void => undefined };
      },
    } as unknown as NatsClient;
    const hear = (): void => void (this.heard += 1);
    const options = {
      node: 'v',
      replies: 'replies',
      timeoutMs: 1,
      onStatus: hear,
      onError: hear,
      onWarning: hear,
      onGone: hear,
    };
    const connection = new NatsConnection(client, options, { release: () => Promise.resolve() });
    connection.subscribe('inbox', () => {
      this.heard += 1;
      throw new Error('A subscriber threw.');
    });
    followSystemEvents(client, options);
  }

  /** Bytes of a broker's message to each subscription: `how` of them are headers. */
  message({ how, body }: Message): void {
    const hdr = how === 0 ? -1 : how;
    const argument = {
      subject: TEXT.encode('inbox'),
      reply: TEXT.encode('r'),
      sid: 1,
      hdr,
      size: body.length,
    };
    for (const callback of this.#callbacks)
      callback(null, new MsgImpl(argument, body, { publish: () => undefined }));
  }

  /** A subject of anybody: it is parsed into the parts that it is made of. */
  subject({ body }: Message): void {
    const subject = DECODER.decode(body);
    const route = this.#subjects.parse(subject);
    const again = this.#subjects.parse(subject);
    if (JSON.stringify(route) !== JSON.stringify(again)) throw new Fault('a subject is parsed in two ways');
    if (route?.route !== 'to') return;
    const sender = new Subjects('test', route.from);
    const back = sender.parse(sender.to(route.to, route.kind));
    if (JSON.stringify(back) !== JSON.stringify(route))
      throw new Fault(`a subject leads to ${JSON.stringify(back)}`);
  }

  /** A page of a hello. */
  hello({ body }: Message): void {
    this.#scopes.learn(decodeHello(body));
    const { remembered } = this.#scopes;
    if (remembered > 2 * MOST_SCOPES) throw new Fault(`remembers ${remembered} scopes of a peer`);
  }
}

const ACTIONS: readonly ((edges: Edges, message: Message) => void)[] = [
  (edges, message) => edges.message(message),
  (edges, message) => edges.subject(message),
  (edges, message) => edges.hello(message),
];

function seedsOfMessages(): Message[] {
  const headers = [
    'NATS/1.0\r\n\r\n',
    'NATS/1.0 503\r\n\r\n',
    'NATS/1.0 503 No Responders\r\nbad key: x\r\n\r\n',
    'NATS/1.0\r\na: b\r\nc:\r\n\r\n',
  ];
  const events = ['{"client":{"name":"m"}}', '{"client":{"name":1}}', '[]'];
  return [
    ...headers.flatMap((text) => [
      { kind: 0, how: text.length, wait: 0, body: TEXT.encode(text) },
      { kind: 0, how: text.length, wait: 0, body: TEXT.encode(`${text}body`) },
    ]),
    ...events.map((text) => ({ kind: 0, how: 0, wait: 0, body: TEXT.encode(text) })),
  ];
}

function seedsOfSubjects(): Message[] {
  const subjects = new Subjects('test', 'm');
  const all = [
    subjects.announce('hello'),
    subjects.ops('s'),
    subjects.to('v', 'call'),
    subjects.to('ä.b', 'sync'),
    subjects.reply('v', '1'),
    subjects.alive('=v'),
    'pgr.test.to.v.=.m',
  ];
  return all.map((subject) => ({ kind: 1, how: 0, wait: 0, body: TEXT.encode(subject) }));
}

/** What reaches a node before any frame is decoded, and the pages of hellos. */
export const edgesTarget: Target = {
  name: 'edges',
  about:
    'messages of a broker with headers, subjects, system events and pages of hellos: nothing is thrown into the client, nothing is remembered without bound',
  kinds: ACTIONS.map((_, kind) => kind),
  mostMessages: 30,
  bound: (input) => 2_000 + 100 * sizeOf(input),
  seeds: (): Input[] => {
    const hellos = recordedMessages()
      .filter(({ kind }) => kind === FRAMES.hello.number)
      .map((message) => ({ ...message, kind: 2 }));
    const messages = [...seedsOfMessages(), ...seedsOfSubjects(), ...hellos];
    return [...messages.map((message) => [message]), hellos];
  },
  read: ({ kind, body }) => {
    if (kind % ACTIONS.length === 2) decodeHello(body);
  },
  run: (input, start) => {
    const edges = new Edges();
    start();
    for (const message of input) {
      try {
        ACTIONS[message.kind % ACTIONS.length](edges, message);
      } catch (error) {
        if (!isDecodeError(error)) throw error;
      }
    }
  },
};
