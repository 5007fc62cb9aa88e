import type { Input, Message } from './input';

/** A part of the library that takes input of strangers, and the oracle that says whether it took it well. */
export interface Target {
  /** For `--target`. */
  readonly name: string;
  /** What it feeds to what, in one line for `--help`. */
  readonly about: string;
  /** The kinds that its messages have. */
  readonly kinds: readonly number[];
  /** How many messages an input has at most. */
  readonly mostMessages: number;
  /** What an input may cost, in blocks. It is linear in the bytes of the input. */
  readonly bound: (input: Input) => number;
  /** Inputs to begin with, the same each time. */
  seeds(): readonly Input[];
  /** Reads the body of a message, so that the fuzzer sees of which fields it consists. What this throws is ignored. */
  read(message: Message): void;
  /**
   * Runs an input. What it throws is a finding.
   *
   * @param start To be called when everything is prepared: what happened before costs nothing.
   */
  run(input: Input, start: () => void): void | Promise<void>;
}

/** An input broke a promise of the library. */
export class Fault extends Error {
  override get name(): string {
    return 'Fault';
  }
}
