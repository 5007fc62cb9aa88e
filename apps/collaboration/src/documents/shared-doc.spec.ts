import {
  CallTimeoutError,
  type LocalProcess,
  type Pid,
  ProcessExitedError,
  type ProcessService,
} from 'nestjs-pg-registry';
import { NEVER } from 'rxjs';
import { applyUpdate, Doc, encodeStateVector } from 'yjs';
import { CollaborationOptions } from '../collaboration-options';
import type { DocumentStore } from '../persistence/document-store';
import type { Updated } from './messages';
import { DocumentFullError, SharedDoc } from './shared-doc';

const MB = 1024 * 1024;
const [annPid, bobPid] = ['ann', 'bob'] as unknown as Pid[];

type Cast = (to: string, name: string, message: Updated) => void;

/** A document that is stored so. @param cast What it tells others. */
async function documentOf(
  stored: readonly Uint8Array[],
  cast: Cast,
  call: () => Promise<unknown> = () => Promise.resolve(),
): Promise<SharedDoc> {
  const processes = { call, monitor: () => NEVER, cast } as unknown as ProcessService;
  const store = { load: () => Promise.resolve(stored) } as unknown as DocumentStore;
  const doc = new SharedDoc(processes, store, new CollaborationOptions({ node: 'x' }), {} as LocalProcess);
  await doc.onProcessStart({ document: 'd', writer: 'writer' as unknown as Pid, legacy: undefined });
  return doc;
}

/** A text of Yjs, and the update of each insertion. */
function written(texts: readonly string[]): { readonly doc: Doc; readonly updates: readonly Uint8Array[] } {
  const [doc, updates] = [new Doc(), [] as Uint8Array[]];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const text of texts) doc.getText('text').insert(doc.getText('text').length, text);
  return { doc, updates };
}

it('tells a session of new changes that could be applied only with what that session has brought', async () => {
  const ann = new Doc();
  const { updates } = written(['a', 'b', 'c']);
  // The document before had taken 'b' and told Ann of it, and had not saved it.
  for (const update of updates.slice(0, 2)) applyUpdate(ann, update);
  const doc = await documentOf([updates[0]], (to, name, { update }) => {
    if (to === 'ann' && name === 'updated') applyUpdate(ann, update!);
  });
  for (const session of [annPid, bobPid])
    doc.join({ session, stream: 1, stateVector: encodeStateVector(ann) });

  doc.write({ session: bobPid, bytes: updates[2], isLast: true });
  doc.write({ session: annPid, bytes: updates[1], isLast: true });
  expect(ann.getText('text').toJSON()).toBe('abc');
  doc.onProcessExit();
});

it('takes from a session what it has, however full it is, and refuses only what would make it longer', async () => {
  const { doc: full, updates } = written(['a'.repeat(7 * MB), 'b'.repeat(7 * MB)]);
  const doc = await documentOf(updates, () => undefined);
  doc.join({ session: annPid, stream: 1, stateVector: encodeStateVector(full) });
  const write = (bytes: Uint8Array) => doc.write({ session: annPid, bytes, isLast: true });
  expect([write(updates[0]), write(updates[1])]).toEqual([0, 0]);
  expect(write(written(['c']).updates[0])).toBe(1);
  expect(() => write(written(['d'.repeat(3 * MB)]).updates[0])).toThrow(DocumentFullError);
  doc.onProcessExit();
});

describe('a document that is stopped while it cannot save', () => {
  const writer = 'writer' as unknown as Pid;

  /** Its writer answers the first question after the start, to save, and the next one, for what is not saved, with these errors. */
  async function stopping(...errors: readonly Error[]): Promise<unknown> {
    const left = [...errors];
    let hasStarted = false;
    const call = (): Promise<unknown> =>
      hasStarted ? Promise.reject(left.shift() ?? new Error('asked once more')) : Promise.resolve();
    const doc = await documentOf([], () => undefined, call);
    hasStarted = true;
    try {
      return await doc.stop();
    } finally {
      doc.onProcessExit();
    }
  }

  it('hands nothing over if its writer has ended, which has saved or said that it could not', async () => {
    const ended = new ProcessExitedError('It has ended.', { pid: writer, reason: 'normal' });
    await expect(stopping(ended, ended)).resolves.toEqual({ unsaved: undefined, present: [] });
  });

  it('fails if its writer lives and does not say what is not saved: nobody may take that for nothing', async () => {
    const late = new CallTimeoutError('Too late.');
    await expect(stopping(late, late)).rejects.toBe(late);
  });
});
