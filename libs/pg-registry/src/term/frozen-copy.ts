import { bytesCopy, bytesKind, bytesOf, isBytesObject, keepBytes, type Bytes } from './bytes';
import {
  describe,
  isDateObject,
  isMapObject,
  isPlainArray,
  isPlainObject,
  isSetObject,
  whyNoData,
} from './plain';
import { ValueTooLargeError } from './errors';
import { FrozenDate, FrozenMap, FrozenSet } from './frozen-builtins';
import { isPid, type Pid, type PidSource } from './pid';
import {
  arrayHeadBytes,
  bigintBytes,
  FLOAT_BYTES,
  numberBytes,
  pidBytes,
  prefixedBytes,
  stringBytes,
  TAG_BYTES,
  textBytes,
  uintBytes,
} from './size';
import { formatKey } from './text';
import { hasLongChain, LONGEST_CHAIN } from './hash/v8-hash';
import type { EffectiveLimits, Value } from './value';
import { ValueNumbers } from './hash/value-numbers';
import {
  invalid,
  KEY,
  placeOf,
  type Step,
  tooHeavy,
  tooLarge,
  tooManyKeyParts,
  type ValueUse,
} from './value-use';
import {
  FEW_NAMES,
  FEW_PIDS,
  LONGEST_HASHED,
  MOST_KEY_PARTS,
  MOST_WEIGHT,
  NewHomes,
  NewNames,
  WEIGHT,
  weightOfMembers,
} from './weight';

/** Stands where no container was entered yet; nobody has it. */
const NO_CONTAINER = Object.freeze({});
/** One that is not in use (a `toJSON` may copy something, too): what a walk needs would take more memory than most values. */
let idle: FrozenCopy | undefined;
/**
 * A walk over a key or value that copies it into normal form, checks it and counts its bytes.
 *
 * The count stops the walk, so neither a huge value nor a small one that refers to its parts exponentially often costs more than the
 * limit. Nothing of the caller's is kept, and each property but `toJSON` is read exactly once. Arrays and plain objects are frozen by
 * `Object.freeze`; Maps, Sets and Dates, which that leaves changeable, become the classes of frozen-builtins.ts.
 */
export class FrozenCopy {
  #bytes = 0;
  /** `#steps[d]` leads from level d to level d + 1, and `#containers[d]` is the original at level d. */
  readonly #steps: Step[] = [''];
  readonly #containers: object[] = [NO_CONTAINER];
  #maxBytes = 0;
  /** Finds what a Map or Set has twice. */
  #numbers: ValueNumbers | undefined;
  /** What its parts weigh together; of a key, how many it has. */
  #weight = 0;
  /** Names of properties and Pids, and which of them are new once they are many. */
  #nameCount = 0;
  #newNames: NewNames | undefined;
  #pidCount = 0;
  #newHomes: NewHomes | undefined;
  #use!: ValueUse;
  #isKey = false;
  #limits!: EffectiveLimits;
  #pids!: PidSource;

  /**
   * The normal form of `source`.
   *
   * @param use What is copied; `KEY` lets in only what a key may hold.
   * @throws InvalidValueError when it has none; ValueTooLargeError beyond the limits; and whatever a Proxy or `toJSON` of the caller throws.
   */
  static of(source: unknown, use: ValueUse, limits: EffectiveLimits, pids: PidSource): Value {
    const copy = idle ?? new FrozenCopy();
    idle = undefined;
    copy.#use = use;
    copy.#isKey = use === KEY;
    copy.#maxBytes = copy.#isKey ? limits.maxKeyBytes : limits.maxValueBytes;
    copy.#limits = limits;
    copy.#pids = pids;
    try {
      return copy.#of(source, 0);
    } finally {
      copy.#bytes = copy.#weight = copy.#nameCount = copy.#pidCount = 0;
      copy.#numbers = copy.#newNames = copy.#newHomes = undefined;
      if (copy.#containers.length > 1) copy.#steps.length = copy.#containers.length = 1;
      copy.#containers[0] = NO_CONTAINER;
      idle = copy;
    }
  }

  #of(source: unknown, depth: number): Value {
    switch (typeof source) {
      case 'string':
        return this.#string(source, depth);
      case 'number':
        this.#grow(numberBytes(source), depth);
        return source + 0; // -0 becomes 0
      case 'boolean':
        this.#grow(TAG_BYTES, depth);
        return source;
      case 'bigint':
        this.#grow(bigintBytes(source, this.#maxBytes), depth);
        return source;
      case 'undefined':
        if (this.#isKey) this.#refuse('is undefined', depth);
        this.#grow(TAG_BYTES, depth);
        return source;
      case 'object':
        if (source !== null) return this.#object(source, depth);
        this.#grow(TAG_BYTES, depth);
        return null;
      case 'function':
      case 'symbol':
      default:
        return this.#refuse(`is a ${typeof source}`, depth);
    }
  }

  #string(text: string, depth: number): string {
    if (text.length > this.#maxBytes) this.#grow(text.length, depth);
    const bytes = textBytes(text);
    if (bytes < 0)
      this.#refuse('has a lone surrogate (half a character), which no peer could receive', depth);
    this.#grow(stringBytes(bytes), depth);
    return text;
  }

  #object(source: object, depth: number): Value {
    if (isPid(source)) return this.#pid(source, depth);
    if (isPlainArray(source)) return this.#array(source, depth);
    if (!this.#isKey) return this.#data(source, depth, true);
    return isPlainObject(source)
      ? this.#record(source, depth)
      : this.#refuse(`is ${describe(source)}`, depth);
  }

  /**
   * The normal form of an object in a value.
   *
   * @param asks Whether its `toJSON` is called. That of what a `toJSON` returned is not: it may return itself, as in JSON.
   */
  #data(source: object, depth: number, asks: boolean): Value {
    const isPlain = isPlainObject(source);
    if (!isPlain) {
      if (isMapObject(source)) return this.#map(source, depth);
      if (isSetObject(source)) return this.#set(source, depth);
      if (isDateObject(source)) return this.#date(source, depth);
      if (isBytesObject(source)) return this.#bytesOf(source, depth);
    }
    const { toJSON } = source as { readonly toJSON?: unknown };
    if (asks && typeof toJSON === 'function') {
      const json: unknown = Reflect.apply(toJSON, source, ['']);
      const isData = typeof json === 'object' && json !== null && !isPid(json) && !isPlainArray(json);
      return isData ? this.#data(json, depth, false) : this.#of(json, depth);
    }
    if (isPlain) return this.#record(source, depth);
    if (Array.isArray(source)) return this.#array(source, depth);
    const why = whyNoData(source);
    return why === undefined ? this.#record(source, depth) : this.#refuse(why, depth);
  }

  #pid(pid: Pid, depth: number): Pid {
    this.#grow(pidBytes(textBytes(pid.node), pid.id), depth);
    this.#weigh(WEIGHT.part, depth);
    this.#pidCount += 1;
    if (this.#pidCount > FEW_PIDS) this.#weigh((this.#newHomes ??= new NewHomes()).weightOf(pid), depth);
    return this.#pids.internPid(pid);
  }

  /** Checks and counts what arrays, plain objects, Maps and Sets have in common, and remembers the original against cycles. */
  #enter(source: object, depth: number, parts = 0): void {
    for (let level = 0; level < depth; level += 1)
      if (this.#containers[level] === source) this.#refuse('contains itself', depth);
    if (depth >= this.#limits.maxDepth) {
      throw new ValueTooLargeError(
        `${this.#place(depth)} is nested deeper than maxDepth = ${this.#limits.maxDepth} levels. ${this.#use.outcome}`,
      );
    }
    this.#containers[depth] = source;
    if (Object.getOwnPropertySymbols(source).length > 0) this.#refuse('has a symbol as property', depth);
    if (parts === 0) return;
    this.#weight += this.#isKey ? parts : WEIGHT.container + parts * WEIGHT.element;
    if (this.#weight <= MOST_KEY_PARTS) return; // the lower of the two
    if (this.#isKey) throw tooManyKeyParts(this.#place(depth));
    if (this.#weight > MOST_WEIGHT) throw tooHeavy(this.#use, this.#place(depth));
  }

  #array(source: readonly unknown[], depth: number): readonly Value[] {
    const { length } = source;
    this.#enter(source, depth, length);
    this.#grow(arrayHeadBytes(length), depth);
    const copy: Value[] = [];
    for (let i = 0; i < length; i += 1) {
      this.#steps[depth] = i;
      const property = Object.getOwnPropertyDescriptor(source, i);
      if (property === undefined || !property.enumerable)
        this.#refuse(`is a sparse array: [${i}] is missing`, depth);
      copy.push(this.#of(this.#plain(property, depth), depth + 1));
    }
    if (Object.keys(source).length !== length)
      this.#refuse('is an array with properties beside its elements', depth);
    return Object.freeze(copy);
  }

  #record(source: object, depth: number): { readonly [name: string]: Value } {
    const names = Object.keys(source);
    this.#enter(source, depth, names.length);
    this.#grow(TAG_BYTES + uintBytes(names.length), depth);
    this.#nameCount += names.length;
    if (this.#nameCount > FEW_NAMES) this.#weigh((this.#newNames ??= new NewNames()).weightOf(names), depth);
    const copy: { [name: string]: Value } = {};
    for (const name of names) {
      this.#steps[depth] = name;
      const property = Object.getOwnPropertyDescriptor(source, name);
      if (property === undefined) continue; // a Proxy may list what it does not have
      const value = this.#plain(property, depth);
      if (name === '__proto__') this.#refuse('has a property named __proto__', depth);
      if (name.length > LONGEST_HASHED)
        this.#refuse(`has a property whose name has more than ${LONGEST_HASHED} characters`, depth);
      const bytes = textBytes(name);
      if (bytes < 0) this.#refuse('has a property whose name has a lone surrogate', depth);
      this.#grow(prefixedBytes(bytes), depth);
      copy[name] = this.#of(value, depth + 1);
    }
    return Object.freeze(copy);
  }

  #plain(property: PropertyDescriptor, depth: number): unknown {
    if (property.get !== undefined || property.set !== undefined) this.#refuse('is an accessor', depth + 1);
    return property.value;
  }

  #bare(source: object, depth: number): void {
    if (Object.keys(source).length > 0) this.#refuse('has properties of its own', depth);
  }

  #map(source: ReadonlyMap<unknown, unknown>, depth: number): Value {
    this.#enter(source, depth);
    this.#bare(source, depth);
    const keys: Value[] = [];
    const pairs: [Value, Value][] = [];
    for (const [key, value] of Map.prototype.entries.call(source)) {
      const i = keys.length;
      this.#steps[depth] = () => `.keys()[${i}]`;
      const keyCopy = this.#of(key, depth + 1);
      keys.push(keyCopy);
      this.#steps[depth] = () => `.get(${formatKey(keyCopy)})`;
      pairs.push([keyCopy, this.#of(value, depth + 1)]);
    }
    this.#grow(TAG_BYTES + uintBytes(keys.length), depth);
    this.#weigh(WEIGHT.part + weightOfMembers(keys), depth);
    this.#checkChains('Map', 'keys', keys, depth);
    const copy = new FrozenMap(pairs, this.#use.keepsContent);
    if (copy.size !== keys.length || this.#haveRepeatedObject(keys))
      this.#refuse('is a Map with the same key twice', depth);
    return copy;
  }

  #set(source: ReadonlySet<unknown>, depth: number): Value {
    this.#enter(source, depth);
    this.#bare(source, depth);
    const members: Value[] = [];
    for (const member of Set.prototype.values.call(source)) {
      const i = members.length;
      this.#steps[depth] = () => `.values()[${i}]`;
      members.push(this.#of(member, depth + 1));
    }
    this.#grow(TAG_BYTES + uintBytes(members.length), depth);
    this.#weigh(WEIGHT.part + weightOfMembers(members), depth);
    this.#checkChains('Set', 'members', members, depth);
    const copy = new FrozenSet(members, this.#use.keepsContent);
    if (copy.size !== members.length || this.#haveRepeatedObject(members))
      this.#refuse('is a Set with the same member twice', depth);
    return copy;
  }

  #haveRepeatedObject(values: readonly Value[]): boolean {
    return (this.#numbers ??= new ValueNumbers()).haveRepeatedObject(values);
  }

  #checkChains(kind: string, what: string, keys: readonly Value[], depth: number): void {
    if (!hasLongChain(keys)) return;
    this.#refuse(
      `is a ${kind} more than ${LONGEST_CHAIN} of whose ${what} have the same hash in V8, so every look-up would be slow: ` +
        'they are numbers, or bigints that may share their lowest 64 bits; use strings',
      depth,
    );
  }

  #date(source: Date, depth: number): Value {
    this.#bare(source, depth);
    const ms = Date.prototype.getTime.call(source);
    if (Number.isNaN(ms)) this.#refuse('is an invalid Date', depth);
    this.#grow(FLOAT_BYTES, depth);
    this.#weigh(WEIGHT.part, depth);
    return new FrozenDate(ms);
  }

  #bytesOf(source: Bytes, depth: number): Value {
    this.#grow(2 * TAG_BYTES + prefixedBytes(source.byteLength), depth);
    this.#weigh(WEIGHT.part, depth);
    let bytes: Uint8Array;
    try {
      bytes = bytesOf(source);
    } catch {
      return this.#refuse('has lost its bytes: its buffer was transferred', depth);
    }
    const copy = bytesCopy(bytesKind(source) ?? 0, bytes);
    return this.#use.keepsContent === true ? keepBytes(copy) : copy;
  }

  #grow(bytes: number, depth: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    const why = `up to ${this.#place(depth)} it has ${this.#bytes} already`;
    throw tooLarge(this.#use, this.#maxBytes, why, this.#limits.limitedBy);
  }

  #weigh(weight: number, depth: number): void {
    if (this.#isKey) return; // its parts are counted
    this.#weight += weight;
    if (this.#weight > MOST_WEIGHT) throw tooHeavy(this.#use, this.#place(depth));
  }

  #refuse(what: string, depth: number): never {
    throw invalid(this.#use, this.#place(depth), what);
  }

  /** The way to level `depth`. */
  #place(depth: number): string {
    return placeOf(this.#use.name, this.#steps.slice(0, depth));
  }
}
