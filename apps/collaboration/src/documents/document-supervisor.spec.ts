import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import {
  EntityService,
  localBus,
  localTransport,
  PgRegistryNode,
  type Pid,
  type ProcessDown,
  ProcessService,
} from 'nestjs-pg-registry';
import { firstValueFrom } from 'rxjs';
import { Doc, encodeStateAsUpdate } from 'yjs';
import { eventually } from '../../../../test/support/eventually';
import { CollaborationOptions } from '../collaboration-options';
import { MemoryDatabase } from '../persistence/memory-database.fixture';
import { SAVE_OPTIONS } from '../persistence/save-schedule';
import { CollaborationRegistry } from '../registry/collaboration-registry';
import { startNode } from '../start/node';
import { DocumentSupervisor, DOCUMENTS } from './document-supervisor';

/** The processes of one document. */
interface Tree {
  readonly supervisor: Pid;
  readonly writer: Pid;
  readonly doc: Pid;
}

/** The rules R253 to R258 of the ancestors, for how a document's processes end. */
let application: NestExpressApplication;
let database: MemoryDatabase;
let processes: ProcessService;
let registry: CollaborationRegistry;
let documents = 0;
let document = '';

beforeAll(async () => {
  database = new MemoryDatabase();
  ({ application } = await startNode({
    options: new CollaborationOptions({
      node: 'node-1',
      idleMs: 60_000,
      // Nothing is saved before the end of a document, however busy the machine is.
      saves: { ...SAVE_OPTIONS, quietMs: 600_000, mostMs: 600_000 },
    }),
    cluster: { transport: localTransport({ bus: localBus() }), exitTimeoutMs: 500 },
    database,
    host: '127.0.0.1',
    port: 0,
  }));
  processes = application.get(ProcessService);
  registry = application.get(CollaborationRegistry);
});
beforeEach(() => {
  documents += 1;
  document = `document ${documents}`;
});
afterAll(async () => await application?.close());

/** Opens the document, as a session does. */
async function open(): Promise<Tree> {
  const doc = await application.get(EntityService).ref(DocumentSupervisor, document).call<Pid>('open');
  const { doc_supervisor: supervisor, persistence_writer: writer } = registry.getGroup(document);
  return { supervisor: supervisor as Pid, writer: writer as Pid, doc };
}

/** Writes a text that is not saved before the document is quiet. */
async function write({ doc }: Tree, text: string): Promise<void> {
  const content = new Doc();
  content.getText('text').insert(0, text);
  const { pid: session } = processes.spawn({ label: 'client' });
  await processes.call(doc, 'write', { session, bytes: encodeStateAsUpdate(content), isLast: true });
}

/** Returns what a session gets that knows nothing of the document yet: an update, in which its texts are found. */
async function textOf({ doc }: Tree): Promise<string> {
  const { pid: session } = processes.spawn({ label: 'client' });
  const join = { session, stream: 1, stateVector: Uint8Array.of(0) };
  const { changes } = await processes.call<{ changes: { bytes: Uint8Array } }>(doc, 'join', join);
  return Buffer.from(changes.bytes).toString();
}

/** Resolves with the reasons for which the processes have ended, and notes in which order. */
function endsOf({ supervisor, writer, doc }: Tree): {
  readonly order: string[];
  readonly reasons: Promise<unknown>;
} {
  const order: string[] = [];
  const endOf = async (name: string, pid: Pid): Promise<unknown> => {
    const { reason }: ProcessDown = await firstValueFrom(processes.monitor(pid));
    order.push(name);
    return reason;
  };
  const ends = [endOf('supervisor', supervisor), endOf('writer', writer), endOf('doc', doc)];
  const reasons = Promise.all(ends).then(([one, two, three]) => ({
    supervisor: one,
    writer: two,
    doc: three,
  }));
  return { order, reasons };
}

async function isGone(): Promise<void> {
  const group = application.get(PgRegistryNode).scope(DOCUMENTS);
  await eventually(() => expect([registry.getGroup(document), group.members(document)]).toEqual([{}, []]));
}

it('a supervisor that ends ends its document first and then the writer, which saves what is left, and no name stays', async () => {
  const tree = await open();
  await write(tree, 'kept');
  const saves = database.saves;
  const { order, reasons } = endsOf(tree);
  await processes.exit(tree.supervisor);
  await reasons;
  expect(order.indexOf('doc')).toBeLessThan(order.indexOf('writer'));
  await isGone();
  await eventually(() => expect(database.saves).toBe(saves + 1));
});

it('a supervisor that is stopped ends last: it waits for its document and the writer, and they do not wait for it', async () => {
  const tree = await open();
  await write(tree, 'kept');
  const { order, reasons } = endsOf(tree);
  await application.get(EntityService).stop(DocumentSupervisor, document);
  await reasons;
  expect(order).toEqual(['doc', 'writer', 'supervisor']);
});

it('a writer that crashes takes the document and the supervisor with it, for the same reason', async () => {
  const tree = await open();
  const { reasons } = endsOf(tree);
  await processes.exit(tree.writer, 'disk');
  expect(await reasons).toEqual({ supervisor: 'disk', writer: 'disk', doc: 'disk' });
  await isGone();
});

it('a document that crashes takes the supervisor with it, for the same reason, and the writer ends normally and saves', async () => {
  const tree = await open();
  await write(tree, 'kept');
  const saves = database.saves;
  const { reasons } = endsOf(tree);
  await processes.exit(tree.doc, 'boom');
  expect(await reasons).toEqual({ supervisor: 'boom', writer: 'normal', doc: 'boom' });
  await isGone();
  await eventually(() => expect(database.saves).toBe(saves + 1));
});

it.each(['writer', 'doc'] as const)('a %s that ends normally ends everything normally', async (child) => {
  const tree = await open();
  const { reasons } = endsOf(tree);
  await processes.exit(tree[child]);
  expect(await reasons).toEqual({ supervisor: 'normal', writer: 'normal', doc: 'normal' });
  await isGone();
});

it('a document whose supervisor was killed starts again under the same keys, with what was saved, as often as that happens', async () => {
  const seen = new Set<string>();
  for (let life = 0; life < 3; life += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    const tree = await open();
    for (const pid of Object.values(tree)) seen.add(String(pid));
    // oxlint-disable-next-line no-await-in-loop
    await write(tree, `life ${life};`);
    const { reasons } = endsOf(tree);
    // oxlint-disable-next-line no-await-in-loop
    await processes.exit(tree.supervisor, 'killed');
    // oxlint-disable-next-line no-await-in-loop
    await reasons;
    // oxlint-disable-next-line no-await-in-loop
    await isGone();
  }
  expect(seen.size).toBe(9);
  const text = await textOf(await open());
  for (const life of [0, 1, 2]) expect(text).toContain(`life ${life};`);
});

it('what the document has told its writer is saved, although the writer is still busy when the supervisor is killed', async () => {
  const tree = await open();
  const goOn = database.standStill();
  const empty = { bytes: encodeStateAsUpdate(new Doc()), isLast: true };
  processes.cast(tree.writer, 'checkpoint', empty);
  await write(tree, 'kept;');
  const { reasons } = endsOf(tree);
  await processes.exit(tree.supervisor, 'killed');
  goOn();
  await reasons;
  expect(await textOf(await open())).toContain('kept;');
});

it('the next life of a document begins when the writer of the last one has saved, which its token would fence', async () => {
  const tree = await open();
  await write(tree, 'kept;');
  const goOn = database.standStill();
  await processes.exit(tree.supervisor, 'killed');
  const next = open();
  await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 100))]);
  goOn();
  expect(await textOf(await next)).toContain('kept;');
});

it('of several concurrent stops one reason wins, all of them return, and what is left is saved once', async () => {
  const tree = await open();
  await write(tree, 'kept');
  const saves = database.saves;
  const reasons = ['one', 'two', 'three', 'four'];
  const down: unknown[] = [];
  processes.monitor(tree.supervisor).subscribe(({ reason }) => down.push(reason));
  await Promise.all(reasons.map((reason) => processes.exit(tree.supervisor, reason)));
  await isGone();
  await eventually(() => expect(database.saves).toBe(saves + 1));
  expect(down).toHaveLength(1);
  expect(reasons).toContain(down[0]);
});

it('a document that ends by itself while its supervisor stops it leaves nothing to stop, and nothing is said', async () => {
  const tree = await open();
  await write(tree, 'kept');
  const { saves, attempts } = database;
  const lines: unknown[] = [];
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation((...line) => void lines.push(line.join(' ')));
  const goOn = database.standStill();
  const stopped = application.get(EntityService).stop(DocumentSupervisor, document);
  await eventually(() => database.attempts > attempts);
  await processes.exit(tree.doc);
  goOn();
  await stopped;
  await isGone();
  jest.restoreAllMocks();
  expect(lines.filter((line) => /not stopped in order|not saved/.test(String(line)))).toEqual([]);
  await eventually(() => expect(database.saves).toBe(saves + 1));
});

it('a document that does not stop, because the database stands still, delays the end no longer than the limit', async () => {
  const tree = await open();
  await write(tree, 'held up');
  const goOn = database.standStill();
  const startedAt = performance.now();
  const { reasons } = endsOf(tree);
  try {
    await processes.exit(tree.supervisor, 'stop');
    await reasons;
    await isGone();
    const next = await open();
    expect(next.supervisor).not.toEqual(tree.supervisor);
    // Ten times the limit of this node, and far from what the document itself waits for a flush.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  } finally {
    goOn();
  }
});
