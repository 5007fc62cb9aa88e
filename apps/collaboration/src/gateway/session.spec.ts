import type { EntityService, LocalProcess, Pid, ProcessService } from 'nestjs-pg-registry';
import { NEVER } from 'rxjs';
import { decodeStateVector, decodeUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import { eventually } from '../../../../test/support/eventually';
import { CollaborationOptions } from '../collaboration-options';
import type { Join, Joined, Write } from '../documents/messages';
import type { CollaborationRegistry } from '../registry/collaboration-registry';
import type { DocumentSocket } from './document-socket';
import { Session } from './session';
import type { ClientMessage } from './sync-protocol';

it('asks for all that its client lacks when a join fails during which the document was saved', async () => {
  const joins: Join[] = [];
  let fail!: (error: Error) => void;
  const processes = {
    monitor: () => NEVER,
    call: (_: Pid, name: string, payload: Join) => {
      if (name === 'join') joins.push(payload);
      return new Promise((__, reject) => (fail = reject));
    },
  } as unknown as ProcessService;
  const doc = { node: 'node-1' } as Pid;
  const entities = { ref: () => ({ call: () => Promise.resolve(doc) }) } as unknown as EntityService;
  const registry = { register: () => undefined } as unknown as CollaborationRegistry;
  const nothing = (): void => undefined;
  const socket = { send: nothing, onMessage: nothing, onEnd: nothing, close: nothing, isOpen: true };
  const process = { pid: { node: 'node-2' }, alive: true } as unknown as LocalProcess;
  const session = new Session(
    entities,
    processes,
    registry,
    new CollaborationOptions({ node: 'x' }),
    process,
  );

  const stateVector = Uint8Array.of(0);
  session.onProcessStart({ document: 'd', socket: socket as unknown as DocumentSocket, stateVector });
  await eventually(() => joins.length === 1);
  const others = encodeStateVector(new Map([[7, 437]]) as never);
  session.saved({ stream: joins[0].stream, saved: { stateVector: others, version: 3, problem: undefined } });
  fail(new Error('The node of the document is gone.'));
  await eventually(() => joins.length === 2);
  expect(decodeStateVector(joins[1].stateVector)).toEqual(new Map());
  session.onProcessExit('normal');
});

it('passes on thousands of small updates a few at a time, because Yjs compares each with all that it merges with it', async () => {
  const nothing = Uint8Array.of(0, 0);
  const joined: Joined = {
    version: 0,
    changes: { bytes: nothing, isLast: true },
    saved: { stateVector: Uint8Array.of(0), version: 0, problem: undefined },
    present: [],
  };
  const written: number[] = [];
  const processes = {
    monitor: () => NEVER,
    call: (_: Pid, name: string, { bytes }: Write) => {
      if (name === 'write') written.push(decodeUpdate(bytes).structs.length);
      return Promise.resolve(name === 'write' ? written.length : joined);
    },
  } as unknown as ProcessService;
  const doc = { node: 'node-1' } as Pid;
  const entities = { ref: () => ({ call: () => Promise.resolve(doc) }) } as unknown as EntityService;
  const registry = { register: () => undefined } as unknown as CollaborationRegistry;
  let hear!: (message: ClientMessage) => void;
  const ignore = (): void => undefined;
  const socket = {
    send: ignore,
    sendSync: ignore,
    resume: ignore,
    pause: ignore,
    onMessage: (receive: typeof hear) => (hear = receive),
    onEnd: ignore,
    close: ignore,
    isOpen: true,
  } as unknown as DocumentSocket;
  const process = { pid: { node: 'node-2' }, alive: true } as unknown as LocalProcess;
  const options = new CollaborationOptions({ node: 'x' });
  const session = new Session(entities, processes, registry, options, process);
  session.onProcessStart({ document: 'd', socket, stateVector: Uint8Array.of(0) });
  for (let client = 1; client <= 1000; client += 1) {
    const typed = new Doc();
    typed.clientID = client;
    typed.getText('text').insert(0, 'x');
    hear({ type: 'update', update: encodeStateAsUpdate(typed) });
  }
  await eventually(() => written.reduce((sum, count) => sum + count, 0) === 1000);
  expect(Math.max(...written)).toBeLessThanOrEqual(64);
  session.onProcessExit('normal');
});
