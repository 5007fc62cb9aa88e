import { HEAP_BYTES, type Pid, type PidInterner } from '../term';
import { DecodeError, type Reader, type Writer } from '../wire';
import { MAX_NUMBER } from './body';

/** Who owns the entries of a body. */
export interface Owner {
  readonly node: string;
  readonly incarnation: string;
}

/**
 * Entry numbers and pid ids of one body, each written as the difference to the one before. Most differences are small, so most
 * entries need one byte for each; node and incarnation are the owner's and are not written at all.
 */
export class DeltaWriter {
  #number = 0;
  #pidId = 0;

  /** Starts a body: the next differences are taken to zero. */
  reset(): void {
    this.#number = 0;
    this.#pidId = 0;
  }

  writeNumber(writer: Writer, number: number): void {
    writer.uint(zigzag(number - this.#number));
    this.#number = number;
  }

  writePid(writer: Writer, pid: Pid): void {
    writer.uint(zigzag(pid.id - this.#pidId));
    this.#pidId = pid.id;
  }
}

/** The reverse of {@link DeltaWriter}, for a body of `owner`. */
export class DeltaReader {
  #number = 0;
  #pidId = 0;
  #pid: Pid | undefined;

  readonly #owner: Owner;
  readonly #pids: PidInterner;

  constructor(owner: Owner, pids: PidInterner) {
    this.#owner = owner;
    this.#pids = pids;
  }

  readNumber(reader: Reader): number {
    this.#number += unzigzag(reader.uint());
    if (this.#number < 1 || this.#number > MAX_NUMBER)
      throw new DecodeError('an entry number is out of range');
    return this.#number;
  }

  /** Neighbours often have the same pid: then nothing is looked up. */
  readPid(reader: Reader): Pid {
    const delta = unzigzag(reader.uint());
    if (delta === 0 && this.#pid !== undefined) return this.#pid;
    this.#pidId += delta;
    if (this.#pidId < 0 || this.#pidId > MAX_NUMBER) throw new DecodeError('the id of a pid is out of range');
    reader.charge(HEAP_BYTES.process);
    return (this.#pid = this.#pids.intern(this.#owner.node, this.#owner.incarnation, this.#pidId));
  }
}

/** Maps …, -2, -1, 0, 1, 2, … to 3, 1, 0, 2, 4: small numbers of either sign stay short. Not bitwise, because numbers exceed 32 bits. */
function zigzag(delta: number): number {
  return delta >= 0 ? delta * 2 : -delta * 2 - 1;
}

function unzigzag(code: number): number {
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
}
