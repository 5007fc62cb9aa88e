import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { localBus, localTransport } from 'nestjs-pg-registry';
import { WebSocket } from 'ws';
import { Doc } from 'yjs';
import { CollaborationOptions } from '../../../apps/collaboration/src/collaboration-options';
import { syncStep1, syncUpdate } from '../../../apps/collaboration/src/gateway/sync-protocol';
import { MemoryDatabase } from '../../../apps/collaboration/src/persistence/memory-database.fixture';
import { SAVE_OPTIONS } from '../../../apps/collaboration/src/persistence/save-schedule';
import { type RunningNode, startNode } from '../../../apps/collaboration/src/start/node';
import { eventually } from '../../support/eventually';
import type { DocumentsView } from './collaboration-cluster';
import { Editors } from './editor';

/** The limits that take many megabytes to reach: real sockets, two nodes in this process, and a database in memory. */
const MB = 1024 * 1024;
const EMPTY = syncStep1(Uint8Array.of(0));
const nodes: RunningNode[] = [];
const database = new MemoryDatabase();
const editors = new Editors();
const sockets: WebSocket[] = [];

beforeAll(async () => {
  const bus = localBus();
  for (const node of ['node-1', 'node-2']) {
    const options = new CollaborationOptions({ node, saves: { ...SAVE_OPTIONS, quietMs: 100 } });
    const cluster = { transport: localTransport({ bus }) };
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    nodes.push(await startNode({ options, cluster, database, host: '127.0.0.1', port: 0 }));
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  database.isAway = false;
  editors.close();
  for (const socket of sockets.splice(0)) socket.terminate();
});
afterAll(async () => {
  // oxlint-disable-next-line no-await-in-loop -- documents move to the node that is left
  for (const { application } of nodes) await application.close();
});

function urlOf(node: number): string {
  return `http://127.0.0.1:${nodes[node].port}/`;
}

/** A client of the first node that sends frames as soon as it is connected, and learns how it is closed. */
function clientOf(
  document: string,
  frames: readonly Uint8Array[],
): { readonly socket: WebSocket; readonly closed: Promise<unknown> } {
  const socket = new WebSocket(`${urlOf(0).replace('http', 'ws')}collaboration/${document}`);
  sockets.push(socket);
  const closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on('error', resolve);
  });
  socket.once('open', () => {
    for (const frame of frames) socket.send(frame);
  });
  return { socket, closed };
}

async function sessionsOf(document: string): Promise<number | undefined> {
  const answer = await fetch(new URL('api/documents', urlOf(0)));
  const { documents } = (await answer.json()) as DocumentsView;
  return documents.find(({ name }) => name === document)?.sessionCount;
}

test('a document of more than 16 MB is refused with a code and a reason, and what was there stays, also for those who had it open', async () => {
  const logged = jest.spyOn(Logger.prototype, 'error');
  const witness = await editors.open(urlOf(1), 'full', 'witness');
  const [doc, frames] = [new Doc(), [] as Uint8Array[]];
  doc.on('update', (update: Uint8Array) => frames.push(syncUpdate(update)));
  for (let i = 0; i < 3; i += 1) doc.getText('text').insert(0, `${i}`.repeat(7 * MB));
  const { closed } = clientOf('full', [EMPTY, ...frames]);
  expect(await closed).toEqual({ code: 4413, reason: 'A document has at most 16 MB.' });
  // A client could fill the log otherwise.
  expect(logged).not.toHaveBeenCalled();
  const reader = await editors.open(urlOf(1), 'full', 'reader');
  await eventually(() => expect([reader.text.length / MB, witness.text.length / MB]).toEqual([14, 14]));
  reader.append('end');
  await eventually(() => reader.isSaved);
  await eventually(() => witness.text.length === 14 * MB + 3);
  expect(witness.closed).toBeUndefined();
});

test('a client whose holder was lost brings more than 8 MB that were not saved', async () => {
  const writer = editors.begin(urlOf(0), 'unsaved', 'writer');
  // Before it is connected: the holder asks for it.
  for (const part of ['a', 'b', 'c']) writer.append(part.repeat(4 * MB));
  const reader = await editors.open(urlOf(1), 'unsaved', 'reader');
  await eventually(() => expect([writer.isSaved, reader.text.length / MB]).toEqual([true, 12]));
  expect(writer.closed).toBeUndefined();
});

test('a browser that does not read is closed with a code and a reason, and the others go on meanwhile', async () => {
  const ann = await editors.open(urlOf(0), 'slow', 'ann');
  const bob = await editors.open(urlOf(1), 'slow', 'bob');
  const { socket, closed } = clientOf('slow', [EMPTY]);
  await eventually(async () => (await sessionsOf('slow')) === 3);
  socket.pause();
  // More than 4 MB, and what the buffers of the operating system take.
  await eventually(async () => {
    ann.append('x'.repeat(MB / 8));
    ann.text.delete(0, ann.text.length);
    return (await sessionsOf('slow')) === 2;
  });
  socket.resume();
  expect(await closed).toEqual({ code: 4529, reason: expect.stringContaining('too slowly') as string });
  ann.append('end');
  await eventually(() => expect(bob.content).toBe('end'));
});

test('while the database is away clients write a few lines into the log, however many documents they open and edit', async () => {
  const count = 40;
  const open = await Promise.all(
    Array.from({ length: count }, (_, i) => editors.open(urlOf(i % 2), `log ${i}`, `editor ${i}`)),
  );
  const lines: unknown[] = [];
  for (const level of ['error', 'warn'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation((...line) => void lines.push(line.join(' ')));
  database.isAway = true;
  for (const editor of open) editor.append('edit');
  const refused = Array.from({ length: count }, (_, i) =>
    editors.begin(urlOf(i % 2), `refused ${i}`, `editor ${i}`),
  );
  await eventually(() => {
    for (const { server } of open) expect(server?.problem).toContain('does not take changes');
    for (const { server } of refused) expect(server?.problem).toContain('No node holds the document');
  });
  editors.close();
  database.isAway = false;
  expect(lines.length).toBeLessThanOrEqual(10);
});
