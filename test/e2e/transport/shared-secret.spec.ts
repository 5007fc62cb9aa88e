import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { connect, type NatsConnection } from 'nats';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import { localBus, localTransport } from '../../../libs/pg-registry/src/transport/local';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import type { SharedSecretOptions } from '../../../libs/pg-registry/src/transport/secret';
import { decodeFrame, encodeFrame, incarnationOf } from '../../../libs/pg-registry/src/wire';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { provesTransportContract } from './contract';
import { natsHarness, QUICK } from './nats-harness';

const K1 = 'the first key of this cluster, 32 bytes or more';
const K2 = 'the second key of this cluster, 32 bytes or more';
const SECRET: SharedSecretOptions = { signWith: 'k1', keys: { k1: K1 } };
/** The steps of a rotation. Nodes of two neighbouring steps understand each other. */
const ROTATION: readonly SharedSecretOptions[] = [
  SECRET,
  { signWith: 'k1', keys: { k1: K1, k2: K2 } },
  { signWith: 'k2', keys: { k1: K1, k2: K2 } },
  { signWith: 'k2', keys: { k2: K2 } },
];

describe('a transport with a shared secret keeps the contract of transports', () => {
  describe('in one process', () => {
    provesTransportContract(() => {
      const bus = localBus();
      return Promise.resolve({
        transport: () => Promise.resolve(localTransport({ bus, secret: SECRET })),
        setBroker: (up) => {
          for (const node of ['a', 'b', 'c']) {
            if (up) bus.reconnect(node);
            else bus.disconnect(node);
          }
          return Promise.resolve();
        },
        dispose: () => Promise.resolve(),
      });
    });
  });

  describe("over NATS, with 'nats' 2", () => {
    provesTransportContract(() =>
      natsHarness((servers) => Promise.resolve(natsTransport({ ...QUICK, servers, secret: SECRET }))),
    );
  });

  describe("over NATS, with '@nats-io/transport-node' 3", () => {
    provesTransportContract(() =>
      natsHarness(async (servers, borrowed) => {
        const connection = await connectWithTransportNode({ ...QUICK, servers });
        borrowed(connection);
        return natsTransport({ connection, secret: SECRET });
      }),
    );
  });
});

describe('a cluster with a shared secret on a broker that tells nobody apart', () => {
  let server: NatsServer;
  let stranger: NatsConnection;
  let nodes: PgRegistryNode[] = [];
  let log: string[] = [];

  beforeEach(async () => {
    server = await NatsServer.start();
    stranger = await connect({ servers: server.url });
    log = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
    await stranger.close();
    await server[Symbol.asyncDispose]();
  });

  /** Starts a node with one entry under its name. */
  async function start(node: string, secret?: SharedSecretOptions): Promise<PgRegistryNode> {
    const transport = natsTransport({ ...QUICK, servers: server.url, ...(secret && { secret }) });
    const write = (line: string): void => void log.push(`${node}: ${line}`);
    const started = new PgRegistryNode(
      { node, transport, helloIntervalMs: 300 },
      {
        defaultTransport: () => transport,
        logger: { log: () => undefined, warn: write, error: write },
      },
    );
    nodes.push(started);
    started.scope('pg').register(node);
    await started.connect();
    return started;
  }

  async function agree(...members: readonly PgRegistryNode[]): Promise<void> {
    const names = members.map(({ name }) => name).toSorted();
    await eventually(() => {
      for (const node of members) {
        expect(node.scope('pg').groups().map(String).toSorted()).toEqual(names);
        expect([...node.peers().map((peer) => peer.node), node.name].toSorted()).toEqual(names);
      }
    });
  }

  test('the key is replaced while the nodes restart one after the other, and nobody loses sight of anybody', async () => {
    let members = await Promise.all(['a', 'b', 'c'].map((node) => start(node, ROTATION[0])));
    await agree(...members);
    for (const step of ROTATION.slice(1)) {
      for (const leaver of members) {
        await leaver.close();
        const others = members.filter((each) => each !== leaver);
        members = [...others, await start(leaver.name, step)];
        await agree(...members);
      }
    }
    expect(log).toEqual([]);
    for (const node of members) expect(Object.values(node.stats().refused)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('forged goodbyes, repeated and moved messages, and a namesake without the secret change nothing', async () => {
    const heard: { readonly subject: string; readonly data: Uint8Array; readonly reply: string }[] = [];
    const subscription = stranger.subscribe('pgr.>', {
      callback: (_, { subject, data, reply = '' }) => void heard.push({ subject, data: data.slice(), reply }),
    });
    await stranger.flush();
    const [a, b] = [await start('a', SECRET), await start('b', SECRET)];
    await agree(a, b);
    subscription.unsubscribe();
    const events: string[] = [];
    for (const node of [a, b])
      node.peerEvents$.subscribe((event) => events.push(`${node.name}: ${event.type}`));

    const identity = {
      node: 'b',
      incarnation: b.incarnation,
      epoch: Date.now(),
      version: 1,
      versions: undefined,
    };
    stranger.publish('pgr.pg.from.b.goodbye', encodeFrame({ ...identity, kind: 'goodbye' }));
    // Answers the questions of b about its own name, as a younger namesake would.
    const namesake = { ...identity, incarnation: incarnationOf('b', 7), epoch: identity.epoch + 60_000 };
    stranger.subscribe('pgr.pg.alive.b', {
      callback: (_, { reply = '' }) =>
        stranger.publish(reply, encodeFrame({ ...namesake, kind: 'alive' }, Uint8Array.of(0))),
    });
    const versions = { min: 1, max: 1 };
    stranger.publish('pgr.pg.from.b.suspect', encodeFrame({ ...namesake, kind: 'suspect', versions }));
    for (const { subject, data, reply } of heard) {
      stranger.publish(subject, data, { reply });
      if (subject.includes('.hello')) stranger.publish('pgr.pg.from.b.goodbye', data);
      stranger.publish(subject, data.subarray(0, data.length - 1), { reply });
    }
    await stranger.flush();
    await eventually(() => {
      const { refused } = a.stats();
      for (const reason of ['unsigned', 'forged', 'replayed']) expect(refused[reason]).toBeGreaterThan(0);
    });
    await agree(a, b);
    expect(events).toEqual([]);
    expect([a.state, b.state]).toEqual(['ready', 'ready']);
    // At most one line for each node and reason.
    expect(log.length).toBeLessThanOrEqual(8);
  });

  test('a node without the secret, and the nodes with it, log why they do not see each other', async () => {
    const [a, plain] = [await start('a', SECRET), await start('plain')];
    await eventually(() => {
      expect(log).toContainEqual(
        expect.stringMatching(/^a: A message on 'pgr\.pg\.from\.plain\.hello' was refused: it is not signed/),
      );
      expect(log).toContainEqual(
        expect.stringMatching(/^plain: .*signed with a shared secret.*same `secret`/),
      );
    });
    expect([a.peers(), plain.peers()]).toEqual([[], []]);
  });

  test('a frame of a node with the secret tells a reader without it what is missing', async () => {
    const heard: Uint8Array[] = [];
    stranger.subscribe('pgr.pg.from.a.hello', { callback: (_, { data }) => void heard.push(data) });
    await stranger.flush();
    await start('a', SECRET);
    await eventually(() => expect(heard.length).toBeGreaterThan(0));
    expect(() => decodeFrame(heard[0])).toThrow(/shared secret/);
  });
});
