import { Injectable, type Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { thenOf } from '../lifetime';
import { orElse } from '../term';

/** The hooks of the start. Nest ends the start with the first one that fails, and calls no further one. */
const HOOKS = ['onModuleInit', 'onApplicationBootstrap'] as const;
/** How long no hook may begin after one has failed: code that calls a hook itself may handle what it throws, and the start goes on. */
const QUIET_MS = 1000;

/**
 * Notices that the start of the application has failed in a hook of somebody else. Nest tells no module, but no hook is called any more
 * then. The watch stands in for each hook until the hook is called.
 */
@Injectable()
export class BootstrapWatch {
  #onFailed: (hook: string, error: unknown) => void = () => undefined;
  /** Hooks that have begun, and those of them that have not ended. */
  #begun = 0;
  #running = 0;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Begins, before the first hook of any other module.
   *
   * @param own Modules that see to their failures themselves.
   * @param onFailed Called once, with the name of the hook that failed and what it threw. Must not throw.
   */
  begin(
    modules: ModulesContainer,
    own: readonly Type[],
    onFailed: (hook: string, error: unknown) => void,
  ): void {
    this.#onFailed = onFailed;
    for (const instance of instancesOf(modules, own)) {
      // What cannot be read or changed, such as a frozen object, is not watched.
      for (const hook of HOOKS) orElse(() => this.#standIn(instance, hook), undefined);
    }
  }

  /** Ends, because the last hook was called or the application stops. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #standIn(instance: object, name: (typeof HOOKS)[number]): void {
    const original: unknown = Reflect.get(instance, name);
    if (typeof original !== 'function') return;
    const own = Object.getOwnPropertyDescriptor(instance, name);
    const value = (...args: unknown[]): unknown => {
      if (own === undefined) Reflect.deleteProperty(instance, name);
      else Object.defineProperty(instance, name, own);
      const call = (): unknown => Reflect.apply(original, instance, args);
      const owner = orElse(() => instance.constructor.name, 'A provider');
      return this.#isOver ? call() : this.#watch(`${owner}.${name}`, call);
    };
    Object.defineProperty(instance, name, { value, configurable: true, writable: true, enumerable: false });
  }

  #watch(hook: string, call: () => unknown): unknown {
    this.#begun += 1;
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      this.#failed(hook, error);
      throw error;
    }
    if (thenOf(result) !== 'callable') return result;
    this.#running += 1;
    Promise.resolve(result).then(
      () => void (this.#running -= 1),
      (error: unknown) => {
        this.#running -= 1;
        this.#failed(hook, error);
      },
    );
    return result;
  }

  #failed(hook: string, error: unknown): void {
    if (this.#timer !== undefined || this.#isOver) return;
    const look = (begun: number): void => {
      const isQuiet = this.#running === 0 && this.#begun === begun;
      if (isQuiet) this.#onFailed(hook, error);
      else this.#timer = setTimeout(look, QUIET_MS, this.#begun);
    };
    // Nest has already begun the other hooks of the same module, or begins them in this turn.
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(look, QUIET_MS, this.#begun);
    });
  }
}

/** Every instance whose hooks Nest calls, once. */
function instancesOf(modules: ModulesContainer, own: readonly Type[]): ReadonlySet<object> {
  const instances = new Set<object>();
  for (const module of modules.values()) {
    if (own.includes(module.metatype)) continue;
    for (const wrappers of [module.providers, module.controllers, module.injectables, module.middlewares]) {
      for (const wrapper of wrappers.values()) {
        const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
        if (typeof instance === 'object' && instance !== null) instances.add(instance);
      }
    }
  }
  return instances;
}
