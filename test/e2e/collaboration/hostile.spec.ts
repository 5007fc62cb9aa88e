import { WebSocket } from 'ws';
import { Doc, encodeStateAsUpdate } from 'yjs';
import {
  awareness as presenceOf,
  syncStep1,
  syncUpdate,
} from '../../../apps/collaboration/src/gateway/sync-protocol';
import { eventually } from '../../support/eventually';
import { CollaborationCluster, START_TIMEOUT_MS } from './collaboration-cluster';
import { Editors } from './editor';
import { residentKb } from './memory';

/** What browsers can do wrong, against two nodes of one process. */
let cluster: CollaborationCluster;
const editors = new Editors();
const sockets: WebSocket[] = [];

beforeAll(async () => {
  cluster = await CollaborationCluster.start({
    nats: false,
    args: ['--token', 'secret', '--save-after', '100'],
  });
}, START_TIMEOUT_MS);
afterEach(() => {
  editors.close();
  for (const socket of sockets.splice(0)) socket.terminate();
});
afterAll(async () => await cluster?.[Symbol.asyncDispose]());

interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A socket without a client of Yjs. */
function socketOf(
  path: string,
  token = 'secret',
  origin?: string,
): { socket: WebSocket; closed: Promise<Closed> } {
  const url = `${cluster.nodes[0].url.replace('http', 'ws')}collaboration/${path}?token=${token}`;
  const socket = new WebSocket(url, origin === undefined ? {} : { origin });
  sockets.push(socket);
  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on('error', (error) => resolve({ code: 0, reason: error.message }));
  });
  return { socket, closed };
}

/** Sends frames when a socket is open, and tells how it is closed. */
async function closedAfter(path: string, ...frames: readonly (Uint8Array | string)[]): Promise<Closed> {
  const { socket, closed } = socketOf(path);
  socket.once('open', () => {
    for (const frame of frames) socket.send(frame);
  });
  return await closed;
}

const EMPTY = syncStep1(Uint8Array.of(0));
const MB = 1024 * 1024;
/** It can be read, and has a type that Yjs knows no object for. */
const INAPPLICABLE = Buffer.from('AQQHAAEBBHRleHQChAcBA2xsbycBAW0BawEoAAcHAWEBfQEBBwEAAg==', 'base64');

test('a client with garbage is closed with a code and a reason, and the others of its document go on', async () => {
  const ann = await editors.open(cluster.nodes[0].url, 'shared', 'ann', { token: 'secret' });
  const bob = await editors.open(cluster.nodes[1].url, 'shared', 'bob', { token: 'secret' });
  const garbage = [
    Uint8Array.of(),
    Uint8Array.of(9, 9),
    Uint8Array.of(0, 2, 6, 255, 255, 255, 255, 15, 0),
    'text',
  ];
  for (const frame of garbage) {
    // oxlint-disable-next-line no-await-in-loop -- one client after the other
    expect(await closedAfter('shared', EMPTY, frame)).toEqual({
      code: 4402,
      reason: expect.stringMatching(/frame|binary/) as string,
    });
  }
  ann.append('still here');
  await eventually(() => expect(bob.content).toBe('still here'));
});

test('an update that Yjs refuses is closed with a code and a reason, and the document goes on', async () => {
  const ann = await editors.open(cluster.nodes[0].url, 'refused', 'ann', { token: 'secret' });
  const bob = await editors.open(cluster.nodes[1].url, 'refused', 'bob', { token: 'secret' });
  const closed = await closedAfter('refused', EMPTY, syncUpdate(INAPPLICABLE));
  expect(closed).toEqual({ code: 4402, reason: expect.stringContaining('Yjs refuses') as string });
  // A client could fill the log otherwise.
  expect(cluster.output).not.toMatch(/ERROR/);
  ann.append('goes on');
  await eventually(() => {
    expect(bob.content).toContain('goes on');
    expect([bob.content, ann.isSaved]).toEqual([ann.content, true]);
  });
});

test('a wrong token, a wrong name and a page of another site are refused', async () => {
  expect(await socketOf('a', 'guess').closed).toEqual({
    code: 4401,
    reason: expect.stringContaining('token'),
  });
  expect(await socketOf('').closed).toEqual({ code: 4400, reason: 'A document must have a name.' });
  expect(await socketOf('x'.repeat(1024)).closed).toMatchObject({ code: 4400 });
  expect(await socketOf('a%00').closed).toMatchObject({ code: 4400 });
  expect((await socketOf('a', 'secret', 'http://evil.example').closed).reason).toContain('403');
  const answers = ['api/documents', 'api/documents?token=guess', 'api/documents?token=secret'].map(
    async (path) => (await fetch(new URL(path, cluster.nodes[0].url))).status,
  );
  expect(await Promise.all(answers)).toEqual([401, 401, 200]);
  const observed = ['', 'guess', 'secret'].map(async (password) => {
    const headers = password === '' ? {} : { Authorization: `Basic ${btoa(`operator:${password}`)}` };
    return (await fetch(new URL('pg-registry/api/nodes', cluster.nodes[0].url), { headers })).status;
  });
  expect(await Promise.all(observed)).toEqual([401, 401, 200]);
});

test('names with slashes and of any script are documents of their own', async () => {
  const names = ['a/b', 'a', 'Äpfel/🦉', 'a%2Fb', ' '];
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const ann = await editors.open(cluster.nodes[0].url, name, 'ann', { token: 'secret' });
    ann.append(name);
  }
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const bob = await editors.open(cluster.nodes[1].url, name, 'bob', { token: 'secret' });
    expect(bob.content).toBe(name);
  }
});

test('a client cannot speak for the client of another socket', async () => {
  const ann = await editors.open(cluster.nodes[0].url, 'presence', 'ann', { token: 'secret' });
  const bob = await editors.open(cluster.nodes[1].url, 'presence', 'bob', { token: 'secret' });
  await eventually(() => expect(bob.names).toEqual(['ann', 'bob']));
  const mallory = await editors.open(cluster.nodes[0].url, 'presence', 'mallory', { token: 'secret' });
  await eventually(() => expect(bob.names).toEqual(['ann', 'bob', 'mallory']));
  const { awareness } = mallory.provider;
  const meta = { clock: 1000, lastUpdated: 0 };
  awareness.meta.set(ann.doc.clientID, meta);
  awareness.states.set(ann.doc.clientID, { user: { name: 'impostor' } });
  awareness.emit('update', [{ added: [], updated: [ann.doc.clientID], removed: [] }, 'local']);
  mallory.append('after');
  await eventually(() => expect(bob.content).toBe('after'));
  expect(bob.names).toEqual(['ann', 'bob', 'mallory']);
});

test('an update of 10 MB is refused', async () => {
  const large = new Doc();
  large.getText('text').insert(0, 'x'.repeat(10 * MB));
  const closed = await closedAfter('large', EMPTY, syncUpdate(encodeStateAsUpdate(large)));
  expect(closed).toEqual({ code: 1009, reason: 'An update has at most 8 MB.' });
});

test('a socket that opens 100 documents has only the one that it names, and a client with 100 sockets leaves nothing behind', async () => {
  const named = Array.from({ length: 100 }, (_, i) => `one of many ${i}`);
  const listed = async () => {
    const { documents } = await cluster.documents(`${cluster.nodes[0].url}?token=secret`);
    return documents.filter(({ name, holder }) => name.startsWith('one of many') && holder !== null);
  };
  const { socket } = socketOf(named[0]);
  // Frames of this protocol name no document: each is a sync of the same one.
  socket.once('open', () => {
    for (let i = 0; i < 100; i += 1) socket.send(EMPTY);
  });
  await eventually(async () => expect((await listed()).map(({ sessionCount }) => sessionCount)).toEqual([1]));
  const rest = named.slice(1).map((name) => socketOf(name).socket);
  for (const each of rest) each.once('open', () => each.send(EMPTY));
  await eventually(async () =>
    expect((await listed()).map(({ sessionCount }) => sessionCount)).toEqual(named.map(() => 1)),
  );
  for (const each of [socket, ...rest]) each.close();
  await eventually(async () => expect(await listed()).toEqual([]));
});

test('clients with garbage, updates of 10 MB and long presences take a bounded memory, and the others of their document are unharmed', async () => {
  const ann = await editors.open(cluster.nodes[0].url, 'unharmed', 'ann', { token: 'secret' });
  const bob = await editors.open(cluster.nodes[1].url, 'unharmed', 'bob', { token: 'secret' });
  const large = new Doc();
  large.getText('text').insert(0, 'x'.repeat(10 * MB));
  const update = syncUpdate(encodeStateAsUpdate(large));
  const presence = presenceOf([{ client: 7, clock: 1, state: JSON.stringify({ name: 'x'.repeat(7 * MB) }) }]);
  const garbage = Buffer.alloc(15 * MB, 0xff);
  const before = residentKb(cluster.pid);
  const rounds = 12;
  for (let round = 0; round < rounds; round += 1) {
    ann.append('x');
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    const closed = await Promise.all([
      closedAfter('unharmed', EMPTY, update),
      closedAfter('unharmed', EMPTY, garbage),
      closedAfter('unharmed', EMPTY, presence, 'text'),
      closedAfter('unharmed', presence, 'text'),
    ]);
    expect(closed.map(({ code }) => code)).toEqual([1009, 4402, 4402, 4402]);
  }
  await eventually(() => expect([ann.isSaved, bob.content]).toEqual([true, 'x'.repeat(rounds)]));
  expect([ann.closed, bob.closed, bob.names]).toEqual([undefined, undefined, ['ann', 'bob']]);
  // They have sent 468 MB.
  const grown = residentKb(cluster.pid).most - Math.max(before.now, before.most);
  expect(grown / 1024).toBeLessThan(300);
});

test('of 1,000 sockets that say nothing half are refused at once and the others after ten seconds; who is there edits meanwhile, and an editor gets in after that', async () => {
  const [one, other] = [
    await editors.open(cluster.nodes[0].url, 'silent', 'one', { token: 'secret' }),
    await editors.open(cluster.nodes[1].url, 'silent', 'other', { token: 'secret' }),
  ];
  const before = residentKb(cluster.pid);
  const silent = Array.from({ length: 1000 }, () => socketOf('silent').closed);
  one.append('meanwhile');
  await eventually(() => expect(other.content).toBe('meanwhile'));
  const codes = (await Promise.all(silent)).map(({ code }) => code);
  expect(new Set(codes)).toEqual(new Set([1013, 4508]));
  expect(codes.filter((code) => code === 4508)).toHaveLength(500);
  const grown = residentKb(cluster.pid).most - Math.max(before.now, before.most);
  expect(grown / 1024).toBeLessThan(200);
  const ann = await editors.open(cluster.nodes[0].url, 'silent', 'ann', { token: 'secret' });
  expect(ann.provider.wsconnected).toBe(true);
});
