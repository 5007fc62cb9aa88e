import 'reflect-metadata';
import { InvalidArgumentError } from '../../term';

/** What the decorators of one kind say of methods: a list for each method, in the order of the source. */
export class MethodMetadata<T> {
  readonly #key: string;
  readonly #decorator: string;

  /** @param decorator The decorator's name, for errors. */
  constructor(key: string, decorator: string) {
    this.#key = key;
    this.#decorator = decorator;
  }

  /**
   * Decorators run bottom-up, so what comes later stands before.
   *
   * @throws InvalidArgumentError naming class and member if it is not a method of the instance: nobody would ever find it.
   */
  add(prototype: object, method: string | symbol, item: T): void {
    if (typeof prototype === 'function' || typeof method === 'symbol' || !isMethod(prototype, method)) {
      const owner = typeof prototype === 'function' ? prototype : prototype.constructor;
      throw new InvalidArgumentError(
        `@${this.#decorator} belongs on a method of the instance with a name; ${owner.name}.${String(method)} is none.`,
      );
    }
    const said = (Reflect.getOwnMetadata(this.#key, prototype, method) as T[] | undefined) ?? [];
    Reflect.defineMetadata(this.#key, [item, ...said], prototype, method);
  }

  /** What was said of the method here or, if nothing, where it was inherited from. */
  of(prototype: object, method: string): readonly T[] {
    return (Reflect.getMetadata(this.#key, prototype, method) as T[] | undefined) ?? [];
  }
}

function isMethod(prototype: object, method: string): boolean {
  return typeof Reflect.getOwnPropertyDescriptor(prototype, method)?.value === 'function';
}
