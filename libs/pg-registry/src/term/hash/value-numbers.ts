import { numberToken } from './hash-seed';
import { primitiveText, structureText } from './token';
import type { Value } from '../value';

/**
 * Gives objects numbers: the same one exactly to those that are the same ({@link sameValue}).
 *
 * A container's number is found by a text in which the number of each part stands for the part. So however deep the parts are
 * nested, each is read once: what is read in all is linear in the values (but for sorting what has no order), and exact. The
 * texts are looked up in a Map of strings, which V8 hashes with a secret seed.
 */
export class ValueNumbers {
  readonly #byObject = new Map<object, number>();
  readonly #byText = new Map<string, number>();

  /** The number of an object in normal form. */
  of(value: object & Value): number {
    const known = this.#byObject.get(value);
    if (known !== undefined) return known;
    const text = structureText(value, this.#textOf);
    let number = this.#byText.get(text);
    if (number === undefined) this.#byText.set(text, (number = this.#byText.size));
    this.#byObject.set(value, number);
    return number;
  }

  /** Whether two of the objects among these values are the same; primitives are for a Set to compare. */
  haveRepeatedObject(values: readonly Value[]): boolean {
    const objects = values.filter((value) => typeof value === 'object' && value !== null);
    if (objects.length < 2) return false;
    return new Set(objects.map((object) => this.of(object))).size !== objects.length;
  }

  /** A text that two values share exactly if they are the same, as short as their own parts. */
  readonly #textOf = (value: Value): string => {
    if (typeof value === 'object' && value !== null) return `#${this.of(value)};`;
    // Some fractions take microseconds to print.
    return typeof value === 'number' && !Number.isSafeInteger(value)
      ? numberToken(value)
      : primitiveText(value);
  };
}
