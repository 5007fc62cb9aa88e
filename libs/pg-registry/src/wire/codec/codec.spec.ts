import { DEFAULT_VALUE_LIMITS, normalValue, Pid, PidInterner, type Value } from '../../term';
import { DecodeError, Reader, Writer } from '.';
import { wireOrder } from './byte-order';

const pids = new PidInterner();
const limits = DEFAULT_VALUE_LIMITS;
const normal = (value: unknown): Value => normalValue(value, limits, pids);
const reader = (bytes: readonly number[] | Uint8Array): Reader =>
  new Reader(Uint8Array.from(bytes), { pids, limits });

function encode(...values: unknown[]): Uint8Array {
  const writer = new Writer();
  for (const value of values) writer.value(normal(value));
  return writer.finish();
}

function uint(n: number): number[] {
  const writer = new Writer();
  writer.uint(n);
  return [...writer.finish()];
}

describe('A Reader', () => {
  it.each([
    'é',
    'aé',
    'éa',
    'ßüé',
    '\u0080\u07ff',
    '日本',
    'é日',
    '👋',
    'é'.repeat(6),
    'é'.repeat(7),
    '\ufeffé',
  ])('reads the text %j as it was written', (text) => {
    expect(reader(encode(text)).value()).toBe(text);
  });

  it('reads bigints of any number of bytes as they were written', () => {
    for (let bytes = 1n; bytes <= 20n; bytes += 1n) {
      for (const n of [1n << (8n * bytes - 1n), (1n << (8n * bytes)) - 1n, (0x81n << (8n * bytes)) + 0x7fn])
        for (const signed of [n, -n]) expect(reader(encode(signed)).value()).toBe(signed);
    }
  });
});

describe('A Writer', () => {
  test('a Writer does not change the bytes that it returned when it is used again', () => {
    const writer = new Writer();
    writer.value('first');
    const first = writer.finish();
    writer.reset();
    writer.value('other');
    expect(reader(first).value()).toBe('first');
    expect(reader(writer.finish()).value()).toBe('other');
  });

  test('a Writer writes the property names of equal shapes and the nodes of pids once per frame', () => {
    const list = Array.from({ length: 1000 }, (_, id) => ({
      name: 'x',
      online: true,
      pid: new Pid('orders', 'a'.repeat(16), id),
    }));
    expect(encode(list).length).toBeLessThan(1000 * 9);
    expect(reader(encode(...list)).value()).toEqual(list[0]);
  });

  test.each<[string, (at: number) => Value]>([
    ['property names', (at) => ({ ['n'.repeat(300)]: at })],
    ['names of nodes', (at) => new Pid('n'.repeat(300), 'a'.repeat(16), at)],
  ])('a Writer writes long %s again after 32 references, so that no byte stands for many', (_, make) => {
    const list = Array.from({ length: 100 }, (_each, at) => make(at));
    const bytes = encode(list);
    const copies = Buffer.from(bytes).toString('latin1').split('n'.repeat(300)).length - 1;
    expect(copies).toBe(4); // each is followed by 32 references
    expect(reader(bytes).value()).toEqual(list);
  });

  test('a Writer refers to the right names after a row was taken back in which it wrote long ones again', () => {
    const row = (at: number): Value => normal({ ['n'.repeat(300)]: at });
    const writer = new Writer();
    for (let at = 0; at < 33; at += 1) writer.value(row(at));
    const before = writer.length;
    writer.value(row(33));
    writer.truncate(before);
    writer.value(normal({ other: 1 }));
    writer.value(row(34));
    const back = reader(writer.finish());
    const values = Array.from({ length: 35 }, () => back.value());
    expect(values.slice(33)).toEqual([{ other: 1 }, row(34)]);
  });

  test('a Writer starts each frame without shapes and nodes, and truncate removes them again', () => {
    const value = normal({ a: [{ b: 1 }], pid: new Pid('orders', 'a'.repeat(16), 1) });
    const alone = encode(value);
    const writer = new Writer();
    writer.value(value);
    writer.reset();
    writer.value(value);
    expect(writer.finish()).toEqual(alone);
    writer.truncate(0);
    writer.u8(7);
    const mark = writer.length;
    writer.value(value);
    writer.truncate(mark);
    writer.value(value);
    expect(writer.view()).toEqual(Uint8Array.of(7, ...alone));
  });

  test('a Writer keeps what was written before a truncate', () => {
    const writer = new Writer();
    writer.value(normal({ a: 1 }));
    const mark = writer.length;
    writer.value(normal({ b: 2 }));
    writer.truncate(mark);
    writer.value(normal({ a: 3 }));
    writer.value(normal({ c: 4 }));
    const read = reader(writer.finish());
    expect([read.value(), read.value(), read.value()]).toEqual([{ a: 1 }, { a: 3 }, { c: 4 }]);
  });

  test('a Writer carries more shapes than fit into one byte', () => {
    const list = Array.from({ length: 300 }, (_, i) => ({ [`name${i % 150}`]: i }));
    expect(reader(encode(list)).value()).toEqual(list);
  });

  test('a Writer carries numbers, bytes and text of any length beside values', () => {
    const writer = new Writer();
    const numbers = [0, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER];
    for (const n of numbers) writer.uint(n);
    for (const length of [0, 12, 13, 48, 49, 127, 128, 5000])
      writer.string('é'.repeat(length) + 'x'.repeat(length));
    writer.bytes(Uint8Array.of(1, 2));
    writer.raw(Uint8Array.of(3, 4));
    writer.u8(5);
    const read = reader(writer.finish());
    expect(numbers.map(() => read.uint())).toEqual(numbers);
    for (const length of [0, 12, 13, 48, 49, 127, 128, 5000]) {
      expect(read.string()).toBe('é'.repeat(length) + 'x'.repeat(length));
    }
    expect([read.bytes(), read.raw(1), read.remaining, read.rest()]).toEqual([
      Uint8Array.of(1, 2),
      Uint8Array.of(3),
      2,
      Uint8Array.of(4, 5),
    ]);
    read.end();
  });

  test.each([-1, 0.5, 2 ** 53, NaN])('a Writer refuses to write %p as uint', (n) => {
    expect(() => new Writer().uint(n)).toThrow(RangeError);
  });
});

describe('A Reader', () => {
  test('a Reader returns the interned pids of its node', () => {
    const there = new Pid('orders', 'a'.repeat(16), 1);
    const [here, again] = [pids.intern('orders', 'a'.repeat(16), 1), reader(encode(there)).value()];
    expect(again).toBe(here);
  });

  test('a Reader keeps a byte order mark and characters beyond the basic plane', () => {
    for (const text of ['\ufeffa', 'a😀', '\0'.repeat(70)]) expect(reader(encode(text)).value()).toBe(text);
  });

  test.each<[string, readonly number[], RegExp]>([
    ['nothing', [], /truncated/],
    ['an unknown tag', [0xff], /unknown tag 255/],
    ['a huge string', [0xe9, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge array', [0xea, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge Map', [0xf0, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge Set', [0xf1, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge object', [0xeb, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge typed array', [0xf2, 1, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a huge bigint', [0xe7, 0xff, 0xff, 0xff, 0x7f], /announced/],
    ['a varint that never ends', [0xe4, ...Array<number>(20).fill(0xff)], /varint/],
    ['a varint with a zero to spare', [0xe4, 0xc0, 0x80, 0x00], /varint/],
    ['2^53', [0xe4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], /varint/],
    ['an integer longer than necessary', [0xe4, 5], /shortest/],
    [
      'a negative integer that is not safe',
      [0xe5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
      /not safe/,
    ],
    ['-0', [0xe6, 0, 0, 0, 0, 0, 0, 0, 0x80], /-0/],
    ['an integer as float', [0xe6, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f], /integer/],
    ['a bigint with a zero to spare', [0xe7, 2, 0, 1], /shortest/],
    ['no UTF-8', [0x41, 0xff], /UTF-8/],
    ['a letter in two bytes', [0x42, 0xc1, 0xa1], /UTF-8/],
    ['a character without its second byte', [0x42, 0x61, 0xc3], /UTF-8/],
    ['a character whose second byte is none', [0x42, 0xc3, 0x61], /UTF-8/],
    ['a second byte without a first', [0x41, 0xa9], /UTF-8/],
    ['half a surrogate pair', [0x43, 0xed, 0xa0, 0xbd], /UTF-8/],
    ['a __proto__ key', [0xeb, 1, 9, ...Buffer.from('__proto__'), 1], /__proto__/],
    ['a property twice', [0xeb, 2, 1, 0x61, 1, 0x61, 1, 1], /twice/],
    ['an unknown shape', [0xa3], /unknown shape/],
    ['an unknown home', [0xee, 0, 1], /unknown home/],
    ['a pid without a node', [0xed, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1], /without a node/],
    ['an invalid date', [0xef, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], /date/],
    ['a Map with a key twice', [0xf0, 2, 0x81, 1, 1, 0x81, 1, 2], /twice/],
    ['a Set with a member twice', [0xf1, 2, 5, 5], /twice/],
    ['half an element', [0xf2, 4, 3, 1, 2, 3], /element/],
    ['an unknown kind of bytes', [0xf2, 99, 0], /kind/],
    ['too many levels', Array<number>(100).fill(0x81), /levels/],
  ])('a Reader refuses %s', (_what, bytes, message) => {
    const read = (): Value => reader(bytes).value();
    expect(read).toThrow(DecodeError);
    expect(read).toThrow(message);
  });

  test.each<[string, (length: number) => number[], number, number[]]>([
    ['property names', (n) => [0xeb, 1, ...uint(n), ...Array<number>(n).fill(0x6e), 0], 64, [0xa0, 0]],
    [
      'names of nodes',
      (n) => [0xed, ...uint(n), ...Array<number>(n).fill(0x6e), ...Array<number>(8).fill(0xaa), 0],
      86,
      [0xee, 0, 0],
    ],
  ])(
    'a Reader refuses the 33rd reference to %s that take 32 times as much as it',
    (_, head, short, reference) => {
      const list = (length: number, count: number): number[] => [
        0xea,
        ...uint(count + 1),
        ...head(length),
        ...Array.from({ length: count }, () => reference).flat(),
      ];
      const read = (length: number, count: number): unknown => reader(list(length, count)).value();
      expect(read(300, 32)).toHaveLength(33);
      expect(() => read(300, 33)).toThrow(/^Byte \d+: more than 32 references to a long (name|shape)\.$/);
      expect(read(short - 5, 500)).toHaveLength(501);
    },
  );

  test('a Reader refuses bytes behind the end', () => {
    const read = reader([1, 2]);
    read.value();
    expect(() => read.end()).toThrow('1 bytes too many');
  });

  test('a Reader refuses values in a key that no key may contain, at any depth', () => {
    for (const value of [undefined, [new Date(0)], { a: new Map() }, [[new Set()]], new Uint8Array(1)]) {
      expect(() => reader(encode(value)).key()).toThrow(DecodeError);
    }
    expect(reader(encode({ a: [null, 1n] })).key()).toEqual({ a: [null, 1n] });
  });

  test('a Reader limits the length of a text if told to', () => {
    const writer = new Writer();
    writer.string('abcd');
    expect(() => reader(writer.view()).string(3)).toThrow(DecodeError);
    expect(reader(writer.view()).string(4)).toBe('abcd');
  });

  test('names that look alike to the memory of names are told apart, whatever was read before', () => {
    const alike = ['count', 'coait', 'c\u0000\u0000\u0000t', 'câ\u0000t', 'c…t', 'count', 'câ\u0000t'];
    const writer = new Writer();
    for (const name of [...alike, ...alike]) writer.string(name);
    const read = reader(writer.view());
    expect([...alike, ...alike].map(() => read.string())).toEqual([...alike, ...alike]);
    read.end();
  });

  test('a name that was read before is still refused if it is too long or cut off', () => {
    const writer = new Writer();
    writer.string('remembered');
    expect(reader(writer.view()).string()).toBe('remembered');
    expect(() => reader(writer.view()).string(4)).toThrow(DecodeError);
    expect(() => reader(writer.view().subarray(0, 6)).string()).toThrow(DecodeError);
  });
});

describe('The order of bytes on the wire', () => {
  test('bytes of typed arrays are swapped within each element on a big-endian host only', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    expect(wireOrder(bytes, 2, true)).toBe(bytes);
    expect(wireOrder(bytes, 2, false)).toEqual(Uint8Array.of(2, 1, 4, 3));
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});
