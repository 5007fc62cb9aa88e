import 'reflect-metadata';
import { localBus, localTransport } from 'nestjs-pg-registry';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import { CollaborationOptions } from '../../../apps/collaboration/src/collaboration-options';
import { MemoryDatabase } from '../../../apps/collaboration/src/persistence/memory-database.fixture';
import { SAVE_OPTIONS } from '../../../apps/collaboration/src/persistence/save-schedule';
import { type RunningNode, startNode } from '../../../apps/collaboration/src/start/node';
import { eventually } from '../../support/eventually';

/**
 * The client of y-websocket as the npm registry has it, with its defaults and nothing around it, against the gateway: what its own tests do with its
 * own server, and what else its API offers to two clients. They are on two nodes of this process.
 */
const bus = localBus();
const database = new MemoryDatabase();
const nodes: RunningNode[] = [];

interface Client {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  /** What its events `status` and `sync` have said, in order. */
  readonly events: (string | boolean)[];
}
const clients: Client[] = [];

async function startOne(name: string): Promise<RunningNode> {
  const options = new CollaborationOptions({ node: name, saves: { ...SAVE_OPTIONS, quietMs: 100 } });
  const cluster = { transport: localTransport({ bus }) };
  return await startNode({ options, cluster, database, host: '127.0.0.1', port: 0 });
}

beforeAll(async () => {
  nodes.push(await startOne('node-1'), await startOne('node-2'));
});
afterEach(() => {
  for (const { doc, provider } of clients.splice(0)) {
    provider.destroy();
    doc.destroy();
  }
});
afterAll(async () => {
  // oxlint-disable-next-line no-await-in-loop -- documents move to the node that is left
  for (const { application } of nodes) await application.close();
});

function open(node: number, room: string): Client {
  const doc = new Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${nodes[node].port}/collaboration`, room, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    // Two clients of one Node.js process would meet in its BroadcastChannel, not at the server.
    disableBc: true,
  });
  const events: (string | boolean)[] = [];
  provider.on('status', ({ status }) => events.push(status));
  provider.on('sync', (isSynced) => events.push(isSynced));
  const client = { doc, provider, events };
  clients.push(client);
  return client;
}

async function openBoth(room: string): Promise<readonly [Client, Client]> {
  const both = [open(0, room), open(1, room)] as const;
  await eventually(() => both.every(({ provider }) => provider.synced));
  return both;
}

const textOf = ({ doc }: Client): string => doc.getText('text').toJSON();
const write = ({ doc }: Client, at: number, text: string): void => doc.getText('text').insert(at, text);

test('a client of y-websocket connects, is in sync, and tells so by its events', async () => {
  const { provider, events } = open(0, 'events');
  await eventually(() => provider.synced);
  expect(events).toEqual(['connected', true]);
  expect([provider.wsconnected, provider.wsUnsuccessfulReconnects]).toEqual([true, 0]);
});

test('two clients of y-websocket exchange updates of texts, maps and arrays, also those that they make at the same time', async () => {
  const [ann, bob] = await openBoth('updates');
  write(ann, 0, 'hi');
  await eventually(() => textOf(bob) === 'hi');
  write(ann, 0, 'Ann: ');
  write(bob, 2, ' there');
  ann.doc.getMap('map').set('by', 'ann');
  bob.doc.getArray('array').push([new Uint8Array([1, 2]), { nested: [null, 1.5] }]);
  await eventually(() => {
    expect([textOf(ann), textOf(bob)]).toEqual(['Ann: hi there', 'Ann: hi there']);
    expect(bob.doc.getMap('map').toJSON()).toEqual({ by: 'ann' });
    expect(ann.doc.getArray('array').toJSON()).toEqual([new Uint8Array([1, 2]), { nested: [null, 1.5] }]);
  });
  bob.doc.getText('text').delete(0, 5);
  await eventually(() => textOf(ann) === 'hi there');
  const late = open(0, 'updates');
  await eventually(() => late.provider.synced);
  expect(textOf(late)).toBe('hi there');
  expect(late.doc.getMap('map').toJSON()).toEqual(ann.doc.getMap('map').toJSON());
  expect(late.doc.getArray('array').toJSON()).toEqual(ann.doc.getArray('array').toJSON());
});

test('two clients of y-websocket see what the other one says of itself, its changes, and that it leaves', async () => {
  const [ann, bob] = await openBoth('awareness');
  const seenBy = ({ provider }: Client, { doc }: Client): unknown =>
    provider.awareness.getStates().get(doc.clientID);
  ann.provider.awareness.setLocalState({ user: { name: 'Ann' } });
  bob.provider.awareness.setLocalStateField('user', { name: 'Bob' });
  await eventually(() =>
    expect([seenBy(bob, ann), seenBy(ann, bob)]).toEqual([
      { user: { name: 'Ann' } },
      { user: { name: 'Bob' } },
    ]),
  );
  ann.provider.awareness.setLocalStateField('cursor', { anchor: 1 });
  await eventually(() => expect(seenBy(bob, ann)).toEqual({ user: { name: 'Ann' }, cursor: { anchor: 1 } }));
  const late = open(1, 'awareness');
  await eventually(() => expect(seenBy(late, ann)).toEqual(seenBy(bob, ann)));
  ann.provider.awareness.setLocalState(null);
  await eventually(() => expect([seenBy(bob, ann), seenBy(late, ann)]).toEqual([undefined, undefined]));
  bob.provider.disconnect();
  await eventually(() => expect(seenBy(late, bob)).toBeUndefined());
});

test('a client of y-websocket that disconnects and connects again gets what it missed, and the other one what it wrote meanwhile', async () => {
  const [ann, bob] = await openBoth('offline');
  write(ann, 0, 'both;');
  await eventually(() => textOf(bob) === 'both;');
  bob.provider.disconnect();
  expect([bob.provider.wsconnected, bob.provider.synced, bob.provider.ws]).toEqual([false, false, null]);
  write(bob, 5, 'bob;');
  write(ann, 0, 'ann;');
  bob.provider.connect();
  await eventually(() => expect([textOf(ann), textOf(bob)]).toEqual(['ann;both;bob;', 'ann;both;bob;']));
  expect(bob.events).toEqual(['connected', true, false, 'disconnected', 'connecting', 'connected', true]);
});

test('a client of y-websocket whose connection breaks connects again by itself, and loses nothing', async () => {
  const [ann, bob] = await openBoth('broken');
  const { ws } = bob.provider as unknown as { readonly ws: WebSocket };
  ws.terminate();
  await eventually(() => !bob.provider.wsconnected);
  write(bob, 0, 'written without a connection');
  await eventually(() => expect(textOf(ann)).toBe('written without a connection'));
  expect([bob.provider.wsconnected, bob.provider.synced]).toEqual([true, true]);
  expect(bob.provider.wsUnsuccessfulReconnects).toBe(0);
});

test('a client of y-websocket whose node stops connects again when there is one, and the document is there', async () => {
  const third = await startOne('node-3');
  nodes.push(third);
  const [ann, bob] = [open(0, 'moves'), open(2, 'moves')];
  await eventually(() => ann.provider.synced && bob.provider.synced);
  write(bob, 0, 'before;');
  await eventually(() => textOf(ann) === 'before;');
  await third.application.close();
  nodes.pop();
  await eventually(() => !bob.provider.wsconnected);
  // As a balancer does: its address leads to another node.
  bob.provider.serverUrl = `ws://127.0.0.1:${nodes[1].port}/collaboration`;
  write(bob, 7, 'meanwhile;');
  await eventually(() =>
    expect([textOf(ann), textOf(bob)]).toEqual(['before;meanwhile;', 'before;meanwhile;']),
  );
});

test('a client of y-websocket that the gateway refuses for good stays away, and says why by its event `closed`', async () => {
  const { provider } = open(0, 'n'.repeat(257));
  const closed: unknown[] = [];
  provider.on('closed', (close) => closed.push(close));
  await eventually(() => closed.length > 0);
  expect(closed).toEqual([{ code: 4400, reason: expect.stringContaining('256 bytes') as string }]);
  expect([provider.shouldConnect, provider.ws]).toEqual([false, null]);
});
