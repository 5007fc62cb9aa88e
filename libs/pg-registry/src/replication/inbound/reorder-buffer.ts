import { DecodeError } from '../../wire';
import type { PartHead } from '../body';
import { COPY_OVERHEAD_BYTES, type Evictable, type Pool } from '../budget';

/** How many operations of one stream may be incomplete at a time. Parts are sent in one go: more than one is rare already. */
const MAX_ASSEMBLIES = 8;

/** Operations `first` to `last` that came too early, encoded. */
export interface BufferedFrame {
  readonly first: number;
  readonly last: number;
  /** The operations themselves, without the head of the body they came in. */
  readonly body: Uint8Array;
}

class StoredFrame implements Evictable, BufferedFrame {
  readonly chargedBytes: number;

  readonly #buffer: ReorderBuffer;

  constructor(
    buffer: ReorderBuffer,
    readonly first: number,
    readonly last: number,
    readonly body: Uint8Array,
  ) {
    this.#buffer = buffer;

    this.chargedBytes = body.length + COPY_OVERHEAD_BYTES;
  }

  evict(): void {
    this.#buffer.dropFrame(this);
  }
}

/** An operation of which parts are missing. */
class Assembly implements Evictable {
  readonly pieces = new Map<number, Uint8Array>();
  chargedBytes = COPY_OVERHEAD_BYTES;
  /** Bytes of the pieces alone. */
  pieceBytes = 0;

  readonly #buffer: ReorderBuffer;

  constructor(
    buffer: ReorderBuffer,
    readonly number: number,
    readonly parts: number,
  ) {
    this.#buffer = buffer;
  }

  /** Keeps a copy of a piece that is not here yet. */
  add(index: number, piece: Uint8Array): void {
    this.pieces.set(index, piece.slice());
    this.pieceBytes += piece.length;
    this.chargedBytes += piece.length + COPY_OVERHEAD_BYTES;
  }

  evict(): void {
    this.#buffer.dropAssembly(this.number);
  }
}

/**
 * Operations of one peer's stream that came before their turn: frames ahead of a gap, and operations of which parts are missing. Bodies
 * are copied as they came, and decoded when it is their turn.
 *
 * Bounded twice: by the pool that all streams of the node share (option `parkingBytes`), which evicts from the peer that holds the most,
 * and by half of it for one peer, above which the peer's new frames are dropped. So a flood ahead of a gap that never closes costs a
 * fixed amount, and the frames nearest to the gap stay. What was dropped or evicted is asked for again like anything else that was lost.
 */
export class ReorderBuffer {
  /** Ascending by first operation. */
  #frames: StoredFrame[] = [];
  readonly #assemblies = new Map<number, Assembly>();
  /** Bytes that are kept now, with what the objects around them cost: 0 if nothing waits. Only this class changes it. */
  bytes = 0;

  readonly #pool: Pool;
  readonly #holder: string;
  readonly #maxBytes: number;
  readonly #maxOpBytes: number;

  /**
   * @param holder The peer whose operations these are
   * @param maxBytes Of the pool for the peer, over all scopes
   */
  constructor(pool: Pool, holder: string, maxBytes: number, maxOpBytes: number) {
    this.#pool = pool;
    this.#holder = holder;
    this.#maxBytes = maxBytes;
    this.#maxOpBytes = maxOpBytes;
  }

  /** First operation of the first frame; Infinity if there is none. */
  get first(): number {
    return this.#frames[0]?.first ?? Infinity;
  }

  /** Keeps a copy of a frame. Returns false if there is no room, or nothing new in it. */
  add(first: number, last: number, body: Uint8Array): boolean {
    return this.#insert(new StoredFrame(this, first, last, body.slice()));
  }

  /** Whether an operation in parts, one of them of `bytes`, is larger than one may be. All parts but the last have one size, and none is empty. */
  isTooLarge({ number, index, parts }: PartHead, bytes: number): boolean {
    const least = Math.max(index < parts - 1 ? bytes * (parts - 1) : bytes, parts);
    const known = this.#assemblies.get(number);
    const together = known === undefined || known.pieces.has(index) ? 0 : known.pieceBytes + bytes;
    return Math.max(least, together) > this.#maxOpBytes;
  }

  /**
   * Keeps a part; with the last missing one the operation is kept whole. Returns false if there is no room.
   *
   * @throws DecodeError if it is empty, or contradicts the other parts.
   */
  addPart({ number, index, parts }: PartHead, piece: Uint8Array): boolean {
    if (piece.length === 0) throw new DecodeError('an empty part of an operation');
    const known = this.#assemblies.get(number);
    if (known?.pieces.has(index)) return true;
    if (known !== undefined && known.parts !== parts)
      throw new DecodeError('parts of an operation that contradict each other');
    if (known === undefined && this.#assemblies.size >= MAX_ASSEMBLIES) return false;
    if (!this.#hasRoomFor(piece.length + 2 * COPY_OVERHEAD_BYTES)) return false;
    const assembly = known ?? new Assembly(this, number, parts);
    if (known !== undefined) this.#giveBack(assembly);
    assembly.add(index, piece);
    if (assembly.pieces.size < parts) {
      this.#assemblies.set(number, assembly);
      this.#charge(assembly);
      return true;
    }
    this.#assemblies.delete(number);
    return this.#insert(new StoredFrame(this, number, number, wholeOf(assembly)));
  }

  /** Takes out the frame that contains operation `next`; frames that are wholly before it are dropped. */
  take(next: number): BufferedFrame | undefined {
    this.#forgetBefore(next);
    if (this.first > next) return undefined;
    const frame = this.#frames.shift()!;
    this.#giveBack(frame);
    return frame;
  }

  /** Whether the frame with operation `next` is here. */
  has(next: number): boolean {
    this.#forgetBefore(next);
    return this.first <= next;
  }

  clear(): void {
    for (const frame of this.#frames) this.#giveBack(frame);
    for (const assembly of this.#assemblies.values()) this.#giveBack(assembly);
    this.#frames = [];
    this.#assemblies.clear();
  }

  /** @internal the pool needs the room. */
  dropFrame(frame: StoredFrame): void {
    const at = this.#frames.indexOf(frame);
    if (at < 0) return;
    this.#frames.splice(at, 1);
    this.bytes -= frame.chargedBytes;
  }

  /** @internal the pool needs the room, or the operation is not wanted any more. */
  dropAssembly(number: number): void {
    const assembly = this.#assemblies.get(number);
    if (assembly === undefined) return;
    this.#assemblies.delete(number);
    this.#giveBack(assembly);
  }

  #forgetBefore(next: number): void {
    while (this.#frames.length > 0 && this.#frames[0].last < next) this.#giveBack(this.#frames.shift()!);
    for (const number of this.#assemblies.keys()) if (number < next) this.dropAssembly(number);
  }

  #insert(frame: StoredFrame): boolean {
    const at = this.#positionOf(frame.first);
    const same = this.#frames[at];
    if (same?.first === frame.first && same.last >= frame.last) return false;
    if (!this.#hasRoomFor(frame.chargedBytes)) return false;
    this.#frames.splice(at, 0, frame);
    this.#charge(frame);
    return true;
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#pool.heldBy(this.#holder) + bytes <= this.#maxBytes;
  }

  #charge(item: Evictable): void {
    this.bytes += item.chargedBytes;
    this.#pool.take(item, this.#holder);
  }

  #giveBack(item: Evictable): void {
    this.bytes -= item.chargedBytes;
    this.#pool.give(item, this.#holder);
  }

  /** Index of the first frame that begins at or after `first`. */
  #positionOf(first: number): number {
    let [low, high] = [0, this.#frames.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frames[middle].first < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function wholeOf({ parts, pieces }: Assembly): Uint8Array {
  const ordered = Array.from({ length: parts }, (_, index) => pieces.get(index)!);
  const whole = new Uint8Array(ordered.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of ordered) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
