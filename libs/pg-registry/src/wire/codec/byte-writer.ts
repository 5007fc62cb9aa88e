const FIRST_BYTES = 256;
/** A writer that grew beyond this for one frame does not keep the memory for the next. */
const KEPT_BYTES = 1 << 20;
/** Below this, writing ASCII unit by unit beats a call into native code. */
const SHORT_TEXT = 48;
/** The values of the lower-case hexadecimal digits, by their character codes. */
const DIGITS = Uint8Array.from({ length: 0x67 }, (_, unit) => (unit < 0x61 ? unit - 0x30 : unit - 0x57));

/** A growing buffer of bytes, numbers and text; {@link Writer} adds values. Reusable: see {@link reset}. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Bytes written so far. */
  length = 0;
  #view: DataView | undefined;
  #buffer: Buffer | undefined;

  /** One byte. */
  u8(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = byte;
  }

  /**
   * A non-negative safe integer, seven bits a byte, lowest first: one byte below 128, at most eight.
   *
   * @throws RangeError for any other number
   */
  uint(n: number): void {
    if (n >>> 0 === n && n < 0x80) return this.u8(n);
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no non-negative safe integer.`);
    let rest = n;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  /** A whole number of 32 bits, little-endian; over what was written before, if `at` is a {@link length} of then. */
  u32(n: number, at = this.length): void {
    if (at === this.length) {
      if (at + 4 > this.#bytes.length) this.#grow(4);
      this.length += 4;
    }
    const bytes = this.#bytes;
    bytes[at] = n;
    bytes[at + 1] = n >>> 8;
    bytes[at + 2] = n >>> 16;
    bytes[at + 3] = n >>> 24;
  }

  /** A float64, little-endian. */
  float(n: number): void {
    if (this.length + 8 > this.#bytes.length) this.#grow(8);
    this.#view ??= new DataView(this.#bytes.buffer);
    this.#view.setFloat64(this.length, n, true);
    this.length += 8;
  }

  /** Bytes with their length in front. */
  bytes(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** An even number of lower-case hexadecimal digits as the bytes they stand for. */
  hex(digits: string): void {
    for (let i = 0; i < digits.length; i += 2) {
      this.u8(DIGITS[digits.charCodeAt(i)] * 16 + DIGITS[digits.charCodeAt(i + 1)]);
    }
  }

  /** A well-formed string as UTF-8 with its length in bytes in front. */
  string(text: string): void {
    const start = this.length;
    this.uint(text.length);
    if (this.ascii(text)) return;
    this.length = start;
    const bytes = Buffer.byteLength(text);
    this.uint(bytes);
    this.utf8(text, bytes);
  }

  /** Writes short text if it is ASCII; otherwise writes nothing and answers `false`. */
  ascii(text: string): boolean {
    const length = text.length;
    if (length > SHORT_TEXT) return false;
    if (this.length + length > this.#bytes.length) this.#grow(length);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[at++] = unit;
    }
    this.length = at;
    return true;
  }

  /** Writes text that takes `bytes` bytes as UTF-8. */
  utf8(text: string, bytes: number): void {
    if (this.length + bytes > this.#bytes.length) this.#grow(bytes);
    this.#buffer ??= Buffer.from(this.#bytes.buffer);
    this.#buffer.write(text, this.length, bytes, 'utf8');
    this.length += bytes;
  }

  /** A copy of everything written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  /** What was written, or its first bytes, not copied: valid until the next write. */
  view(length = this.length): Uint8Array {
    return this.#bytes.subarray(0, length);
  }

  /** Takes back what was written beyond `length` bytes, a {@link length} of earlier. */
  truncate(length: number): void {
    if (length < this.length) this.length = length;
  }

  /** Starts anew; what `finish` gave out stays untouched. */
  reset(): void {
    this.length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#use(new Uint8Array(FIRST_BYTES));
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + bytes));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#use(grown);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = undefined;
    this.#buffer = undefined;
  }
}
