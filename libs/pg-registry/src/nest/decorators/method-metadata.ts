import 'reflect-metadata';
import { InvalidArgumentError } from '../../term';

/** Stores and reads the metadata of one decorator: a list for each method, in the order of the source. */
export class MethodMetadata<T> {
  readonly #key: string;
  readonly #decorator: string;

  /** @param decorator The decorator's name, for errors. */
  constructor(key: string, decorator: string) {
    this.#key = key;
    this.#decorator = decorator;
  }

  /**
   * Adds metadata to a method, before the metadata that is there: decorators run bottom-up.
   *
   * @throws InvalidArgumentError naming class and member if it is not a method of the instance, because the explorer would never find it.
   */
  add(prototype: object, method: string | symbol, item: T): void {
    if (typeof prototype === 'function' || typeof method === 'symbol' || !isMethod(prototype, method)) {
      const owner = typeof prototype === 'function' ? prototype : prototype.constructor;
      throw new InvalidArgumentError(
        `@${this.#decorator} must be on an instance method with a name (got ${owner.name}.${String(method)}).`,
      );
    }
    const present = (Reflect.getOwnMetadata(this.#key, prototype, method) as T[] | undefined) ?? [];
    Reflect.defineMetadata(this.#key, [item, ...present], prototype, method);
  }

  /** Returns the metadata of a method or, if it has none, of the method that it overrides. */
  of(prototype: object, method: string): readonly T[] {
    return (Reflect.getMetadata(this.#key, prototype, method) as T[] | undefined) ?? [];
  }
}

function isMethod(prototype: object, method: string): boolean {
  return typeof Reflect.getOwnPropertyDescriptor(prototype, method)?.value === 'function';
}
