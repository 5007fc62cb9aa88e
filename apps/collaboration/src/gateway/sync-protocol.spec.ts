import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import { SeededRandom } from '../../../../test/support/seeded-random';
import {
  awareness,
  ProtocolError,
  readMessage,
  syncStep1,
  syncStep2,
  syncUpdate,
  UpdateTooLargeError,
} from './sync-protocol';

function filled(): Doc {
  const doc = new Doc();
  doc.getText('text').insert(0, 'Hello, world');
  doc.getText('text').delete(0, 5);
  return doc;
}

describe('readMessage', () => {
  test('readMessage reads what the other side writes', () => {
    const doc = filled();
    const [stateVector, update] = [encodeStateVector(doc), encodeStateAsUpdate(doc)];
    expect(readMessage(syncStep1(stateVector))).toEqual({ type: 'sync', stateVector });
    expect(readMessage(syncStep2(update))).toEqual({ type: 'update', update });
    expect(readMessage(syncUpdate(update))).toEqual({ type: 'update', update });
    const present = [{ client: 7, clock: 3, state: '{"user":{"name":"Ann"}}' }];
    expect(readMessage(awareness(present))).toEqual({ type: 'presence', present });
  });

  test('an update of 10 MB is refused, but not an answer to a sync, which is all that a lost holder had not saved', () => {
    const doc = new Doc();
    doc.getText('text').insert(0, 'x'.repeat(10 * 1024 * 1024));
    const update = encodeStateAsUpdate(doc);
    expect(() => readMessage(syncUpdate(update))).toThrow(UpdateTooLargeError);
    expect(readMessage(syncStep2(update)).type).toBe('update');
  });

  test('a state vector of more than 256 KB is refused, however many a frame has room for', () => {
    const clients = (count: number): Uint8Array =>
      encodeStateVector(new Map(Array.from({ length: count }, (_, i) => [2 ** 31 + i, 1])) as never);
    expect(readMessage(syncStep1(clients(40_000))).type).toBe('sync');
    expect(() => readMessage(syncStep1(clients(50_000)))).toThrow(ProtocolError);
  });

  test('awareness is what y-protocols writes', () => {
    const clients = new Awareness(new Doc());
    clients.setLocalState({ user: 'Ann' });
    const written = encodeAwarenessUpdate(clients, [clients.clientID]);
    const clock = clients.meta.get(clients.clientID)!.clock;
    const read = awareness([{ client: clients.clientID, clock, state: '{"user":"Ann"}' }]);
    expect(Buffer.from(read.subarray(2))).toEqual(Buffer.from(written));
    clients.destroy();
  });

  test.each([
    ['nothing', []],
    ['an unknown type', [9]],
    ['an unknown step', [0, 7, 1, 0]],
    ['a length beyond the end', [0, 2, 200, 1]],
    ['an update with more structs than bytes', [0, 2, 6, 255, 255, 255, 255, 15, 0]],
    ['an update without an end', [0, 2, 3, 1, 1, 1]],
    ['a state vector without an end', [0, 0, 1, 5]],
    ['a presence that is no JSON', [1, 5, 1, 1, 1, 1, 123]],
    ['a presence that is no object', [1, 5, 1, 1, 1, 1, 49]],
  ])('%s is refused', (_what, bytes) => {
    expect(() => readMessage(Uint8Array.from(bytes))).toThrow(ProtocolError);
  });

  test('random frames, and frames with a wrong byte, are read or refused with a ProtocolError', () => {
    const random = new SeededRandom(7);
    const good = syncUpdate(encodeStateAsUpdate(filled()));
    const wrong: Uint8Array[] = [];
    for (let i = 0; i < 3000; i += 1) {
      const frame =
        i % 2 === 0
          ? Uint8Array.from({ length: random.below(40) }, () => random.below(256))
          : good.map((byte, at) => (at === i % good.length ? random.below(256) : byte));
      if (!isReadOrRefused(frame)) wrong.push(frame);
    }
    expect(wrong).toEqual([]);
  });
});

function isReadOrRefused(frame: Uint8Array): boolean {
  try {
    readMessage(frame);
    return true;
  } catch (error) {
    return error instanceof ProtocolError;
  }
}
