import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import {
  AlreadyRegisteredError,
  type Key,
  NotRegisteredError,
  PgRegistryModule,
  PgRegistryNode,
  type Pid,
} from 'nestjs-pg-registry';
import { eventually } from '../support/eventually';
import { Collaboration } from './lightning/collaboration';
import { DocumentsModule, Storage } from './lightning/document-processes';
import { Actor } from './support/actor';
import { sorted } from './support/recording';

class AppModule {}

describe("a collaboration registry like Lightning's", () => {
  let app: INestApplicationContext;
  let node: PgRegistryNode;
  let collaboration: Collaboration;

  beforeEach(async () => {
    app = await NestFactory.createApplicationContext(
      { module: AppModule, imports: [PgRegistryModule.forRoot(), DocumentsModule] },
      { logger: false, abortOnError: false },
    );
    node = app.get(PgRegistryNode);
    collaboration = new Collaboration(node);
  });
  afterEach(() => app.close());

  test('C141 a key has one holder; the second process to register it learns who holds it, and all others find the holder', () => {
    const { registry } = collaboration;
    const holder = new Actor(node);
    expect(holder.do(() => registry.register('key'))).toBe(holder.pid);
    const again = () => holder.do(() => registry.register('key'));
    expect(again).toThrow(AlreadyRegisteredError);
    expect(again).toThrow(expect.objectContaining({ pid: holder.pid }) as Error);
    expect(registry.lookup('key')).toEqual([[holder.pid, null]]);
    expect([registry.whereis('key'), registry.whereis('unknown')]).toEqual([holder.pid, undefined]);
  });

  test('C142 a select returns only well-formed keys of the document, whatever else is registered', () => {
    const { registry } = collaboration;
    const keys: Key[] = [
      ['shared_doc', 'D'],
      ['session', 'D:1', 'u'],
      'D',
      ['x', 'D', 1, 2],
      ['y', 42],
      ['shared_doc', 'D2'],
    ];
    for (const key of keys) registry.register(key);
    const kinds = (document: string) => sorted(registry.select(document).map(([kind]) => kind));
    expect(kinds('D')).toEqual(['session', 'shared_doc']);
    expect(kinds('')).toEqual(['session', 'shared_doc', 'shared_doc']);
    expect([registry.count('D'), registry.count()]).toEqual([2, 6]);
  });

  test('C143 a group lists each process of a document by its kind, and all of its sessions', async () => {
    const { registry } = collaboration;
    await expect(collaboration.startSession('D', '0', 'ann')).rejects.toThrow(NotRegisteredError);
    await collaboration.startDocument('D');
    expect(registry.docSupervisorNames()).toEqual(['D']);
    expect(registry.getGroup('D')).not.toHaveProperty('sessions');
    const sessions = [
      await collaboration.startSession('D', '1', 'ann'),
      await collaboration.startSession('D', '2', 'bob'),
    ];
    expect(registry.getGroup('D')).toEqual({
      doc_supervisor: registry.whereis(['doc_supervisor', 'D']),
      persistence_writer: registry.whereis(['persistence_writer', 'D']),
      shared_doc: registry.whereis(['shared_doc', 'D']),
      sessions: sessions.map(({ pid }) => pid),
    });
    expect(registry.count('D')).toBe(5);
    expect(collaboration.groups.members('D')).toEqual([registry.whereis(['shared_doc', 'D'])]);
  });

  test('a group lists every document of several parts', async () => {
    const { registry } = collaboration;
    for (const document of ['D', 'D:1', 'D:2']) await collaboration.startDocument(document);
    const pids = ['D', 'D:1', 'D:2'].map((document) => registry.whereis(['shared_doc', document]));
    expect(sorted((registry.getGroup('D')['shared_doc'] as Pid[]).map(String))).toEqual(
      sorted(pids.map(String)),
    );
    expect(registry.getGroup('D:1')['shared_doc']).toBe(pids[1]);
  });

  test('C146 a second start returns the running document, a second stop does nothing, and the document can start again', async () => {
    const first = await collaboration.startDocument('D');
    expect(await collaboration.startDocument('D')).toEqual({ pid: first.pid, created: false });
    await collaboration.stopDocument('D');
    await collaboration.stopDocument('D');
    const fresh = await collaboration.startDocument('D');
    expect(fresh).toEqual({ pid: expect.anything(), created: true });
    expect(fresh.pid).not.toBe(first.pid);
  });

  test('C147 a document saves and ends with the owner that started it, not with an owner that only found it', async () => {
    const [owner, finder] = [new Actor(node), new Actor(node)];
    const { pid } = await collaboration.startDocument('D', owner.process);
    await collaboration.startDocument('D', finder.process);
    const session = await collaboration.startSession('D', '1', 'ann');
    await node.processes.call(session.pid, 'type', 'hello');
    finder.exit();
    expect(collaboration.registry.whereis(['doc_supervisor', 'D'])).toBe(pid);
    const reasons: unknown[] = [];
    node.processes.monitor(pid).subscribe(({ reason }) => reasons.push(reason));
    owner.exit();
    await eventually(() => expect(reasons).toEqual(['normal']));
    await eventually(() => expect(app.get(Storage).saved.get('D')).toEqual(['hello']));
    expect(collaboration.registry.whereis(['doc_supervisor', 'D'])).toBeUndefined();
  });

  test('C150 a document leaves no entry behind when it ends, however often it starts and ends', async () => {
    for (const round of [1, 2, 3]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await collaboration.startDocument('D')).toMatchObject({ created: true });
      expect([round, collaboration.registry.count('D')]).toEqual([round, 3]);
      // oxlint-disable-next-line no-await-in-loop
      await collaboration.stopDocument('D');
      // oxlint-disable-next-line no-await-in-loop
      await eventually(() => {
        expect(collaboration.registry.count()).toBe(0);
        expect(collaboration.groups.members('D')).toEqual([]);
      });
    }
  });

  test('C151 two instances with different bases do not see each other', async () => {
    const other = new Collaboration(node, 'other');
    const [mine, theirs] = [await collaboration.startDocument('D'), await other.startDocument('D')];
    expect([mine.created, theirs.created]).toEqual([true, true]);
    await other.startSession('D', '1', 'ann');
    expect([collaboration.registry.count('D'), other.registry.count('D')]).toEqual([3, 4]);
    expect(collaboration.registry.getGroup('D')).toMatchObject({ doc_supervisor: mine.pid });
    expect(collaboration.groups.members('D')).not.toEqual(other.groups.members('D'));
  });
});
