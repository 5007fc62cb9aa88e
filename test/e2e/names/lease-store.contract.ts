import { eventually } from '../../support/eventually';
import {
  type LeaseStore,
  type LeaseWrite,
  type LeaseWriteOutcome,
  type LeaseWritten,
  MAX_RECORD_BYTES,
} from '../../../libs/pg-registry/src/names/lease-store';

/** What the contract needs of a store: one store object for each node, and control over what they share. */
export interface LeaseStoreHarness {
  /** Returns the store of one more node. All of one namespace share their records. */
  store(namespace: string): Promise<LeaseStore>;
  /** Takes the server from all nodes, or gives it back. */
  setServer(up: boolean): Promise<void>;
  /** Ends everything. */
  dispose(): Promise<void>;
}

const OPTIONS = { timeoutMs: 5000 };

let ids = 0;

/** Writes a record that is a text. */
export function put(
  store: LeaseStore,
  name: string,
  record: string,
  options: { readonly after?: number | string; readonly id?: string } = {},
): Promise<LeaseWriteOutcome> {
  const write: LeaseWrite = {
    name,
    record: new TextEncoder().encode(record),
    after: options.after ?? 0,
    id: options.id ?? `contract-${process.pid}-${ids++}`,
    certainEpoch: true,
  };
  return store.write(write, OPTIONS);
}

/** Writes a record, and fails if the store did not. */
export async function putSurely(
  store: LeaseStore,
  name: string,
  record: string,
  options: { readonly after?: number; readonly id?: string } = {},
): Promise<LeaseWritten> {
  const outcome = await put(store, name, record, options);
  if (outcome.type !== 'written') throw new Error(`The store answered ${JSON.stringify(outcome)}.`);
  return outcome;
}

/** Reads a record as a text; `undefined` if there is none. */
export async function get(
  store: LeaseStore,
  name: string,
): Promise<{ readonly text: string; readonly revision: number; readonly epoch: number } | undefined> {
  const outcome = await store.read(name, OPTIONS);
  if (outcome.type === 'absent') return undefined;
  if (outcome.type !== 'found') throw new Error(`The store answered ${JSON.stringify(outcome)}.`);
  return {
    text: new TextDecoder().decode(outcome.record),
    revision: outcome.revision,
    epoch: outcome.epoch,
  };
}

/** Defines the tests of everything that the port of lease stores promises (see `LeaseStore`). */
export function provesLeaseStoreContract(prepare: () => Promise<LeaseStoreHarness>): void {
  let harness: LeaseStoreHarness;
  let a: LeaseStore;
  let b: LeaseStore;
  let namespaces = 0;

  beforeAll(async () => {
    harness = await prepare();
  });
  beforeEach(async () => {
    namespaces += 1;
    a = await harness.store(`contract-${namespaces}`);
    b = await harness.store(`contract-${namespaces}`);
  });
  afterEach(() => {
    a.close();
    b.close();
  });
  afterAll(() => harness.dispose());

  test('a record that was written is read by every node, with its revision', async () => {
    expect(await get(b, 'k')).toBeUndefined();
    const written = await putSurely(a, 'k', 'one');
    expect(written.repeated).toBe(false);
    const { revision, epoch } = written;
    expect(await get(b, 'k')).toEqual({ text: 'one', revision, epoch });
    const second = await putSurely(b, 'k', 'two', { after: revision });
    expect(second.revision).toBeGreaterThan(revision);
    expect(await get(a, 'k')).toEqual({ text: 'two', revision: second.revision, epoch });
  });

  test('a write on another revision than the last is refused, and changes nothing', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    expect(await put(b, 'k', 'two')).toEqual({ type: 'refused' });
    expect(await put(b, 'k', 'two', { after: revision + 1 })).toEqual({ type: 'refused' });
    expect(await put(b, 'absent', 'two', { after: revision })).toEqual({ type: 'refused' });
    expect((await get(b, 'k'))?.text).toBe('one');
    expect(await get(b, 'absent')).toBeUndefined();
  });

  test('a write after the write of another one succeeds only if that has made the last record, which may be refused, too', async () => {
    await putSurely(a, 'k', 'one', { id: 'first' });
    expect(await put(b, 'k', 'two', { after: 'never-written' })).toEqual({ type: 'refused' });
    const second = await put(b, 'k', 'two', { after: 'first', id: 'second' });
    expect(['written', 'refused']).toContain(second.type);
    if (second.type === 'refused') return;
    expect((await get(a, 'k'))?.text).toBe('two');
    expect(await put(a, 'k', 'three', { after: 'first' })).toEqual({ type: 'refused' });
    expect(await put(b, 'k', 'two', { after: 'first', id: 'second' })).toEqual({ ...second, repeated: true });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => put(i % 2 === 0 ? a : b, 'k', String(i), { after: 'second' })),
    );
    expect(outcomes.filter(({ type }) => type === 'written')).toHaveLength(1);
    expect(outcomes.filter(({ type }) => type === 'refused')).toHaveLength(19);
  });

  test('of many writes on one revision, exactly one succeeds', async () => {
    const { revision } = await putSurely(a, 'k', 'first');
    const attempts = Array.from({ length: 50 }, (_, i) =>
      put(i % 2 === 0 ? a : b, 'k', String(i), { after: revision }),
    );
    const outcomes = await Promise.all(attempts);
    const winners = outcomes.flatMap(({ type }, i) => (type === 'written' ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ type }) => type === 'refused')).toHaveLength(49);
    expect((await get(a, 'k'))?.text).toBe(String(winners[0]));
  });

  test('revisions rise over all names, and epoch + revision is a safe integer', async () => {
    const seen: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const { revision, epoch } = await putSurely(i % 2 === 0 ? a : b, `k${i % 3}-${i}`, 'x');
      seen.push(revision);
      expect(Number.isSafeInteger(epoch + revision)).toBe(true);
    }
    expect(seen).toEqual([...new Set(seen)].toSorted((x, y) => x - y));
  });

  test('a repeated write is made once, and answered with its first revision', async () => {
    const first = await putSurely(a, 'k', 'one', { id: 'w1' });
    const again = await putSurely(b, 'k', 'one', { id: 'w1' });
    expect(again).toEqual({ ...first, repeated: true });
    await putSurely(b, 'k', 'two', { after: first.revision });
    expect(await putSurely(a, 'k', 'one', { id: 'w1' })).toEqual({ ...first, repeated: true });
    expect((await get(a, 'k'))?.text).toBe('two');
  });

  test('a repetition of a refused write is tried again', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    expect(await put(b, 'k', 'two', { after: revision + 5, id: 'w2' })).toEqual({ type: 'refused' });
    expect((await putSurely(b, 'k', 'two', { after: revision, id: 'w2' })).repeated).toBe(false);
  });

  test('names are told apart whatever characters they have and however long they are', async () => {
    const names = ['', ' ', '.', '*', '>', 'a', 'A', 'é', 'e\u0301', '\n', '\0', '💥', '~x', 'x'.repeat(200)];
    const long = ['y'.repeat(8000), `${'y'.repeat(8000)}z`];
    for (const name of [...names, ...long]) await putSurely(a, name, `is ${name.slice(-9)}`);
    for (const name of [...names, ...long]) expect((await get(b, name))?.text).toBe(`is ${name.slice(-9)}`);
  });

  test('a record may be empty, and may have as many bytes as a store must take', async () => {
    await putSurely(a, 'empty', '');
    expect((await get(b, 'empty'))?.text).toBe('');
    const large = 'x'.repeat(MAX_RECORD_BYTES);
    await putSurely(a, 'large', large);
    expect((await get(b, 'large'))?.text).toBe(large);
  });

  test('sender and store share no memory', async () => {
    await putSurely(a, 'k', 'mine');
    const read = await a.read('k', OPTIONS);
    if (read.type === 'found') read.record.fill(0);
    expect((await get(a, 'k'))?.text).toBe('mine');
  });

  test('namespaces have records of their own', async () => {
    const other = await harness.store(`contract-${namespaces}-other`);
    await putSurely(a, 'k', 'here');
    expect(await get(other, 'k')).toBeUndefined();
    await putSurely(other, 'k', 'there');
    expect((await get(b, 'k'))?.text).toBe('here');
    other.close();
  });

  test('a watch hears of the writes of its name by every node, until it is stopped', async () => {
    let hints = 0;
    const others: string[] = [];
    const heard: string[] = [];
    const watch = b.watch('k', (record) => {
      hints += 1;
      if (record !== undefined) heard.push(new TextDecoder().decode(record));
    });
    b.watch('other', () => others.push('other'));
    const { revision } = await putSurely(a, 'k', 'one');
    await eventually(() => expect(hints).toBeGreaterThanOrEqual(1));
    expect([...new Set(heard)]).toEqual(['one']);
    watch.stop();
    watch.stop();
    const before = hints;
    await putSurely(a, 'k', 'two', { after: revision });
    await putSurely(a, 'other', 'x');
    await eventually(() => expect(others.length).toBeGreaterThanOrEqual(1));
    expect(hints).toBe(before);
  });

  test('without its server, a request ends as unreachable or unknown; afterwards everything is there again', async () => {
    const { revision } = await putSurely(a, 'k', 'one');
    await harness.setServer(false);
    const short = { timeoutMs: 300 };
    const read = await a.read('k', short);
    expect(['unreachable', 'unknown']).toContain(read.type);
    const record = new Uint8Array([1]);
    const write = { name: 'k', record, after: revision, id: 'lost-1', certainEpoch: true };
    const outcome = await a.write(write, short);
    expect(['unreachable', 'unknown']).toContain(outcome.type);
    await harness.setServer(true);
    await eventually(async () => expect((await b.read('k', short)).type).toBe('found'));
    expect((await get(b, 'k'))?.revision).toBe(revision);
  });

  test('a closed store answers nothing more, and ends what is open', async () => {
    const open = put(a, 'k', 'one');
    a.close();
    a.close();
    expect(['unknown', 'unreachable']).toContain((await open).type);
    expect(['unknown', 'unreachable']).toContain((await a.read('k', OPTIONS)).type);
  });
}
