import type { Value } from '../term';

/** A part of a row. */
export type Part = 'key' | 'pid' | 'value';

/** A variable that the head binds. */
export interface Binding {
  readonly number: number;
  /** Where its value is kept while a row is matched. */
  readonly slot: number;
  /** The part of the row that it is as a whole, if it is: then guards and bodies read the row and need no slot. */
  readonly part: Part | undefined;
  /** Whether it stands in the head a second time, so that the slot is needed after all. */
  isCompared: boolean;
}

/**
 * The variables of one head and what they hold while one row is matched.
 *
 * The slots are used again for every row: matching allocates nothing. It cannot be entered twice, because no code of a
 * user runs in between.
 */
export class Variables {
  /** What the variables hold now, by slot. Stale, but never read, after a row that did not match. */
  readonly slots: Value[] = [];
  readonly #bindings: Binding[] = [];

  /** The variable of this number, if a pattern has named it before. */
  find(number: number): Binding | undefined {
    return this.#bindings.find((binding) => binding.number === number);
  }

  /** The variable that is this part of the row. */
  ofPart(part: Part): Binding | undefined {
    return this.#bindings.find((binding) => binding.part === part);
  }

  /** Binds a variable where a pattern names it for the first time. */
  bind(number: number, part?: Part): Binding {
    const binding = { number, slot: this.slots.length, part, isCompared: false };
    this.slots.push(undefined);
    this.#bindings.push(binding);
    return binding;
  }

  /** All, by ascending number. */
  ascending(): readonly Binding[] {
    return this.#bindings.toSorted((a, b) => a.number - b.number);
  }
}
