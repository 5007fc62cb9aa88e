/** Something that nodes have or have not, and that a {@link SwitchedBench} compares. */
export interface Switch {
  /** Whether the sides of the present benchmark differ, as far as was seen between {@link find} and {@link stop}. */
  readonly differs: boolean;
  /** Nodes that are made from now on have it, or have it not. */
  makeNodes(isOn: boolean): void;
  /** Begins to look which nodes the work concerns. */
  find(): void;
  stop(): void;
  /** Forgets those that were found. */
  forget(): void;
  /** So many turns of work after {@link turn} do not count: until what that has thrown out is compiled again, and in the caches. */
  readonly settlingTurns: number;
  /** Switches it on or off at the nodes that live. What this takes is not measured. */
  turn(isOn: boolean): void | Promise<void>;
  /** A comparison in blocks begins. */
  begin(): void;
  /** One side of it has worked for so many milliseconds. */
  worked(isOn: boolean, ms: number): void;
  end(): void;
}
