/** Any kind of typed array. */
export type TypedArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** What holds raw bytes. */
export type Bytes = ArrayBuffer | TypedArray;

interface Kind {
  readonly name: string;
  readonly elementBytes: number;
  make(buffer: ArrayBuffer): Bytes;
}

/** The position in this list is the kind's number in the codec and its rank in the order of values. */
const KINDS: readonly Kind[] = [
  { name: 'ArrayBuffer', elementBytes: 1, make: (buffer) => buffer },
  { name: 'Uint8Array', elementBytes: 1, make: (buffer) => new Uint8Array(buffer) },
  { name: 'Uint8ClampedArray', elementBytes: 1, make: (buffer) => new Uint8ClampedArray(buffer) },
  { name: 'Int8Array', elementBytes: 1, make: (buffer) => new Int8Array(buffer) },
  { name: 'Uint16Array', elementBytes: 2, make: (buffer) => new Uint16Array(buffer) },
  { name: 'Int16Array', elementBytes: 2, make: (buffer) => new Int16Array(buffer) },
  { name: 'Uint32Array', elementBytes: 4, make: (buffer) => new Uint32Array(buffer) },
  { name: 'Int32Array', elementBytes: 4, make: (buffer) => new Int32Array(buffer) },
  { name: 'Float32Array', elementBytes: 4, make: (buffer) => new Float32Array(buffer) },
  { name: 'Float64Array', elementBytes: 8, make: (buffer) => new Float64Array(buffer) },
  { name: 'BigUint64Array', elementBytes: 8, make: (buffer) => new BigUint64Array(buffer) },
  { name: 'BigInt64Array', elementBytes: 8, make: (buffer) => new BigInt64Array(buffer) },
];
const KIND_OF_NAME = new Map(KINDS.map((kind, number) => [kind.name, number]));

/**
 * The kind of a typed array or ArrayBuffer as a small number, `undefined` for anything else (DataView included).
 *
 * Looks at the object's internals: `Symbol.toStringTag` cannot fool it, and the realm does not matter.
 */
export function bytesKind(x: object): number | undefined {
  if (ArrayBuffer.isView(x))
    return KIND_OF_NAME.get(Reflect.get(Uint8Array.prototype, Symbol.toStringTag, x));
  return isArrayBuffer(x) ? 0 : undefined;
}

/** How many bytes one element of this kind takes; `undefined`: there is no such kind. */
export function elementBytes(kind: number): number | undefined {
  return KINDS[kind]?.elementBytes;
}

/** The bytes of `x`, not copied. */
export function bytesOf(x: Bytes): Uint8Array {
  return ArrayBuffer.isView(x) ? new Uint8Array(x.buffer, x.byteOffset, x.byteLength) : new Uint8Array(x);
}

/** Whether `x` is a typed array or an ArrayBuffer. */
export function isBytesObject(x: object): x is Bytes {
  return bytesKind(x) !== undefined;
}

/** A new array or buffer of this kind with a copy of `bytes`, whose length is a multiple of the element's. */
export function bytesCopy(kind: number, bytes: Uint8Array): Bytes {
  const found = KINDS[kind];
  if (found === undefined)
    throw new RangeError(`The kind of bytes must be a number from 0 to ${KINDS.length - 1} (got ${kind}).`);
  const buffer = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return found.make(buffer);
}

function isArrayBuffer(x: object): boolean {
  if (!(Symbol.toStringTag in x)) return false; // spares plain objects the throw
  try {
    Reflect.get(ArrayBuffer.prototype, 'byteLength', x);
    return true;
  } catch {
    return false;
  }
}

/** What bytes were when {@link keepBytes} was called: JavaScript cannot freeze them. */
const ORIGINALS = new WeakMap<Bytes, Uint8Array>();

/** Makes bytes keep, out of reach, a copy of what they are now, for {@link originalBytes}. */
export function keepBytes<T extends Bytes>(bytes: T): T {
  ORIGINALS.set(bytes, bytesOf(bytes).slice());
  return bytes;
}

/** The bytes that `x` had when it was told to keep them, else those that it has; not copied. */
export function originalBytes(x: Bytes): Uint8Array {
  return ORIGINALS.get(x) ?? bytesOf(x);
}
