import { PidInterner } from '../../../libs/pg-registry/src/term';
import { Reader, WeightLimitError, Writer } from '../../../libs/pg-registry/src/wire';
import { TAG } from '../../../libs/pg-registry/src/wire/codec/tag';

/** A part of a hostile value, and how it goes on. */
export interface Part {
  readonly name: string;
  /** Writes the `at`th of many. */
  readonly write: (writer: Writer, at: number) => void;
}

function numbered(tag: number, rest: (writer: Writer, at: number) => void): Part['write'] {
  return (writer, at) => {
    writer.u8(tag);
    rest(writer, at);
  };
}

/** A pid of the home that was written first, or that home. */
function pid(writer: Writer, at: number): void {
  if (at === 0) {
    writer.u8(TAG.newHome);
    writer.string('m');
    writer.hex('b'.repeat(16));
  } else {
    writer.u8(TAG.oldHome);
    writer.uint(0);
  }
  writer.uint(at);
}

function pidOfNewHome(writer: Writer, at: number): void {
  writer.u8(TAG.newHome);
  writer.string(`n${at}`);
  writer.hex('b'.repeat(16));
  writer.uint(0);
}

function collection(tag: number, ...members: readonly Part['write'][]): Part['write'] {
  return (writer, at) => {
    writer.u8(tag);
    writer.uint(tag === TAG.map ? members.length / 2 : members.length);
    for (const member of members) member(writer, at);
  };
}

function array(...members: readonly Part['write'][]): Part['write'] {
  return (writer, at) => {
    writer.u8(0x80 + members.length);
    for (const member of members) member(writer, at);
  };
}

const small: Part['write'] = (writer) => writer.u8(1);
const two: Part['write'] = (writer) => writer.u8(2);
const number: Part['write'] = (writer, at) => writer.value(at);
const emptyArray: Part['write'] = (writer) => writer.u8(0x80);

export const NUMBERS: Part = { name: 'numbers', write: number };

/** What a value of the largest size may consist of. */
export const PARTS: readonly Part[] = [
  { name: 'empty arrays', write: emptyArray },
  { name: 'arrays of one number', write: array(small) },
  { name: 'arrays of five numbers', write: array(small, two, small, two, small) },
  { name: 'arrays of an array', write: array(emptyArray) },
  { name: 'empty texts', write: (writer) => writer.u8(0x40) },
  { name: 'texts of a letter', write: (writer) => writer.value('a') },
  { name: 'texts beyond ASCII', write: (writer) => writer.value('é') },
  NUMBERS,
  { name: 'fractions', write: (writer, at) => writer.value(at + 0.5) },
  { name: 'bigints', write: (writer, at) => writer.value(BigInt(at)) },
  { name: 'long bigints', write: (writer, at) => writer.value(-(2n ** 64n) - BigInt(at)) },
  { name: 'empty objects', write: (writer, at) => (at === 0 ? writer.value({}) : writer.u8(0xa0)) },
  { name: 'objects of one kind', write: (writer) => writer.value({ a: 1, b: 2 }) },
  { name: 'objects of new kinds', write: (writer, at) => writer.value({ [at.toString(36)]: 1 }) },
  {
    name: 'objects of new kinds with many names',
    write: (writer, at) =>
      writer.value(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${at}.${i}`, 1]))),
  },
  { name: 'dates', write: (writer, at) => writer.value(new Date(at)) },
  { name: 'empty Maps', write: collection(TAG.map) },
  { name: 'Maps of one number', write: collection(TAG.map, small, two) },
  { name: 'Maps with an array as key', write: collection(TAG.map, array(number), small) },
  {
    name: 'Maps with two arrays as keys',
    write: collection(TAG.map, array(small), small, array(two), small),
  },
  { name: 'empty Sets', write: collection(TAG.set) },
  { name: 'Sets of a number', write: collection(TAG.set, small) },
  { name: 'Sets of two numbers', write: collection(TAG.set, small, two) },
  { name: 'Sets of two arrays', write: collection(TAG.set, array(small), array(two)) },
  { name: 'Sets of two Sets', write: collection(TAG.set, collection(TAG.set), collection(TAG.set, small)) },
  { name: 'empty byte arrays', write: numbered(TAG.bytes, (writer) => writer.raw(Uint8Array.of(1, 0))) },
  { name: 'ArrayBuffers', write: numbered(TAG.bytes, (writer) => writer.raw(Uint8Array.of(0, 1, 7))) },
  { name: 'arrays of bigints as bytes', write: numbered(TAG.bytes, (writer) => writer.raw(Uint8Array.of(10, 8, 1, 2, 3, 4, 5, 6, 7, 8))) }, // prettier-ignore
  { name: 'pids', write: pid },
  { name: 'the same pid', write: (writer, at) => pid(writer, at === 0 ? 0 : 1) },
  { name: 'pids of new nodes', write: pidOfNewHome },
  { name: 'Sets of a pid', write: collection(TAG.set, pid) },
  { name: 'Sets of two pids', write: collection(TAG.set, pid, (writer, at) => pid(writer, at + 2 ** 20)) },
];

/** One collection around all parts. */
export const AROUND: Readonly<Record<string, number>> = {
  'an array': TAG.array,
  'a Set': TAG.set,
  'a Map': TAG.map,
};

/** Writes a collection of as many different parts as fit into so many bytes. */
export function writeRepeated(writer: Writer, { write }: Part, tag: number, bytes: number): void {
  const parts = new Writer();
  let count = 0;
  while (parts.length < bytes) {
    write(parts, count);
    if (tag === TAG.map) parts.u8(0);
    count += 1;
  }
  writer.u8(tag);
  writer.uint(count);
  writer.raw(parts.view());
}

/** What is tried next if a value weighs too much. */
const LESS = 0.95;
const limits = { maxKeyBytes: Infinity, maxValueBytes: Infinity, maxDepth: 256 };

/**
 * Makes values as {@link writeRepeated} does, as large as a reader takes them: one that weighs too much is refused at once, and so it is
 * not the one that costs most.
 */
export function heaviest(part: Part, tag: number): (bytes: number) => Uint8Array {
  let known: { readonly of: number; readonly value: Uint8Array } | undefined;
  return (bytes) => {
    for (let size = bytes; known?.of !== bytes; size *= LESS) {
      const writer = new Writer();
      writeRepeated(writer, part, tag, size);
      const value = writer.finish();
      if (!isTooHeavy(value)) known = { of: bytes, value };
    }
    return known.value;
  };
}

function isTooHeavy(value: Uint8Array): boolean {
  try {
    new Reader(value, { pids: new PidInterner(), limits }).value();
    return false;
  } catch (error) {
    return error instanceof WeightLimitError;
  }
}
