import {
  bytesCopy,
  elementBytes,
  FrozenDate,
  FrozenMap,
  FrozenSet,
  hasLongChain,
  HEAP_BYTES,
  heapBytesOfArray,
  furtherWeightOf,
  heapBytesOfRecord,
  heapBytesOfText,
  LARGE_VALUE_BYTES,
  LARGEST_INLINE_INTEGER,
  LONG_ARRAY_LENGTH,
  LONG_STRING_BYTES,
  MOST_KEY_PARTS,
  noteHeapBytes,
  type Key,
  type Pid,
  type PidInterner,
  type Value,
  type ValueLimits,
  ValueNumbers,
  WEIGHT,
} from '../../term';
import { wireOrder } from './byte-order';
import { CountingReader } from './counting-reader';
import { type KnownHome, readHome } from './known-home';
import { type KnownShape, readShape } from './known-shape';
import { readDateMs, readMagnitude, readNegativeInteger } from './numbers';
import { RECENT_SHAPE, RECENT_SHAPES, SHORT_ARRAY, SHORT_STRING, TAG } from './tag';

/** What a {@link Reader} of values needs to know of its node. */
export interface ReaderOptions {
  /** Makes the pids of the frame objects of this node. */
  readonly pids: PidInterner;
  /** What a key or value may take here. */
  readonly limits: ValueLimits;
  /** How much memory all that is read may take, in bytes as `HEAP_BYTES` estimates them. Default: any. */
  readonly maxHeapBytes?: number;
}

const NOT_IN_KEYS = new Set<number>([TAG.undefined, TAG.date, TAG.map, TAG.set, TAG.bytes]);
const LAST_SMALL_INTEGER_TAG = SHORT_STRING - 1;
/** A frame may consist of nothing else, and to freeze each takes longer than all the rest. */
const EMPTY_ARRAY: readonly Value[] = Object.freeze([]);
const EMPTY_RECORD: { readonly [name: string]: Value } = Object.freeze({});
/** Arrays of up to so many elements are written as literals. */
const LONGEST_LITERAL = 4;

/**
 * Reads what one {@link Writer} wrote into values in normal form: checked, frozen and with the node's own pids, in one
 * pass.
 *
 * The bytes may come from anybody: everything they announce is checked before memory is taken for it, the depth is
 * bounded by `limits.maxDepth`, and what no Writer writes is refused with a {@link DecodeError}. A value counts the
 * bytes that `normalValue` would count for it, not the fewer that it took here: what a limit lets in is the same on
 * both ways.
 */
export class Reader extends CountingReader {
  readonly #options: ReaderOptions | undefined;
  /** Those of the current item; made with the first one. */
  #shapes: KnownShape[] | undefined;
  #homes: KnownHome[] = [];
  /** Bytes that the current value would take in addition if nothing in it referred to what was written before. */
  #saved = 0;
  /** Where the current value ends at the latest: a larger one is given up before it is complete. */
  #mostPosition = 0;
  /** Finds what the Maps and Sets of the current value have twice. */
  #numbers: ValueNumbers | undefined;
  #isInItem = false;
  /** Whether a key is being read, which may contain less. */
  #isKey = false;

  /** @param options Needed by `value` and `key` only */
  constructor(bytes: Uint8Array, options?: ReaderOptions) {
    super(bytes);
    this.#options = options;
    this.heapLeft = options?.maxHeapBytes ?? Number.MAX_SAFE_INTEGER;
  }

  /**
   * Goes on to the next item, whether or not all of the one before was read. Until then nothing is read beyond its end, and nothing in it
   * refers to what was read before. An item is `kind u8 · number of bytes u32 · body`.
   *
   * @returns Its kind; undefined if there is none.
   * @throws DecodeError if it is longer than what is left
   */
  nextItem(): number | undefined {
    if (this.#isInItem) this.position = this.partEnd;
    this.partEnd = this.size;
    if (this.position === this.size) return undefined;
    const kind = this.u8();
    const length = this.u32();
    if (length > this.size - this.position) this.fail(`${length} bytes announced, ${this.remaining} left`);
    this.#isInItem = true;
    this.partEnd = this.position + length;
    this.#shapes = undefined;
    if (this.#homes.length > 0) this.#homes = [];
    return kind;
  }

  /** @throws DecodeError if no value follows, or one that is larger or deeper than the limits */
  value(): Value {
    return this.#whole(false);
  }

  /** @throws DecodeError if no key follows, or one that is larger or deeper than the limits */
  key(): Key {
    const key = this.#whole(true);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `#tagged` refuses whatever is no Key
    return key as Key;
  }

  #whole(isKey: boolean): Value {
    if (this.#options === undefined) throw new TypeError('This Reader was given neither pids nor limits.');
    const { maxKeyBytes, maxValueBytes } = this.#options.limits;
    const maxBytes = isKey ? maxKeyBytes : maxValueBytes;
    const [start, heapLeft] = [this.position, this.heapLeft];
    this.#mostPosition = start + maxBytes;
    this.#isKey = isKey;
    if (isKey) this.keyPartsLeft = MOST_KEY_PARTS;
    this.#saved = 0;
    this.#numbers = undefined;
    const value = this.#read(0);
    const bytes = this.position - start + this.#saved;
    if (bytes > maxBytes) this.fail(`a value of ${bytes} bytes where ${maxBytes} are allowed`);
    if (heapLeft - this.heapLeft >= LARGE_VALUE_BYTES) noteHeapBytes(value, heapLeft - this.heapLeft);
    return value;
  }

  #read(depth: number): Value {
    const tag = this.u8();
    if (tag <= LAST_SMALL_INTEGER_TAG) return tag;
    if (tag < SHORT_ARRAY) return this.#text(tag - SHORT_STRING);
    if (tag < RECENT_SHAPE) return this.#array(tag - SHORT_ARRAY, depth);
    if (tag < RECENT_SHAPE + RECENT_SHAPES) return this.#oldRecord(tag - RECENT_SHAPE, 1, depth);
    return this.#tagged(tag, depth);
  }

  #tagged(tag: number, depth: number): Value {
    if (this.#isKey && NOT_IN_KEYS.has(tag)) this.fail(`tag ${tag} in a key`);
    switch (tag) {
      case TAG.null:
        return null;
      case TAG.undefined:
        return undefined;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.integer:
        return this.#atLeast(LARGEST_INLINE_INTEGER + 1);
      case TAG.negativeInteger:
        return readNegativeInteger(this);
      case TAG.float:
        return this.#float();
      case TAG.bigint:
        return readMagnitude(this);
      case TAG.negativeBigint:
        return -1n - readMagnitude(this);
      case TAG.string:
        return this.#text(this.#atLeast(LONG_STRING_BYTES));
      case TAG.array:
        return this.#array(this.#atLeast(LONG_ARRAY_LENGTH), depth);
      case TAG.newShape: {
        const shape = readShape(this);
        if (this.#shapes === undefined) this.#shapes = [shape];
        else this.#shapes.push(shape);
        return this.#record(shape, depth);
      }
      case TAG.oldShape:
        return this.#referredRecord(depth);
      case TAG.newHome:
        return this.#pidOfNewHome();
      case TAG.oldHome:
        return this.#pidOfOldHome();
      case TAG.date:
        return this.#date();
      case TAG.map:
        return this.#map(depth);
      case TAG.set:
        return this.#set(depth);
      case TAG.bytes:
        return this.#byteArray();
      default:
        return this.fail(`unknown tag ${tag}`);
    }
  }

  #text(length: number): string {
    this.charge(HEAP_BYTES.string + length * 2);
    const text = this.text(length);
    if (length >= LONG_STRING_BYTES && text.length === length) this.heapLeft += length; // of one byte a unit
    return text;
  }

  /** A number that would have been written in a shorter way if it were smaller. */
  #atLeast(least: number): number {
    const n = this.uint();
    return n >= least ? n : this.fail('not in shortest form');
  }

  #float(): number {
    const n = this.float();
    this.charge(HEAP_BYTES.number);
    if (Number.isSafeInteger(n)) this.fail('an integer (or -0) written as float');
    return Number.isNaN(n) ? NaN : n; // whatever bits the NaN had
  }

  #enter(depth: number): void {
    const { maxDepth } = this.#options!.limits;
    if (depth >= maxDepth) this.fail(`a value of more than ${maxDepth} levels`);
    if (this.position > this.#mostPosition) this.fail('a value that is too large');
  }

  #array(length: number, depth: number): readonly Value[] {
    this.#enter(depth);
    if (length === 0) return EMPTY_ARRAY;
    if (length > this.remaining) this.fail(`${length} elements announced, ${this.remaining} bytes left`);
    this.charge(heapBytesOfArray(length), WEIGHT.container + length * WEIGHT.element);
    if (this.#isKey) this.countKeyParts(length);
    return Object.freeze(
      length <= LONGEST_LITERAL ? this.#few(length, depth + 1) : this.#many(length, depth + 1),
    );
  }

  /** Literals get the memory that they need; an array that grows gets room for sixteen more. */
  #few(length: number, depth: number): Value[] {
    switch (length) {
      case 1:
        return [this.#read(depth)];
      case 2:
        return [this.#read(depth), this.#read(depth)];
      case 3:
        return [this.#read(depth), this.#read(depth), this.#read(depth)];
      default:
        return [this.#read(depth), this.#read(depth), this.#read(depth), this.#read(depth)];
    }
  }

  #many(length: number, depth: number): Value[] {
    const elements: Value[] = [];
    for (let i = 0; i < length; i += 1) elements.push(this.#read(depth));
    return elements;
  }

  #referredRecord(depth: number): Value {
    const start = this.position;
    const index = this.#atLeast(RECENT_SHAPES);
    return this.#oldRecord(index, this.position - start + 1, depth);
  }

  #oldRecord(index: number, headBytes: number, depth: number): Value {
    const shape = this.#shapes?.[index] ?? this.fail(`unknown shape ${index}`);
    shape.references -= 1;
    if (shape.references < 0) this.fail('more than 32 references to a long shape');
    this.#saved += shape.headBytes - headBytes;
    return this.#record(shape, depth);
  }

  #record({ names }: KnownShape, depth: number): Value {
    this.#enter(depth);
    if (names.length === 0) return EMPTY_RECORD;
    this.charge(heapBytesOfRecord(names.length), WEIGHT.container + names.length * WEIGHT.element);
    if (this.#isKey) this.countKeyParts(names.length);
    const record: { [name: string]: Value } = {};
    for (const name of names) record[name] = this.#read(depth + 1);
    return Object.freeze(record);
  }

  #pidOfNewHome(): Pid {
    const home = readHome(this);
    this.#homes.push(home);
    this.charge(heapBytesOfText(home.node), WEIGHT.home);
    return this.#pid(home);
  }

  #pidOfOldHome(): Pid {
    const start = this.position;
    const index = this.uint();
    const home = this.#homes[index] ?? this.fail(`unknown home ${index}`);
    home.references -= 1;
    if (home.references < 0) this.fail('more than 32 references to a long name');
    this.#saved += home.headBytes - (this.position - start + 1);
    return this.#pid(home);
  }

  #pid({ node, incarnation }: KnownHome): Pid {
    this.charge(HEAP_BYTES.pid, WEIGHT.part);
    return this.#options!.pids.intern(node, incarnation, this.uint());
  }

  #date(): Value {
    const ms = readDateMs(this);
    this.charge(HEAP_BYTES.date, WEIGHT.part);
    return new FrozenDate(ms);
  }

  #map(depth: number): Value {
    this.#enter(depth);
    const size = this.count(2);
    this.charge(HEAP_BYTES.map + size * HEAP_BYTES.mapEntry, WEIGHT.part + size * WEIGHT.member);
    const keys: Value[] = [];
    const pairs: [Value, Value][] = [];
    for (let i = 0; i < size; i += 1) {
      const key = this.#member(depth + 1);
      keys.push(key);
      pairs.push([key, this.#read(depth + 1)]);
    }
    if (hasLongChain(keys)) this.fail('a Map with too many keys of one hash');
    const map = new FrozenMap(pairs);
    if (map.size !== size || this.#haveRepeatedObject(keys)) this.fail('a Map with the same key twice');
    return map;
  }

  #set(depth: number): Value {
    this.#enter(depth);
    const size = this.count();
    this.charge(HEAP_BYTES.set + size * HEAP_BYTES.setMember, WEIGHT.part + size * WEIGHT.member);
    const members: Value[] = [];
    for (let i = 0; i < size; i += 1) members.push(this.#member(depth + 1));
    if (hasLongChain(members)) this.fail('a Set with too many members of one hash');
    const set = new FrozenSet(members);
    if (set.size !== size || this.#haveRepeatedObject(members)) this.fail('a Set with the same member twice');
    return set;
  }

  /** A key of a Map or member of a Set. */
  #member(depth: number): Value {
    const member = this.#read(depth);
    const weight = furtherWeightOf(member);
    if (weight > 0) this.charge(0, weight);
    return member;
  }

  #haveRepeatedObject(values: readonly Value[]): boolean {
    return (this.#numbers ??= new ValueNumbers()).haveRepeatedObject(values);
  }

  #byteArray(): Value {
    const kind = this.u8();
    const each = elementBytes(kind) ?? this.fail(`unknown kind of bytes ${kind}`);
    const bytes = this.bytes();
    if (bytes.length % each !== 0) this.fail('part of an element');
    this.charge(HEAP_BYTES.bytes + bytes.length, WEIGHT.part);
    return bytesCopy(kind, wireOrder(bytes, each));
  }
}
