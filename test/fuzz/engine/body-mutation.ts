import { PidInterner, type Value } from '../../../libs/pg-registry/src/term';
import { MAX_WIRE_DEPTH, Reader, Writer } from '../../../libs/pg-registry/src/wire';
import type { SeededRandom } from '../../support/seeded-random';
import type { Field } from './fields';
import { anyCount, anyUint, anyValue, isKey, mutateValue, TEXTS } from './value-mutation';

/** A body, and the fields that its reader found in it. */
export interface ReadBody {
  readonly body: Uint8Array;
  readonly fields: readonly Field[];
  /** Whether the library can read another body in its place, to the end. */
  readonly isRead: (body: Uint8Array) => boolean;
}

/** The number that counts a list is among the last ones before it, or among the first ones of the body. */
const MOST_COUNTS = 8;

const MOST_BYTES = 2 ** 16;
/** Most bodies stay below this: what grows with the square of the size shows there, too. */
const USUAL_BYTES = 2 ** 12;
const LIMITS = { maxKeyBytes: MOST_BYTES, maxValueBytes: MOST_BYTES, maxDepth: MAX_WIRE_DEPTH };

/** Changes a body: mostly a field, so that it is read to its end; otherwise its bytes, so that it is not. */
export function mutateBody(base: ReadBody, donor: ReadBody, random: SeededRandom): Uint8Array {
  const isForFields = base.fields.length > 0 && random.chance(0.75);
  const mutated = isForFields
    ? mutateFields(base, donor, random)
    : mutateBytes(base.body, donor.body, random);
  const most = random.chance(0.02) ? MOST_BYTES : USUAL_BYTES;
  return mutated.length <= most ? mutated : mutated.slice(0, most);
}

function mutateFields(base: ReadBody, donor: ReadBody, random: SeededRandom): Uint8Array {
  const { body, fields } = base;
  const field = random.pick(fields);
  return random.weighted<() => Uint8Array>([
    [8, () => replaced(body, fields, field, mutatedField(body, field, random))],
    [2, () => replaced(body, fields, field, donated(body, field, donor, random))],
    [3, () => repeatedFields(base, random)],
    [1, () => withoutFields(base, random)],
  ])();
}

/** Puts bytes in the place of a field, and corrects the lengths of the `bytes` fields that it is in. */
function replaced(
  body: Uint8Array,
  fields: readonly Field[],
  { start, end }: Field,
  bytes: Uint8Array,
): Uint8Array {
  let [changed, from, to] = [concat(body.subarray(0, start), bytes, body.subarray(end)), start, end];
  const around = fields
    .filter((field) => field.type === 'bytes' && field.start < start && field.end >= end)
    .toSorted((a, b) => b.start - a.start);
  for (const outer of around) {
    const growth = changed.length - body.length;
    const content = contentOf(body.subarray(outer.start, outer.end));
    const head = new Writer();
    head.uint(Math.max(0, content.length + growth));
    const first = outer.end - content.length;
    changed = concat(changed.subarray(0, outer.start), head.finish(), changed.subarray(first));
    [from, to] = [outer.start, outer.end];
  }
  return from <= to ? changed : body;
}

/** What is behind the length of a `bytes` field. */
function contentOf(field: Uint8Array): Uint8Array {
  return new Reader(field).bytes();
}

function mutatedField(body: Uint8Array, { type, start, end }: Field, random: SeededRandom): Uint8Array {
  const bytes = body.subarray(start, end);
  const writer = new Writer();
  switch (type) {
    case 'u8':
      return Uint8Array.of(random.chance(0.8) ? random.below(12) : random.below(256));
    case 'uint':
    case 'count':
      writer.uint(random.chance(0.3) ? near(bytes, random) : anyUint(random));
      return writer.finish();
    case 'string':
      writer.string(random.pick(TEXTS));
      return writer.finish();
    case 'key':
    case 'value':
      return mutatedValue(bytes, type === 'key', random);
    case 'bytes':
      writer.bytes(mutateBytes(contentOf(bytes), bytes, random));
      return writer.finish();
    case 'float':
    case 'raw':
    case 'hex':
    case 'text':
    default:
      return Uint8Array.from(bytes, (byte) => (random.chance(0.3) ? random.below(256) : byte));
  }
}

/** A number that differs a little from the one that is there. */
function near(bytes: Uint8Array, random: SeededRandom): number {
  const number = new Reader(bytes).uint();
  return Math.min(
    Number.MAX_SAFE_INTEGER,
    Math.max(0, random.chance(0.2) ? number * 2 : number + random.below(9) - 4),
  );
}

function mutatedValue(bytes: Uint8Array, isForKey: boolean, random: SeededRandom): Uint8Array {
  let value: Value = null;
  try {
    value = new Reader(bytes, { pids: new PidInterner(), limits: LIMITS }).value();
  } catch {
    // It refers to something before it in its frame: another value takes its place.
  }
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const mutated = value === null ? anyValue(random) : mutateValue(value, random);
    if (isForKey && !isKey(mutated) && random.chance(0.95)) continue;
    const writer = new Writer();
    try {
      writer.value(mutated);
    } catch {
      continue; // Two members of a Set became one, or it is no value any more.
    }
    if (writer.length < MOST_BYTES) return writer.finish();
  }
  return bytes;
}

function donated(body: Uint8Array, field: Field, donor: ReadBody, random: SeededRandom): Uint8Array {
  const same = donor.fields.filter(({ type }) => type === field.type);
  if (same.length === 0) return body.subarray(field.start, field.end);
  const { start, end } = random.pick(same);
  return donor.body.subarray(start, end);
}

/** Writes some neighbouring fields many times. */
function repeatedFields(base: ReadBody, random: SeededRandom): Uint8Array {
  const { body, fields } = base;
  const first = random.below(fields.length);
  const span = fields.slice(first, first + 1 + random.below(random.chance(0.7) ? 3 : 8));
  const [{ start }, { end }] = [span[0], span.at(-1)!];
  if (end <= start) return body;
  const times = anyCount(random, Math.max(1, Math.min(2000, Math.floor(USUAL_BYTES / (end - start)))));
  const copies = random.chance(0.5) ? series(body, span, times, random) : sameAgain(body, start, end, times);
  const changes = random.chance(0.2) ? [] : [1, 8, 2].map((each) => (times - 1) * each);
  return recounted(base, { type: 'raw', start, end }, copies, changes);
}

/** Leaves some neighbouring fields out. */
export function withoutFields(base: ReadBody, random: SeededRandom): Uint8Array {
  const { body, fields } = base;
  if (fields.length === 0) return body;
  const first = random.below(fields.length);
  const last = Math.min(fields.length, first + anyCount(random, fields.length - first)) - 1;
  const [{ start }, { end }] = [fields[first], fields[last]];
  if (end <= start) return body;
  const count = last - first + 1;
  const items = [count, count / 2, count / 3, 1, 2].filter(Number.isInteger);
  const changes = items.flatMap((item) => [1, 8, 2].map((each) => -item * each));
  return recounted(base, { type: 'raw', start, end }, new Uint8Array(0), changes);
}

/**
 * Puts bytes in the place of fields, and corrects the number that counts them: it changes the numbers before them, one after the other, until
 * the library can read the body to its end.
 */
function recounted(
  { body, fields, isRead }: ReadBody,
  { start, end }: Field,
  bytes: Uint8Array,
  changes: readonly number[],
): Uint8Array {
  const uncounted = replaced(body, fields, { type: 'raw', start, end }, bytes);
  if (changes.length === 0 || isRead(uncounted)) return uncounted;
  const numbers = fields.filter((field) => isNumber(field) && field.end <= start);
  for (const count of [...numbers.slice(-3).toReversed(), ...numbers.slice(0, MOST_COUNTS)]) {
    const now = new Reader(body.subarray(count.start, count.end)).uint();
    for (const change of changes) {
      if (now + change < 0 || now + change > Number.MAX_SAFE_INTEGER) continue;
      const all = concat(uint(now + change), body.subarray(count.end, start), bytes);
      const counted = replaced(body, fields, { type: 'raw', start: count.start, end }, all);
      if (isRead(counted)) return counted;
    }
  }
  return uncounted;
}

function sameAgain(body: Uint8Array, start: number, end: number, times: number): Uint8Array {
  return concat(...Array.from({ length: times }, () => body.subarray(start, end)));
}

/** Fields many times as a list of differences has them: the first numbers are large, all others small and the same each time. */
function series(body: Uint8Array, span: readonly Field[], times: number, random: SeededRandom): Uint8Array {
  const copy = (numberOf: (at: number) => Uint8Array): Uint8Array =>
    concat(
      ...span.map((field, at) => (isNumber(field) ? numberOf(at) : body.subarray(field.start, field.end))),
    );
  const steps = span.map(() => uint(random.below(4)));
  const begin = copy(() => uint(random.pick([0, 10_000, 2 ** 40])));
  const step = copy((at) => steps[at]);
  return concat(begin, ...Array.from({ length: times - 1 }, () => step));
}

function isNumber({ type }: Field): boolean {
  return type === 'uint' || type === 'count';
}

function uint(number: number): Uint8Array {
  const writer = new Writer();
  writer.uint(number);
  return writer.finish();
}

/** Changes bytes without knowing what they mean. */
export function mutateBytes(body: Uint8Array, donor: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(body.length + 1);
  const length = Math.min(body.length - at, anyCount(random, 32));
  const [before, after] = [body.subarray(0, at), body.subarray(at + length)];
  return random.weighted<() => Uint8Array>([
    [3, () => Uint8Array.from(body, (byte, index) => (index === at ? byte ^ (1 << random.below(8)) : byte))],
    [3, () => concat(before, Uint8Array.of(random.below(256)), body.subarray(at + 1))],
    [2, () => concat(before, after)],
    [1, () => before.slice()],
    [
      2,
      () =>
        concat(
          before,
          Uint8Array.from({ length }, () => random.below(256)),
          body.subarray(at),
        ),
    ],
    [
      1,
      () =>
        concat(
          before,
          ...Array.from({ length: anyCount(random, 64) }, () => body.subarray(at, at + length)),
          after,
        ),
    ],
    [1, () => concat(before, donor.subarray(random.below(donor.length + 1)))],
  ])();
}

/** Joins bytes in memory of their own. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
