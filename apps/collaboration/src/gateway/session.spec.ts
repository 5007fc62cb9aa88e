import type { EntityService, LocalProcess, Pid, ProcessService } from 'nestjs-pg-registry';
import { NEVER } from 'rxjs';
import { decodeStateVector, encodeStateVector } from 'yjs';
import { eventually } from '../../../../test/support/eventually';
import { CollaborationOptions } from '../collaboration-options';
import type { Join } from '../documents/messages';
import type { CollaborationRegistry } from '../registry/collaboration-registry';
import type { DocumentSocket } from './document-socket';
import { Session } from './session';

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
