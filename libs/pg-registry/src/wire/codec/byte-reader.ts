import { DecodeError } from './decode-error';

/** Up to here a string is put together unit by unit; beyond, native code is faster. */
const SHORT_TEXT = 12;
/** In UTF-8, the first byte of a character that takes two bytes lies between these. */
const FIRST_OF_TWO = 0xc2;
const FIRST_OF_THREE = 0xe0;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names that are remembered, and how long they are at most. */
const NAMES = 512;
const LONGEST_NAME = 32;
/** One for each remainder of a simple hash. What a peer makes up only pushes others out. */
const names: string[] = Array.from({ length: NAMES }, () => '');

/** Reads what a {@link ByteWriter} wrote, from bytes that anybody may have sent. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  /** Bytes read so far. */
  position = 0;
  /** Where the part that is being read ends, or all bytes do. Only {@link Reader} sets it. */
  partEnd: number;
  /** How many bytes there are. */
  readonly size: number;
  #buffer: Buffer | undefined;

  /** Nothing is copied: the bytes must not change while they are read. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.partEnd = this.size = bytes.length;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.partEnd - this.position;
  }

  /** One byte. @throws DecodeError at the end */
  u8(): number {
    if (this.position >= this.partEnd) this.fail('truncated');
    return this.#bytes[this.position++];
  }

  /** A non-negative safe integer. @throws DecodeError if it is larger, or written longer than necessary */
  uint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let n = byte - 0x80;
    for (let scale = 0x80; scale <= 2 ** 49; scale *= 0x80) {
      byte = this.u8();
      if (byte < 0x80) {
        n += byte * scale;
        if (byte === 0 || n > Number.MAX_SAFE_INTEGER) break;
        return n;
      }
      n += (byte - 0x80) * scale;
    }
    return this.fail('no varint of a safe integer in shortest form');
  }

  /**
   * How many of something follow, each of which takes at least `bytesEach` bytes.
   *
   * @throws DecodeError if this many cannot follow; nothing is allocated for a false count
   */
  count(bytesEach = 1): number {
    const count = this.uint();
    if (count * bytesEach > this.partEnd - this.position)
      this.fail(`${count} announced, ${this.remaining} bytes left`);
    return count;
  }

  /** A whole number of 32 bits. */
  u32(): number {
    const at = this.#skip(4);
    const bytes = this.#bytes;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  /** A float64. */
  float(): number {
    const at = this.#skip(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  /** Bytes with their length in front: a view, not a copy. */
  bytes(): Uint8Array {
    return this.raw(this.count());
  }

  /** The next `length` bytes: a view, not a copy. */
  raw(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The next `length` bytes as lower-case hexadecimal digits. */
  hex(length: number): string {
    const at = this.#skip(length);
    let digits = '';
    for (let i = at; i < at + length; i += 1) digits += HEX[this.#bytes[i]];
    return digits;
  }

  /** Whether these bytes are the next ones. They are read then, and nothing is otherwise. */
  isNext(bytes: Uint8Array): boolean {
    const at = this.position;
    if (bytes.length > this.partEnd - at) return false;
    for (let i = 0; i < bytes.length; i += 1) if (this.#bytes[at + i] !== bytes[i]) return false;
    this.position = at + bytes.length;
    return true;
  }

  /** Everything not read yet: a view, not a copy. */
  rest(): Uint8Array {
    const at = this.position;
    this.position = this.partEnd;
    return this.#bytes.subarray(at, this.partEnd);
  }

  /**
   * Text with its length in front: a name, mostly one that was read before. One of those is found without making a string.
   *
   * @throws DecodeError if it is no UTF-8 or has more than `maxBytes` bytes
   */
  string(maxBytes = Infinity): string {
    const length = this.count();
    if (length > maxBytes) this.fail(`a text of ${length} bytes where ${maxBytes} are allowed`);
    if (length === 0 || length > LONGEST_NAME) return this.text(length);
    const bytes = this.#bytes;
    const at = this.position;
    const slot = (bytes[at] + 7 * bytes[at + length - 1] + 31 * length) % NAMES;
    const known = names[slot];
    let same = known.length === length ? 0 : -1;
    while (same >= 0 && same < length) same = known.charCodeAt(same) === bytes[at + same] ? same + 1 : -1;
    if (same === length) {
      this.position = at + length;
      return known;
    }
    const text = this.text(length);
    // Only ASCII has as many characters as bytes: nothing else is compared with bytes.
    if (text.length === length) names[slot] = text;
    return text;
  }

  /** The next `length` bytes as UTF-8. @throws DecodeError if they are not */
  text(length: number): string {
    const at = this.#skip(length);
    const end = at + length;
    const bytes = this.#bytes;
    for (let i = at; i < end; i += 1)
      if (bytes[i] >= 0x80)
        return (length <= SHORT_TEXT ? this.#shortUtf8(at, end) : undefined) ?? this.#utf8(at, end);
    if (length > SHORT_TEXT) {
      this.#buffer ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      return this.#buffer.toString('latin1', at, end);
    }
    let text = '';
    for (let i = at; i < end; i += 1) text += String.fromCharCode(bytes[i]);
    return text;
  }

  /** @throws DecodeError if anything is left */
  end(): void {
    if (this.position < this.partEnd) this.fail(`${this.remaining} bytes too many`);
  }

  /** @throws DecodeError always, with the place in the bytes */
  fail(what: string): never {
    throw new DecodeError(`Byte ${this.position}: ${what}.`);
  }

  #skip(length: number): number {
    const at = this.position;
    if (length > this.partEnd - at) this.fail(`${length} bytes announced, ${this.remaining} left`);
    this.position = at + length;
    return at;
  }

  /** Returns a text of characters that take up to two bytes each; undefined for any other. */
  #shortUtf8(at: number, end: number): string | undefined {
    const bytes = this.#bytes;
    let text = '';
    for (let i = at; i < end; i += 1) {
      const byte = bytes[i];
      if (byte < 0x80) text += String.fromCharCode(byte);
      else {
        i += 1;
        const next = i < end ? bytes[i] : 0;
        if (byte < FIRST_OF_TWO || byte >= FIRST_OF_THREE || (next & 0xc0) !== 0x80) return undefined;
        text += String.fromCharCode(((byte & 0x1f) << 6) | (next & 0x3f));
      }
    }
    return text;
  }

  #utf8(at: number, end: number): string {
    try {
      return UTF8.decode(this.#bytes.subarray(at, end));
    } catch {
      return this.fail('a text that is no UTF-8');
    }
  }
}
