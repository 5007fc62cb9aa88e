import { SeededRandom } from '../support/seeded-random';

const SEED = 1;
/** What a turn of the event loop takes. Without it, who looks again in the next turn whether it is time would look for ever. */
const TURN_MS = 0.1;
const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
};

/** What `setTimeout` returns here. */
class Timer {
  constructor(
    readonly at: number,
    readonly run: () => void,
  ) {}

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/**
 * Runs something on a clock of its own, which leaps to the next timer when there is nothing else to do. With chance from a seed,
 * everything happens in the same order at the same time, whatever else the machine does, and waiting takes no time.
 *
 * That holds for whatever takes time, timers and chance from the globals, and waits for nothing outside of this process. What
 * a timer throws is an uncaught exception, as ever.
 */
export async function inVirtualTime<T>(work: () => Promise<T>): Promise<T> {
  const time = new VirtualTime();
  time.begin();
  try {
    return await work();
  } finally {
    time.end();
  }
}

class VirtualTime {
  readonly #timers = new Set<Timer>();
  readonly #immediates = new Set<NodeJS.Immediate>();
  #now = 0;
  #turn: NodeJS.Immediate | undefined;
  #restore: () => void = () => undefined;

  begin(): void {
    const startedAt = Date.now();
    const restores = [
      replace(performance, 'now', () => this.#now),
      replace(Date, 'now', () => startedAt + Math.floor(this.#now)),
      replace(Math, 'random', new SeededRandom(SEED).next),
    ];
    this.#restore = () => restores.forEach((restore) => restore());
    Object.assign(globalThis, {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
        const timer = new Timer(this.#now + Math.max(1, Math.trunc(ms)), () => run(...args));
        this.#timers.add(timer);
        return timer;
      },
      clearTimeout: (timer: Timer | NodeJS.Timeout | undefined) => {
        if (timer instanceof Timer) this.#timers.delete(timer);
        else real.clearTimeout(timer);
      },
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => {
        const immediate = real.setImmediate(() => {
          this.#immediates.delete(immediate);
          run(...args);
        });
        this.#immediates.add(immediate);
        return immediate;
      },
      clearImmediate: (immediate: NodeJS.Immediate) => {
        this.#immediates.delete(immediate);
        real.clearImmediate(immediate);
      },
    });
    this.#takeTurns();
  }

  end(): void {
    real.clearImmediate(this.#turn);
    this.#restore();
    Object.assign(globalThis, real);
  }

  /** Looks at each turn of the event loop whether there is anything to do but wait. */
  #takeTurns(): void {
    this.#turn = real.setImmediate(() => {
      this.#takeTurns();
      // Promises and the like have been seen to before the turn.
      if (this.#immediates.size === 0) this.#goOn();
      else this.#now += TURN_MS;
    });
  }

  #goOn(): void {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    if (next === undefined) return;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.run();
  }
}

/** Replaces a function of an object, and returns what puts it back. */
function replace<N extends string>(object: Record<N, () => number>, name: N, by: () => number): () => void {
  const before = Reflect.getOwnPropertyDescriptor(object, name);
  object[name] = by;
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}
