/** A node that lies to everybody who looks: what it writes into the cluster, and what it answers. */
import { connect, type NatsConnection } from 'nats';
import { localTransport, natsTransport, PgRegistryNode } from 'nestjs-pg-registry';
import { natsClientOf } from '../../support/nats-client-of';

/** What a browser would run if it took text for markup. */
export const MARKUP = '<img src=x onerror="document.title=1">';
/** Turns the direction of writing, rings, and ends a terminal's line. */
export const CONTROLS = '\u202E\u0007\u001B[31m\u0085';
export const NAME = `evil ${MARKUP}${CONTROLS}`;
const TOKEN = `=${Buffer.from(NAME).toString('base64url')}`;
export const KEYS = [
  'k'.repeat(8000),
  `${MARKUP}${CONTROLS}`,
  Array.from({ length: 12 }).reduce<readonly unknown[]>((inner) => [inner], []),
  Array.from({ length: 2000 }, (_, i) => i),
];
const many = <T>(count: number, of: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => of(i));
const peerOf = (node: string) => ({ node, incarnation: '', state: 'ready', suspect: false });
const LONG = CONTROLS.repeat(1500);
const FACT = {
  node: NAME,
  incarnation: LONG,
  state: LONG,
  version: LONG,
  nodeVersion: '',
  protocol: [-1e300, 1e300],
  server: LONG,
  connected: true,
  problem: LONG,
  crashDetection: LONG,
  startedAt: -1e300,
  clock: 1e300,
  cpu: 1e300,
  heapBytes: -1,
  rssBytes: 1e300,
  processes: 1e300,
  entities: -1,
  names: 0.5,
  inFlight: 1e300,
  watches: [LONG],
  peers: [],
  scopes: 1e300,
};
const change = (i: number) => ({
  number: i,
  at: 1e300,
  type: LONG.slice(0, 300),
  scope: MARKUP,
  key: MARKUP,
  keyText: MARKUP,
  pid: '',
  node: NAME,
  entries: 1e300,
  revision: -1,
  cause: MARKUP,
});
const scopeOf = (scope: string) => ({
  scope,
  keys: 'duplicate',
  entries: 1e300,
  local: 1e300,
  last: 1e300,
  followers: 0,
  syncedAt: 1e300,
  streams: [],
});
const wellFormed = (answers: Readonly<Record<string, unknown>>) => (ask: string) =>
  JSON.stringify({ v: 1, ok: ask in answers ? answers[ask] : { ...FACT, peers: [] } });
let page200 = 0;

/** What the hostile node answers to a question; undefined: nothing. */
export const ATTACKS: Readonly<Record<string, (ask: string) => string | undefined>> = {
  'nothing at all': () => undefined,
  'what is no JSON': () => '\u0000\uFFFF{',
  'JSON of a hundred thousand levels': () => `{"v":1,"ok":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'long and impossible figures': wellFormed({
    changes: many(300, change),
    events: { node: NAME, events: many(300, change), skipped: 1e300 },
  }),
  'eight thousand invented nodes': wellFormed({
    node: {
      ...FACT,
      incarnation: '',
      version: '',
      state: '',
      server: '',
      problem: '',
      watches: [],
      peers: many(8000, (i) => peerOf(`invented-${i}`)),
    },
  }),
  'ten thousand invented scopes': (ask) =>
    ask === 'scopes'
      ? JSON.stringify({
          v: 1,
          ok: many(200, (i) => scopeOf(`scope-${(page200 += i === 0 ? 1 : 0) + 1000}-${i + 1000}`)),
        })
      : wellFormed({})(ask),
};

/** The node itself is as others are; its answers to those who look are not its own. */
export class HostileNode {
  /** The name of the attack that it answers with. */
  attack = 'nothing at all';
  /** How often it was asked. */
  asked = 0;
  readonly #node: PgRegistryNode;
  readonly #connection: NatsConnection;

  private constructor(node: PgRegistryNode, connection: NatsConnection) {
    this.#node = node;
    this.#connection = connection;
  }

  static async start(broker: string): Promise<HostileNode> {
    const node = new PgRegistryNode(
      {
        node: NAME,
        observer: false,
        scopes: ['docs'],
        maxKeyBytes: 60_000,
        transport: natsTransport({ servers: broker, client: natsClientOf('evil') }),
      },
      { defaultTransport: localTransport },
    );
    await node.connect();
    for (const key of KEYS)
      node.scope('docs').register(key as string, { text: `${MARKUP}${CONTROLS}`.repeat(500) });
    const connection = await connect({ servers: broker });
    const hostile = new HostileNode(node, connection);
    connection.subscribe(`pgr.*.to.${TOKEN}.ask.>`, {
      callback: (_, message) => {
        const { ask } = JSON.parse(message.string()) as { ask: string };
        hostile.asked += 1;
        const answer = ATTACKS[hostile.attack](ask);
        if (answer !== undefined) message.respond(Buffer.from(answer));
      },
    });
    await connection.flush();
    return hostile;
  }

  async stop(): Promise<void> {
    await this.#node.close();
    await this.#connection.close();
  }
}
