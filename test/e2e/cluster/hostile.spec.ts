import { connect, type NatsConnection } from 'nats';
import { decodeFrame, encodeFrame } from '../../../libs/pg-registry/src/wire/frame';
import { FRAME_KINDS, type FrameKind } from '../../../libs/pg-registry/src/wire/frame-kinds';
import { incarnationOf } from '../../../libs/pg-registry/src/wire/incarnation';
import { eventually } from '../../support/eventually';
import { Cluster } from './cluster';
import type { ClusterNode } from './cluster-node';

const NS = 'pgr.pg';

let cluster: Cluster;
let stranger: NatsConnection;
let nodes: ClusterNode[];
beforeEach(async () => {
  cluster = await Cluster.start();
  nodes = await cluster.joinAll(['a', 'b']);
  for (const node of nodes) await node.register('here', node.name);
  await cluster.agree();
  stranger = await connect({ servers: cluster.server.url });
});
afterEach(async () => {
  await stranger.close();
  await cluster[Symbol.asyncDispose]();
});

/** Every subject that a node of this namespace subscribes to, as docs/PROTOCOL.md lists them. */
function everySubject(from: string): string[] {
  return [
    `${NS}.from.${from}.ops.pg`,
    ...['hello', 'suspect', 'goodbye', 'nonsense'].map((kind) => `${NS}.from.${from}.${kind}`),
    ...FRAME_KINDS.map((kind) => `${NS}.to.a.${kind}.${from}`),
    `${NS}.reply.a.${from}.0`,
    `${NS}.reply.a.short`,
    `${NS}.alive.a`,
  ];
}

/** Bytes that are no frame, and frames with false contents. */
function garbage(): Uint8Array[] {
  const lie = (kind: FrameKind, body: Uint8Array, node = 'stranger'): Uint8Array =>
    encodeFrame(
      { version: 1, node, incarnation: incarnationOf(node, 7), epoch: 1, kind, versions: { min: 1, max: 1 } },
      body,
    );
  const bodies = [
    new Uint8Array(0),
    new Uint8Array(64).fill(0xff),
    Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256),
    new TextEncoder().encode('{"__proto__":{"polluted":true}}'),
  ];
  return [
    ...bodies,
    new Uint8Array(900_000),
    ...FRAME_KINDS.flatMap((kind) => bodies.map((body) => lie(kind, body))),
    ...FRAME_KINDS.map((kind) => lie(kind, bodies[2], 'b')),
  ];
}

test('garbage on every subject of the namespace changes nothing and is counted', async () => {
  // An unknown name, the receiver's own, a peer's, and a token that encodes no name.
  for (const from of ['stranger', 'a', 'b', '=!']) {
    for (const subject of everySubject(from)) {
      for (const bytes of garbage()) stranger.publish(subject, bytes, { reply: `${NS}.reply.b.a.stolen` });
      await stranger.flush();
    }
  }

  // The cluster goes on as before.
  for (const node of nodes) await node.register('after', node.name);
  await cluster.agree();
  expect(await cluster.removals()).toEqual([]);
  const [a, b] = nodes;
  expect((await a.values('after')).toSorted()).toEqual(['a', 'b']);
  await a.run(({ node }) => node.scope('pg').replicated());
  expect(await b.peers()).toEqual(['a']);
  for (const node of nodes) {
    expect(await node.run(() => 'polluted' in {})).toBe(false);
    // 150 to 200, and all of the garbage where the machine is slow: some hundred may wait to be read.
    expect(await node.peakMegabytes()).toBeLessThan(400);
  }

  for (const reason of ['malformed-frame', 'forged-frame', 'bad-subject']) {
    expect({ reason, counted: (await a.counter(reason)) > 0 }).toEqual({ reason, counted: true });
  }
  // One log line for each reason, however many frames came.
  const log = await a.log();
  expect(log.length).toBeGreaterThan(0);
  expect(log.length).toBeLessThan(20);
});

test('a node in whose name a stranger says goodbye is back with its entries, and tells of it', async () => {
  const [a, b] = nodes;
  const hellos: Uint8Array[] = [];
  stranger.subscribe(`${NS}.from.b.hello`, { callback: (_, { data }) => void hellos.push(data.slice()) });
  await eventually(() => expect(hellos).not.toEqual([]));
  const { body: _body, ...identity } = decodeFrame(hellos[0]);
  stranger.publish(`${NS}.from.b.goodbye`, encodeFrame({ ...identity, kind: 'goodbye' }));
  await stranger.flush();
  await eventually(async () => expect(await cluster.removals()).toContain('a removed b: goodbye'));
  await cluster.agree();
  expect((await a.values('here')).toSorted()).toEqual(['a', 'b']);
  expect(await b.log()).toContainEqual(expect.stringMatching(/said goodbye in the name of this node, 'b'/));
});
