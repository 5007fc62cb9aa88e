import * as fc from 'fast-check';
import { DecodeError } from './codec';
import { decodeFrame, encodeFrame, FRAME_OVERHEAD_BYTES, MAX_EPOCH, type Envelope } from './frame';
import { FRAME_KINDS } from './frame-kinds';
import { decodeHello, encodeHello, type Hello } from '../cluster/hello';

const incarnation = fc.stringMatching(/^[0-9a-f]{16}$/);
const envelope: fc.Arbitrary<Envelope> = fc
  .record({
    version: fc.nat(300),
    node: fc.string({ unit: 'grapheme', maxLength: 20 }),
    incarnation,
    epoch: fc.integer({ min: 0, max: MAX_EPOCH }),
    kind: fc.constantFrom(...FRAME_KINDS),
  })
  .map((fields) => ({
    ...fields,
    versions: fields.kind === 'hello' || fields.kind === 'discover' ? { min: 1, max: 3 } : undefined,
  }));

const uint = fc.nat(2 ** 31 - 1);
const hello: fc.Arbitrary<Hello> = fc.record({
  beat: uint,
  discover: fc.boolean(),
  draining: fc.boolean(),
  serverId: fc.string({ maxLength: 60 }),
  revision: uint,
  since: fc.option(uint, { nil: undefined }),
  page: fc.nat(3),
  pages: fc.integer({ min: 4, max: 9 }),
  running: fc.array(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 20 }),
      keys: fc.constantFrom('unique' as const, 'duplicate' as const),
      run: uint,
      last: uint,
      count: uint,
      hashHigh: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      hashLow: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    }),
    { maxLength: 5 },
  ),
  stopped: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 5 }),
});

/** Runs a decoder on bytes from anywhere; gives back what it threw that is no DecodeError. */
function faultOf(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    decode(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) return error;
  }
  return undefined;
}

/** Runs a decoder on random bytes, and on truncated and mutated real ones; gives back the first fault. */
function fuzz<T>(
  decode: (bytes: Uint8Array) => unknown,
  real: fc.Arbitrary<T>,
  encode: (from: T) => Uint8Array,
): unknown {
  const faults: unknown[] = [];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void faults.push(faultOf(decode, bytes))),
  );
  fc.assert(
    fc.property(real, fc.nat(), fc.nat(255), (from, place, byte) => {
      const bytes = encode(from);
      faults.push(faultOf(decode, bytes.subarray(0, place % bytes.length)));
      bytes[place % bytes.length] = byte;
      faults.push(faultOf(decode, bytes));
    }),
  );
  return faults.find((fault) => fault !== undefined);
}

describe('a frame', () => {
  it('a frame is decoded into what was encoded', () => {
    fc.assert(
      fc.property(envelope, fc.uint8Array({ maxLength: 50 }), (head, body) => {
        const frame = decodeFrame(encodeFrame(head, body));
        expect({ ...frame, body: [...frame.body] }).toEqual({ ...head, body: [...body] });
      }),
    );
  });

  it('a frame adds no more than its overhead', () => {
    const head = {
      version: 1,
      node: 'ü'.repeat(64),
      incarnation: 'f'.repeat(16),
      epoch: MAX_EPOCH,
      kind: 'hello' as const,
    };
    expect(encodeFrame({ ...head, versions: { min: 1, max: 1 } }).length).toBeLessThan(
      FRAME_OVERHEAD_BYTES - 130,
    );
  });

  it('decoding a truncated, mutated or random frame throws nothing but a DecodeError', () => {
    expect(fuzz(decodeFrame, envelope, (head) => encodeFrame(head, Uint8Array.of(1, 2, 3)))).toBeUndefined();
  });

  it('a frame with an epoch beyond every clock is refused', () => {
    const bytes = encodeFrame({
      version: 1,
      node: 'a',
      incarnation: '0'.repeat(16),
      epoch: MAX_EPOCH + 1,
      kind: 'goodbye',
      versions: undefined,
    });
    expect(() => decodeFrame(bytes)).toThrow(DecodeError);
  });
});

const NOTHING_NEW: Hello = {
  beat: 1,
  discover: false,
  draining: false,
  serverId: '',
  revision: 1,
  since: undefined,
  page: 0,
  pages: 1,
  running: [],
  stopped: [],
};
const NO_ENTRIES = { keys: 'duplicate', run: 0, last: 0, count: 0, hashHigh: 0, hashLow: 0 } as const;

describe('a hello', () => {
  it('a hello is decoded into what was encoded', () => {
    fc.assert(fc.property(hello, (said) => expect(decodeHello(encodeHello(said))).toEqual(said)));
  });

  it('decoding a truncated, mutated or random hello throws nothing but a DecodeError', () => {
    expect(fuzz(decodeHello, hello, encodeHello)).toBeUndefined();
  });

  it('a hello that declares more scopes than it has bytes is refused before anything is allocated', () => {
    const empty = encodeHello(NOTHING_NEW);
    const huge = Uint8Array.of(...empty.subarray(0, empty.length - 2), 0xff, 0xff, 0xff, 0xff, 0x7f);
    expect(() => decodeHello(huge)).toThrow(DecodeError);
  });

  it('a hello with more scopes than a node writes in a page is refused before they are read', () => {
    const names = Array.from({ length: 16_385 }, (_, at) => `s${at}`);
    const running = names.map((name) => ({ ...NO_ENTRIES, name }));
    const most = { running: running.slice(1), stopped: names.slice(1) };
    expect(decodeHello(encodeHello({ ...NOTHING_NEW, ...most }))).toMatchObject(most);
    expect(() => decodeHello(encodeHello({ ...NOTHING_NEW, running }))).toThrow('more than 16384');
    expect(() => decodeHello(encodeHello({ ...NOTHING_NEW, stopped: names }))).toThrow('more than 16384');
  });
});
