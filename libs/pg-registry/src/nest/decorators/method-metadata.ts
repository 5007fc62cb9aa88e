import 'reflect-metadata';

/** What the decorators of one kind say of methods: a list for each method, in the order of the source. */
export class MethodMetadata<T> {
  constructor(private readonly key: string) {}

  /** Decorators run bottom-up, so what comes later stands before. */
  add(prototype: object, method: string | symbol, item: T): void {
    const said = (Reflect.getOwnMetadata(this.key, prototype, method) as T[] | undefined) ?? [];
    Reflect.defineMetadata(this.key, [item, ...said], prototype, method);
  }

  /** What was said of the method here or, if nothing, where it was inherited from. */
  of(prototype: object, method: string | symbol): readonly T[] {
    return (Reflect.getMetadata(this.key, prototype, method) as T[] | undefined) ?? [];
  }
}
