import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LeaseStore, LeaseWrite, LeaseWritten } from '../../../libs/pg-registry/src/names/lease-store';
import { eventually } from '../../support/eventually';
import { get, put, putSurely } from './lease-store.contract';
import { NatsLeaseStores } from './nats-lease-stores';

const BUCKET = 'pgr_ns_names';
const SHORT = { timeoutMs: 300 };

/** Repeats a write with its id until its outcome is known. */
async function settle(store: LeaseStore, write: LeaseWrite): Promise<LeaseWritten> {
  for (;;) {
    const outcome = await store.write(write, { timeoutMs: 500 });
    if (outcome.type === 'written') return outcome;
    if (outcome.type === 'refused') throw new Error(`Write ${write.id} was refused.`);
    await new Promise(setImmediate);
  }
}

/** Reads a record, again and again while the server does not answer. */
async function readAgain(store: LeaseStore, name: string): ReturnType<typeof get> {
  for (;;) {
    const outcome = await get(store, name).catch(() => 'no answer' as const);
    if (outcome !== 'no answer') return outcome;
    await new Promise(setImmediate);
  }
}

describe.each(['nats', '@nats-io/transport-node'] as const)("a lease store of the client '%s'", (client) => {
  let stores: NatsLeaseStores;
  let a: LeaseStore;
  let b: LeaseStore;
  beforeEach(async () => {
    stores = await NatsLeaseStores.start(client);
    [a, b] = [await stores.open(), await stores.open()];
  });
  afterEach(() => stores[Symbol.asyncDispose]());

  test('loses no acknowledged write when its server is killed in the middle of writes, and makes each write once', async () => {
    const acknowledged = new Map<string, LeaseWritten>();
    const end = new AbortController();
    const write = async (store: LeaseStore, lane: string): Promise<void> => {
      let after = 0;
      for (let i = 0; !end.signal.aborted; i += 1) {
        const record = new TextEncoder().encode(`${lane} ${i}`);
        const written = await settle(store, {
          name: lane,
          record,
          after,
          id: `${lane}-${i}`,
          certainEpoch: true,
        });
        // A repetition is answered with its own revision, also if the server was killed in between.
        expect(written.revision).toBeGreaterThan(after);
        after = written.revision;
        acknowledged.set(lane, written);
        expect(await readAgain(store, lane)).toEqual({
          text: `${lane} ${i}`,
          revision: after,
          epoch: written.epoch,
        });
      }
    };
    const lanes = Array.from({ length: 16 }, (_, i) => write(i % 2 === 0 ? a : b, `lane${i}`));
    for (let kill = 0; kill < 3; kill += 1) {
      const before = [...acknowledged.values()].reduce((most, { revision }) => Math.max(most, revision), 0);
      await eventually(() =>
        expect([...acknowledged.values()].some(({ revision }) => revision > before + 200)).toBe(true),
      );
      await stores.server.stop('SIGKILL');
      await stores.server.start();
    }
    end.abort();
    await Promise.all(lanes);
    expect(acknowledged.size).toBe(16);
    for (const [lane, { revision, epoch }] of acknowledged)
      expect(await get(b, lane)).toMatchObject({ revision, epoch });
  });

  test('does not know of a write that its server does not answer, and learns by repetition that it was made', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    await stores.server.pause();
    const write = { name: 'k', record: new Uint8Array([2]), after: revision, id: 'slow', certainEpoch: true };
    const outcome = await a.write(write, SHORT);
    expect(outcome).toMatchObject({
      type: 'unknown',
      reason: expect.stringMatching(/^JetStream on NATS at .* did not answer within \d+ ms\.$/) as string,
    });
    stores.server.resume();
    // What the server took while it was stopped, it does when it goes on.
    await eventually(async () => expect((await get(b, 'k'))?.revision).toBe(revision + 1));
    expect(await a.write(write, { timeoutMs: 5000 })).toMatchObject({
      type: 'written',
      revision: revision + 1,
      repeated: true,
    });
  });

  test('waits for a slow answer as long as it was told', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    await stores.server.pause();
    const writing = put(a, 'k', 'two', { after: revision });
    await new Promise((resolve) => setTimeout(resolve, 400));
    stores.server.resume();
    expect(await writing).toMatchObject({ type: 'written', revision: revision + 1, repeated: false });
  });

  test('ends its requests when the connection is lost, before their time is up', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    await stores.server.pause();
    const writing = a.write(
      { name: 'k', record: new Uint8Array([2]), after: revision, id: 'cut', certainEpoch: true },
      { timeoutMs: 600_000 },
    );
    await stores.server.stop('SIGKILL');
    expect(await writing).toMatchObject({
      type: 'unknown',
      reason: expect.stringMatching(/connection to NATS at .* was lost/) as string,
    });
    expect(await a.read('k', SHORT)).toMatchObject({ type: 'unreachable' });
    // Version 3 of the client throws outside of every promise if it is closed in the moment in which its server goes.
    await eventually(async () => expect(await b.read('k', SHORT)).toMatchObject({ type: 'unreachable' }));
  });

  test('makes its stream anew when somebody has deleted it, with a higher epoch and without its records', async () => {
    const first = await putSurely(a, 'k', 'one');
    await putSurely(b, 'other', 'x');
    await stores.administer(`STREAM.DELETE.${BUCKET}`);
    expect(await put(a, 'k', 'two', { after: first.revision })).toEqual({ type: 'refused' });
    expect(await get(a, 'k')).toBeUndefined();
    const second = await putSurely(a, 'k', 'three');
    expect(second.revision).toBe(1);
    expect(second.epoch + second.revision).toBeGreaterThan(first.epoch + first.revision);
    // The other node has not asked since, and learns of the new epoch by its first write.
    const write = { name: 'b', record: new Uint8Array([1]), after: 0, id: 'b-1', certainEpoch: true };
    expect((await settle(b, write)).epoch).toBe(second.epoch);
  });

  test('learns of a stream that others made anew also where the epoch need not be certain', async () => {
    for (let i = 0; i < 5; i += 1) await putSurely(b, `k${i}`, 'x');
    await stores.administer(`STREAM.DELETE.${BUCKET}`);
    const { epoch } = await putSurely(a, 'k', 'one');
    const write = { name: 'b', record: new Uint8Array([1]), after: 0, id: 'b-1', certainEpoch: false };
    const outcome = await b.write(write, { timeoutMs: 5000 });
    // The revision is one that the earlier life had already, so the write is not taken for one of that life.
    expect(outcome).toMatchObject({
      type: 'unknown',
      reason: expect.stringMatching(/was made anew meanwhile/) as string,
    });
    expect(await b.write(write, { timeoutMs: 5000 })).toMatchObject({
      type: 'written',
      epoch,
      repeated: true,
    });
  });

  test('finds out about a deleted stream when only a watch of another node heard its write', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    let hints = 0;
    b.watch('k', () => (hints += 1));
    await get(b, 'k');
    await stores.administer(`STREAM.DELETE.${BUCKET}`);
    // Somebody listens, so the server does not say that nobody does; and nobody acknowledges.
    const write = {
      name: 'k',
      record: new Uint8Array([2]),
      after: revision,
      id: 'unheard',
      certainEpoch: true,
    };
    expect(await a.write(write, SHORT)).toMatchObject({ type: 'unknown' });
    await eventually(() => expect(hints).toBeGreaterThanOrEqual(1));
    expect(await a.write(write, { timeoutMs: 5000 })).toEqual({ type: 'refused' });
    expect(await putSurely(a, 'k', 'two')).toMatchObject({ revision: 1 });
  });

  test('shows a store that was restored from an older copy: the epoch is the same, and revisions repeat', async () => {
    const { server } = stores;
    const files = join(server.directory, 'jetstream');
    const copy = join(server.directory, 'copy');
    const first = await putSurely(a, 'k', 'one');
    await server.stop('SIGTERM');
    cpSync(files, copy, { recursive: true });
    await server.start();
    await eventually(async () => expect((await a.read('k', SHORT)).type).toBe('found'));
    const lost = await putSurely(a, 'k', 'two', { after: first.revision });
    await server.stop('SIGTERM');
    rmSync(files, { recursive: true });
    cpSync(copy, files, { recursive: true });
    await server.start();
    await eventually(async () => expect((await a.read('k', SHORT)).type).toBe('found'));
    expect(await get(a, 'k')).toEqual({ text: 'one', revision: first.revision, epoch: first.epoch });
    expect(await put(a, 'k', 'three', { after: lost.revision })).toEqual({ type: 'refused' });
    const again = await putSurely(a, 'k', 'three', { after: first.revision });
    expect(again).toEqual({ ...lost, repeated: false });
  });

  test('works on a connection whose messages are signed with a secret', async () => {
    const keys = { k1: 'a shared secret of at least 32 bytes, for tests' };
    const signed = await stores.open({ client: { secret: { signWith: 'k1', keys } } });
    const { revision } = await putSurely(signed, 'k', 'one');
    expect(await get(b, 'k')).toMatchObject({ revision, text: 'one' });
    expect(await get(signed, 'k')).toMatchObject({ revision, text: 'one' });
  });
});
