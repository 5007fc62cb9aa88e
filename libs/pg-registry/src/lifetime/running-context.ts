import { AsyncLocalStorage } from 'node:async_hooks';
import type { LocalProcess } from './local-process';

/** A stretch of running code that can be recognised from within; see {@link RunningContext.isWithin}. */
interface Marks {
  readonly mark: object;
  readonly outer: Marks | undefined;
}

/** What running code carries along, across awaits. Opaque outside of this file, but for comparing it. */
export interface Running {
  readonly process: LocalProcess;
  readonly marks: Marks | undefined;
}

/**
 * Which process the running code belongs to, and which marked stretches it is inside of.
 *
 * The storage behind it is made at first use: it slows every `await` of the whole Node.js process down (some 60 ns on
 * Node.js 20), so nobody pays who never runs code as a process of its own. Nothing but `run`, `enter` and `within` makes it.
 */
export class RunningContext {
  #storage: AsyncLocalStorage<Running> | undefined;
  readonly #outside: Running;

  readonly #root: LocalProcess;

  constructor(root: LocalProcess) {
    this.#root = root;

    this.#outside = { process: root, marks: undefined };
  }

  self(): LocalProcess {
    return this.#storage?.getStore()?.process ?? this.#root;
  }

  /** Runs `fn` as the process; marks stay. */
  run<T>(process: LocalProcess, fn: () => T): T {
    const running = this.#storage?.getStore();
    if (process === (running?.process ?? this.#root)) return fn();
    return this.#enter({ process, marks: running?.marks }, fn);
  }

  /** Runs `fn` as the process with nothing of the present context: with this mark or none. */
  enter<T>(process: LocalProcess, mark: object | undefined, fn: () => T): T {
    if (this.#storage === undefined && process === this.#root && mark === undefined) return fn();
    return this.#enter({ process, marks: mark && { mark, outer: undefined } }, fn);
  }

  /** Runs `fn` in the present context with one mark more. */
  within<T>(mark: object, fn: () => T): T {
    const running = this.#storage?.getStore();
    return this.#enter(
      { process: running?.process ?? this.#root, marks: { mark, outer: running?.marks } },
      fn,
    );
  }

  isWithin(mark: object): boolean {
    let marks = this.#storage?.getStore()?.marks;
    while (marks !== undefined && marks.mark !== mark) marks = marks.outer;
    return marks !== undefined;
  }

  /** What the running code carries now. */
  current(): Running {
    return this.#storage?.getStore() ?? this.#outside;
  }

  /** Runs `fn` with what other code carried; `here` is what is carried now. */
  resume<A extends unknown[], R>(running: Running, here: Running, fn: (...args: A) => R, ...args: A): R {
    const storage = this.#storage;
    if (storage === undefined || isSame(running, here)) return fn(...args);
    return storage.run(running, fn, ...args);
  }

  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    const bound = this.current();
    // What is carried is looked up at each call: the first use of the storage may come after the binding.
    return (...args) => this.resume(bound, this.current(), fn, ...args);
  }

  /** Lets go of the storage and of what it costs; everything runs as the root process again. */
  dispose(): void {
    this.#storage?.disable();
    this.#storage = undefined;
  }

  #enter<T>(running: Running, fn: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(running, fn);
  }
}

function isSame(a: Running, b: Running): boolean {
  return a === b || (a.process === b.process && a.marks === b.marks);
}
