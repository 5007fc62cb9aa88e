import { describeValue } from './describe-value';
import { InvalidArgumentError } from './errors';
import { printable } from './quote';
import { isWellFormed } from './size';

const INCARNATION = /^[0-9a-f]{16}$/;

/**
 * The address of a process: it identifies one process of one incarnation of one node, for ever.
 *
 * Frozen. On one node the same process is the same object while it is referenced (`PidInterner`);
 * across nodes, or in a program that runs two of them, compare with {@link samePid}.
 */
export class Pid {
  /** The name of the process's node. */
  readonly node: string;
  /** Which life of the node: 16 lower-case hexadecimal digits, compared for equality only. */
  readonly incarnation: string;
  /** The number of the process in that life of the node. */
  readonly id: number;

  /** Tells a Pid from an object that merely borrowed the prototype. */
  readonly #genuine = true;

  /** @throws InvalidArgumentError if a part has not the form that its field describes. */
  constructor(node: string, incarnation: string, id: number) {
    if (typeof node !== 'string' || node === '' || !isWellFormed(node)) {
      throw notAPid('node', 'a non-empty string without lone surrogates', node);
    }
    if (typeof incarnation !== 'string' || !INCARNATION.test(incarnation)) {
      throw notAPid('incarnation', '16 lower-case hexadecimal digits', incarnation);
    }
    if (!Number.isSafeInteger(id) || id < 0) {
      throw notAPid('id', 'a whole number from 0 to 2^53 - 1', id);
    }
    this.node = node;
    this.incarnation = incarnation;
    this.id = id + 0; // -0 becomes 0
    Object.freeze(this);
  }

  /** Whether `x` was made by this class. */
  static isPid(x: unknown): x is Pid {
    return typeof x === 'object' && x !== null && #genuine in x && x.#genuine;
  }

  /** For messages and logs: `<orders-1.42>`. Leaves the incarnation out, so it is not unique over time. */
  toString(): string {
    // Names of nodes come from frames.
    return `<${printable(this.node)}.${this.id}>`;
  }

  /** The same text; a Pid does not survive JSON. */
  toJSON(): string {
    return this.toString();
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function notAPid(field: string, allowed: string, got: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `The ${field} of a Pid must be ${allowed} (got ${describeValue(got)}). No Pid was made.`,
  );
}

/** Whether `x` is a {@link Pid}. Mirrors `is_pid/1`. */
// oxlint-disable-next-line typescript/unbound-method -- it is static and does not use `this`
export const isPid: (x: unknown) => x is Pid = Pid.isPid;

/** Whether two pids name the same process, wherever they came from. */
export function samePid(a: Pid, b: Pid): boolean {
  return a === b || (a.id === b.id && a.incarnation === b.incarnation && a.node === b.node);
}

/** Where the pids of a copy come from: the `PidInterner` of the node that it belongs to. */
export interface PidSource {
  internPid(pid: Pid): Pid;
}

/** Keeps every pid as it is: for what belongs to no node, whose objects its pids could be. */
export const PIDS_AS_GIVEN: PidSource = { internPid: (pid) => pid };
