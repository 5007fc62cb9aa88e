import { Reader } from '../../../libs/pg-registry/src/wire';
import type { Message } from './input';
import type { Target } from './target';

/** The methods of a Reader that read one field each. A field that is read within another one is not seen, unless it is in `bytes`. */
const METHODS = [
  'u8',
  'uint',
  'count',
  'float',
  'bytes',
  'raw',
  'hex',
  'string',
  'text',
  'key',
  'value',
] as const;

/** The type of a field: the Reader's method that reads it. */
export type FieldType = (typeof METHODS)[number];

/** A field of a body, as the library reads it. */
export interface Field {
  readonly type: FieldType;
  /** Where its first byte is in the body. */
  readonly start: number;
  /** Where it ends; its last byte is the one before. */
  readonly end: number;
}

type Method = (this: Reader, ...args: readonly unknown[]) => unknown;

/**
 * Finds out of which fields a body consists, by watching the library read it: so no format is described twice, and a new kind of frame has
 * fields as soon as it has a reader.
 */
export class FieldFinder {
  #body: Uint8Array | undefined;
  #fields: Field[] = [];
  #depth = 0;
  readonly #restore: (() => void)[] = [];

  constructor() {
    for (const type of METHODS) this.#stand(type);
  }

  /** The fields of a message's body in their order; fields of a bundled body come after the `bytes` field that they are in. */
  fieldsOf(message: Message, target: Pick<Target, 'read'>): readonly Field[] {
    this.#body = message.body;
    this.#fields = [];
    this.#depth = 0;
    try {
      target.read(message);
    } catch {
      // What was read before the fault has fields all the same.
    }
    this.#body = undefined;
    return this.#fields;
  }

  /** Gives the Reader its own methods back. */
  restore(): void {
    for (const restore of this.#restore) restore();
  }

  #stand(type: FieldType): void {
    const prototype = prototypeWith(type);
    if (prototype === undefined) return;
    const original = Reflect.get(prototype, type) as Method;
    // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment -- the method's own `this` is the Reader
    const finder = this;
    const method: Method = function (...args) {
      return finder.#watch(this, type, () => Reflect.apply(original, this, args));
    };
    Reflect.set(prototype, type, method);
    this.#restore.push(() => void Reflect.set(prototype, type, original));
  }

  #watch(reader: Reader, type: FieldType, read: () => unknown): unknown {
    if (this.#body === undefined || this.#depth > 0) return read();
    this.#depth += 1;
    const before = reader.position;
    try {
      const result = read();
      this.#note(reader, type, before);
      return result;
    } finally {
      this.#depth -= 1;
    }
  }

  #note(reader: Reader, type: FieldType, before: number): void {
    const body = this.#body!;
    // A view of nothing tells in which memory the reader reads, and where.
    const here = reader.raw(0);
    if (here.buffer !== body.buffer) return;
    const end = here.byteOffset - body.byteOffset;
    const start = end - (reader.position - before);
    if (start >= 0 && end <= body.length && end > start) this.#fields.push({ type, start, end });
  }
}

function prototypeWith(name: string): object | undefined {
  let prototype: object | null = Reader.prototype;
  while (prototype !== null && !Object.hasOwn(prototype, name)) prototype = Reflect.getPrototypeOf(prototype);
  return prototype ?? undefined;
}
