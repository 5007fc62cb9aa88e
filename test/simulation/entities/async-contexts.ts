import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Ends the contexts of nodes whose history is over: each one that was ever used makes every later `await` of this Node.js process slower, and
 * a history has up to thirty.
 */
export class AsyncContexts {
  readonly #used = new Set<AsyncLocalStorage<unknown>>();
  // oxlint-disable-next-line typescript/unbound-method -- called with the storage that it was called on
  readonly #run = AsyncLocalStorage.prototype.run;

  constructor() {
    const used = this.#used;
    const run = this.#run;
    AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
      used.add(this);
      return Reflect.apply(run, this, args);
    } as typeof run;
  }

  end(): void {
    AsyncLocalStorage.prototype.run = this.#run;
    for (const storage of this.#used) storage.disable();
  }
}
