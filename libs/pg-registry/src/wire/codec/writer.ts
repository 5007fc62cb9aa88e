import {
  bytesKind,
  elementBytes,
  FrozenDate,
  FrozenMap,
  FrozenSet,
  isArray,
  isBytes,
  isDate,
  isMap,
  isPid,
  isRecord,
  isSet,
  LARGEST_INLINE_INTEGER,
  LONG_ARRAY_LENGTH,
  LONG_STRING_BYTES,
  originalBytes,
  type Bytes,
  type Pid,
  type Value,
  type ValueRecord,
} from '../../term';
import { wireOrder } from './byte-order';
import { ByteWriter } from './byte-writer';
import { mostReferencesToHome, mostReferencesToShape } from './references';
import { ShapeTable } from './shape-table';
import { RECENT_SHAPE, RECENT_SHAPES, SHORT_ARRAY, SHORT_STRING, TAG } from './tag';

/** Node and incarnation of a pid: written once in a frame, then referred to. */
interface Home {
  readonly node: string;
  readonly incarnation: string;
  readonly writtenAt: number;
  /** How often it may still be referred to. */
  references: number;
}

/** Among so many homes the one of a pid is found faster by looking at each. */
const FEW_HOMES = 8;

/**
 * Writes values in normal form. One Writer is one frame: property names and the homes of pids are written once and
 * then referred to by index, so what it wrote is read by one {@link Reader}, from the same start and in full. Of a stored
 * value it writes what was stored, whatever has been done to its bytes, Maps, Sets and Dates since (`STORED_VALUE`).
 *
 * Reusable after {@link reset}, which keeps the memory.
 */
export class Writer extends ByteWriter {
  readonly #shapes = new ShapeTable();
  readonly #homes: Home[] = [];
  /** Where the homes of an incarnation were written last, once they are many: to search 8,000 for each of as many pids took 0.3 s. */
  #homeIndexes: Map<string, number> | undefined;

  /**
   * A value, or key, in normal form.
   *
   * @throws TypeError for what cannot be one, such as a function
   */
  value(value: Value): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.u8(value ? TAG.true : TAG.false);
      case 'undefined':
        return this.u8(TAG.undefined);
      case 'bigint':
        return this.#bigint(value);
      case 'object':
        return value === null ? this.u8(TAG.null) : this.#object(value);
      case 'function':
      case 'symbol':
      default:
        throw new TypeError(`A ${typeof value} is no value.`);
    }
  }

  /** Takes back what was written beyond `length` bytes, the names and homes included. */
  override truncate(length: number): void {
    super.truncate(length);
    this.#shapes.truncate(length);
    this.#homeIndexes = undefined;
    while ((this.#homes.at(-1)?.writtenAt ?? -1) >= length) this.#homes.pop();
  }

  /** Begins a part, which refers to nothing that was written before, with room for its length in 4 bytes. @returns Where it begins */
  startPart(): number {
    this.#shapes.reset();
    if (this.#homes.length > 0) this.#homes.length = 0; // a call into V8's runtime, also for none
    this.#homeIndexes = undefined;
    this.u32(0); // its length, once it is known
    return this.length;
  }

  override reset(): void {
    super.reset();
    this.#shapes.reset();
    if (this.#homes.length > 0) this.#homes.length = 0; // a call into V8's runtime, also for none
    this.#homeIndexes = undefined;
  }

  #text(text: string): void {
    if (text.length < LONG_STRING_BYTES) {
      this.u8(SHORT_STRING + text.length);
      if (this.ascii(text)) return;
      super.truncate(this.length - 1);
    }
    const bytes = Buffer.byteLength(text);
    if (bytes < LONG_STRING_BYTES) {
      this.u8(SHORT_STRING + bytes);
    } else {
      this.u8(TAG.string);
      this.uint(bytes);
    }
    this.utf8(text, bytes);
  }

  #number(n: number): void {
    if (!Number.isSafeInteger(n)) {
      this.u8(TAG.float);
      this.float(n);
    } else if (n < 0) {
      this.u8(TAG.negativeInteger);
      this.uint(-1 - n);
    } else if (n <= LARGEST_INLINE_INTEGER) {
      this.u8(n);
    } else {
      this.u8(TAG.integer);
      this.uint(n);
    }
  }

  #bigint(n: bigint): void {
    this.u8(n < 0n ? TAG.negativeBigint : TAG.bigint);
    const digits = (n < 0n ? -1n - n : n).toString(16);
    this.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }

  #object(value: Exclude<Value, string | number | boolean | bigint | null | undefined>): void {
    if (isArray(value)) return this.#array(value);
    if (isPid(value)) return this.#pid(value);
    if (isRecord(value)) return this.#record(value);
    if (isDate(value)) {
      this.u8(TAG.date);
      return this.float(FrozenDate.originalOf(value));
    }
    if (isMap(value)) return this.#map(value);
    if (isSet(value)) return this.#set(value);
    if (isBytes(value)) return this.#byteArray(value);
    throw new TypeError('A value that is not in normal form.');
  }

  #array(elements: readonly Value[]): void {
    if (elements.length < LONG_ARRAY_LENGTH) {
      this.u8(SHORT_ARRAY + elements.length);
    } else {
      this.u8(TAG.array);
      this.uint(elements.length);
    }
    for (const element of elements) this.value(element);
  }

  #record(record: ValueRecord): void {
    const names = Object.keys(record);
    const shape = this.#shapes.find(names);
    if (shape.index < 0 || shape.references <= 0) {
      const start = this.length;
      this.#shapes.written(shape, start);
      this.u8(TAG.newShape);
      this.uint(names.length);
      for (const name of names) this.string(name);
      shape.references = mostReferencesToShape(this.length - start, names.length);
    } else {
      shape.references -= 1;
      if (shape.index < RECENT_SHAPES) {
        this.u8(RECENT_SHAPE + shape.index);
      } else {
        this.u8(TAG.oldShape);
        this.uint(shape.index);
      }
    }
    for (const name of names) this.value(record[name]);
  }

  #pid({ node, incarnation, id }: Pid): void {
    const index = this.#indexOfHome(node, incarnation);
    const home = this.#homes[index];
    if (home === undefined || home.references <= 0) {
      const start = this.length;
      this.u8(TAG.newHome);
      this.string(node);
      this.hex(incarnation);
      const references = mostReferencesToHome(this.length - start);
      this.#homeIndexes?.set(incarnation, this.#homes.length);
      this.#homes.push({ node, incarnation, writtenAt: start, references });
    } else {
      home.references -= 1;
      this.u8(TAG.oldHome);
      this.uint(index);
    }
    this.uint(id);
  }

  /** Where this home was written last; -1: it was not. An earlier one of the same name has been referred to as often as it may be. */
  #indexOfHome(node: string, incarnation: string): number {
    const homes = this.#homes;
    if (homes.length > FEW_HOMES) {
      this.#homeIndexes ??= new Map(homes.map((home, at) => [home.incarnation, at]));
      const at = this.#homeIndexes.get(incarnation);
      if (at === undefined) return -1;
      if (homes[at].node === node) return at;
    }
    return homes.findLastIndex((home) => home.incarnation === incarnation && home.node === node);
  }

  #map(map: ReadonlyMap<Value, Value>): void {
    this.u8(TAG.map);
    const original = FrozenMap.originalOf(map);
    this.uint(original?.length ?? map.size);
    for (const [key, value] of original ?? map) {
      this.value(key);
      this.value(value);
    }
  }

  #set(set: ReadonlySet<Value>): void {
    this.u8(TAG.set);
    const original = FrozenSet.originalOf(set);
    this.uint(original?.length ?? set.size);
    for (const member of original ?? set) this.value(member);
  }

  #byteArray(value: Bytes): void {
    const kind = bytesKind(value) ?? 0;
    this.u8(TAG.bytes);
    this.u8(kind);
    this.bytes(wireOrder(originalBytes(value), elementBytes(kind) ?? 1));
  }
}
