import { AsyncLocalStorage } from 'node:async_hooks';
import type { LocalProcess } from './local-process';

/** A list of marks, the innermost first; see {@link CurrentProcess.isWithin}. */
interface Marks {
  readonly mark: object;
  readonly outer: Marks | undefined;
}

/** What running code carries along, across awaits. */
export interface ContextSnapshot {
  readonly process: LocalProcess;
  /** Opaque outside of this file; whether there are any is not. */
  readonly marks: Marks | undefined;
}

/**
 * Knows which process the running code belongs to, and which marks it runs within.
 *
 * The AsyncLocalStorage behind it is made at first use, because it slows down every `await` of the whole Node.js process: an
 * application that never runs code as a process of its own does not pay. Only `run`, `enter` and `within` make it.
 */
export class CurrentProcess {
  #storage: AsyncLocalStorage<ContextSnapshot> | undefined;
  #isClosed = false;
  readonly #root: LocalProcess;
  readonly #outside: ContextSnapshot;
  /** The last one that was made: of many messages in a row to one process, one is enough. */
  #lastBare: ContextSnapshot;

  constructor(root: LocalProcess) {
    this.#root = root;
    this.#outside = this.#lastBare = { process: root, marks: undefined };
  }

  /** Returns the process of the innermost {@link run} or {@link enter}, else the root process. */
  self(): LocalProcess {
    return this.#storage?.getStore()?.process ?? this.#root;
  }

  /** Runs `fn` as the process; the marks stay. */
  run<T>(process: LocalProcess, fn: () => T): T {
    const context = this.#storage?.getStore();
    if (process === (context?.process ?? this.#root)) return fn();
    return this.#store({ process, marks: context?.marks }, fn);
  }

  /**
   * Runs what a process does for somebody else, such as a handler: as the process, even if it has just ended, and with nothing
   * of the caller's context but the given mark.
   */
  enter<A extends unknown[], R>(
    process: LocalProcess,
    mark: object | undefined,
    fn: (...args: A) => R,
    ...args: A
  ): R {
    if (this.#storage === undefined && process === this.#root && mark === undefined) return fn(...args);
    let context = this.#lastBare;
    if (mark !== undefined) context = { process, marks: { mark, outer: undefined } };
    else if (context.process !== process) context = this.#lastBare = { process, marks: undefined };
    const storage = this.#storage;
    return storage === undefined ? this.#store(context, fn, ...args) : storage.run(context, fn, ...args);
  }

  /** Runs `fn` in the present context with one more mark, by which code within can be recognised across awaits. */
  within<T>(mark: object, fn: () => T): T {
    const context = this.#storage?.getStore();
    const marks = { mark, outer: context?.marks };
    return this.#store({ process: context?.process ?? this.#root, marks }, fn);
  }

  /** Returns whether the code runs within this mark. */
  isWithin(mark: object): boolean {
    let marks = this.#storage?.getStore()?.marks;
    while (marks !== undefined && marks.mark !== mark) marks = marks.outer;
    return marks !== undefined;
  }

  /** Returns the innermost mark of a kind in a snapshot. */
  static innermost<T extends object>(
    { marks: innermost }: ContextSnapshot,
    isOfKind: (mark: object) => mark is T,
  ): T | undefined {
    for (let marks = innermost; marks !== undefined; marks = marks.outer)
      if (isOfKind(marks.mark)) return marks.mark;
    return undefined;
  }

  /**
   * Returns what the running code carries now, for {@link resume}. Costs one read of the AsyncLocalStorage, once there is one.
   * The answer stays the same until code is awaited, or run as another process.
   */
  snapshot(): ContextSnapshot {
    return this.#storage?.getStore() ?? this.#outside;
  }

  /**
   * Runs `fn` with a snapshot that was taken elsewhere. Does what {@link bind} does, for a caller that calls many functions in a
   * row and takes the present snapshot once.
   *
   * @param here The present snapshot.
   */
  resume<A extends unknown[], R>(
    snapshot: ContextSnapshot,
    here: ContextSnapshot,
    fn: (...args: A) => R,
    ...args: A
  ): R {
    const storage = this.#storage;
    if (storage === undefined || isSame(snapshot, here)) return fn(...args);
    return storage.run(snapshot, fn, ...args);
  }

  /**
   * Returns a function that runs `fn` as the process that is current now: by any caller, and also after that process ended.
   * Costs one closure; while nothing ever ran as another process, a call costs one comparison more than `fn` itself.
   */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    const bound = this.snapshot();
    // The present snapshot is taken at each call: the storage may be made after the binding.
    return (...args) => this.resume(bound, this.snapshot(), fn, ...args);
  }

  /** Lets go of the storage and its cost; everything runs as the root process again, until something is run as another one. */
  dispose(): void {
    this.#storage?.disable();
    this.#storage = undefined;
  }

  /** Lets go of the storage for good: what still runs does so as the root process. */
  close(): void {
    this.dispose();
    this.#isClosed = true;
  }

  #store<A extends unknown[], R>(context: ContextSnapshot, fn: (...args: A) => R, ...args: A): R {
    if (this.#isClosed) return fn(...args);
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(context, fn, ...args);
  }
}

function isSame(a: ContextSnapshot, b: ContextSnapshot): boolean {
  return a === b || (a.process === b.process && a.marks === b.marks);
}
