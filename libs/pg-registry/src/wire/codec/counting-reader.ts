import { MOST_KEY_PARTS, MOST_READ_WEIGHT, WEIGHT } from '../../term';
import { ByteReader } from './byte-reader';
import { HeapLimitError, WeightLimitError } from './decode-error';

/** Reads bytes and counts what is made of them: memory, and what takes time. Anybody may have sent them. */
export class CountingReader extends ByteReader {
  /** What has been read weighs so much, by `WEIGHT`. */
  weight = 0;
  /** What {@link weight} may become. */
  mostWeight: number = MOST_READ_WEIGHT;
  /** What may still be made of these bytes, in memory, as `HEAP_BYTES` estimates it. */
  heapLeft = Number.MAX_SAFE_INTEGER;
  /** How many parts the key may still have that is being read. */
  keyPartsLeft = 0;

  /**
   * Counts memory that is taken for what is read, and what it weighs.
   *
   * @throws HeapLimitError, WeightLimitError if it is more than may be
   */
  charge(heapBytes: number, weight = 0): void {
    this.heapLeft -= heapBytes;
    this.weight += weight;
    if (this.heapLeft < 0)
      throw new HeapLimitError(`Byte ${this.position}: values that take too much memory.`);
    if (this.weight > this.mostWeight)
      throw new WeightLimitError(`Byte ${this.position}: values that would take too long to read.`);
  }

  /** Counts parts of the key that is being read. @throws DecodeError if they are more than a key may have */
  countKeyParts(count: number): void {
    this.keyPartsLeft -= count;
    if (this.keyPartsLeft < 0) this.fail(`a key of more than ${MOST_KEY_PARTS} parts`);
    this.charge(0, count * WEIGHT.inKey);
  }
}
