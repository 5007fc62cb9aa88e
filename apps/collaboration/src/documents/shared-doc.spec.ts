import type { LocalProcess, Pid, ProcessService } from 'nestjs-pg-registry';
import { NEVER } from 'rxjs';
import { applyUpdate, Doc, encodeStateVector } from 'yjs';
import { CollaborationOptions } from '../collaboration-options';
import type { DocumentStore } from '../persistence/document-store';
import type { Updated } from './messages';
import { SharedDoc } from './shared-doc';

it('tells a session of new changes that could be applied only with what that session has brought', async () => {
  const [bob, ann] = [new Doc(), new Doc()];
  const updates: Uint8Array[] = [];
  bob.on('update', (update: Uint8Array) => updates.push(update));
  for (const letter of 'abc') bob.getText('text').insert(bob.getText('text').length, letter);
  // The document before had taken 'b' and told Ann of it, and had not saved it.
  for (const update of updates.slice(0, 2)) applyUpdate(ann, update);
  const processes = {
    call: () => Promise.resolve(),
    monitor: () => NEVER,
    cast: (to: string, name: string, { update }: Updated) => {
      if (to === 'ann' && name === 'updated') applyUpdate(ann, update!);
    },
  } as unknown as ProcessService;
  const store = { load: () => Promise.resolve([updates[0]]) } as unknown as DocumentStore;
  const doc = new SharedDoc(processes, store, new CollaborationOptions({ node: 'x' }), {} as LocalProcess);
  await doc.onProcessStart({ document: 'd', writer: 'writer' as unknown as Pid, legacy: undefined });
  const [annPid, bobPid] = ['ann', 'bob'] as unknown as Pid[];
  for (const session of [annPid, bobPid])
    doc.join({ session, stream: 1, stateVector: encodeStateVector(ann) });

  doc.write({ session: bobPid, bytes: updates[2], isLast: true });
  doc.write({ session: annPid, bytes: updates[1], isLast: true });
  expect(ann.getText('text').toJSON()).toBe('abc');
  doc.onProcessExit();
});
