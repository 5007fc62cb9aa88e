import { Writer, Reader } from '../../../libs/pg-registry/src/wire';
import { type Found, Fuzzer } from './fuzzer';
import { sizeOf } from './input';
import { Fault, type Target } from './target';

/** The counters of blocks, as `instrument.cjs` would make them. */
const blocks = {
  counts: new Uint32Array(16),
  places: Array.from({ length: 16 }, (_, block) => `planted.ts:${block}`),
};
const enter = (block: number): void => void (blocks.counts[block] += 1);

/** Reads a number, a text and a list, and behaves badly only where all three are special. */
function planted(body: Uint8Array, misbehave: (list: readonly number[]) => void): void {
  const reader = new Reader(body);
  enter(0);
  const number = reader.uint();
  if (number > 1000) enter(1);
  else return;
  const text = reader.string();
  if (text.length === 3) enter(2);
  else return;
  const list = Array.from({ length: reader.count() }, () => reader.uint());
  if (list.length > 3) enter(3);
  else return;
  misbehave(list);
}

function targetWith(misbehave: (list: readonly number[]) => void): Target {
  const run = (body: Uint8Array): void => {
    try {
      planted(body, misbehave);
    } catch (error) {
      if ((error as Error).name !== 'DecodeError') throw error;
    }
  };
  const writer = new Writer();
  writer.uint(1);
  writer.string('a');
  writer.uint(1);
  writer.uint(7);
  const seed = [{ kind: 0, how: 0, wait: 0, body: writer.finish() }];
  return {
    name: 'planted',
    about: '',
    kinds: [0],
    mostMessages: 3,
    bound: (input) => 100 + 10 * sizeOf(input),
    seeds: () => [seed],
    read: ({ body }) => planted(body, () => undefined),
    run: (input, start) => {
      start();
      for (const { body } of input) run(body);
    },
  };
}

async function search(target: Target, executions: number, seed = 1): Promise<Found[]> {
  const found: Found[] = [];
  const fuzzer = new Fuzzer({
    targets: [target],
    seed,
    keptOf: () => [],
    onFound: (finding) => found.push(finding),
  });
  try {
    await fuzzer.begin();
    let runs = 0;
    await fuzzer.search(() => found.length > 0 || (runs += 1) > executions);
  } finally {
    fuzzer.close();
  }
  return found;
}

describe('the fuzzer', () => {
  beforeAll(() => Object.assign(globalThis, { pgRegistryBlocks: blocks }));
  afterAll(() => Object.assign(globalThis, { pgRegistryBlocks: undefined }));

  it('finds an exception behind three conditions, and makes its input as small as it can be', async () => {
    const [found] = await search(targetWith(() => { throw new TypeError('planted'); }), 20_000); // prettier-ignore
    expect(found.fault).toBe('TypeError: planted');
    expect(found.input).toHaveLength(1);
    expect(found.input[0].body.length).toBeLessThanOrEqual(16);
  });

  it('finds an input whose cost grows with the square of its size', async () => {
    const target = targetWith((list) => {
      for (const a of list) for (const b of list) if (a >= b) enter(4);
    });
    const [found] = await search(target, 20_000);
    expect(found.fault).toMatch(/^Fault: costs \d+ blocks where \d+ are allowed .* planted\.ts:4/);
  });

  it('finds a rejection that nobody handles', async () => {
    const rejected = new Error('nobody handles it');
    // Emitted, because jest ends a test with a real one.
    const target = targetWith(() => void process.emit('unhandledRejection', rejected, Promise.resolve()));
    const [found] = await search(target, 20_000);
    expect(found.fault).toContain('nobody handles it');
  });

  it('finds the same with the same seed', async () => {
    const misbehave = (): void => {
      throw new Fault('planted');
    };
    const [first, second] = [
      await search(targetWith(misbehave), 20_000, 5),
      await search(targetWith(misbehave), 20_000, 5),
    ];
    expect(first).toHaveLength(1);
    expect(second[0].input).toEqual(first[0].input);
  });
});
