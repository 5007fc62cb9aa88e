import { type Profiler, Session } from 'node:inspector';
import { hashOf } from '../term/hash/v8-hash';

/** More chains than any Map here has, so that nothing is counted as a collision by chance. */
const CHAINS = 2 ** 12;

/**
 * Counts what a run does, so that its cost can be told without a clock: how often each block of the library's code is entered, by
 * V8's precise coverage, and how many keys V8 passes in its hash tables on the way to a number or bigint, by the hash that
 * term/hash/v8-hash.ts knows. It slows down the whole thread until it is stopped.
 */
export class OperationCounter {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The operations of one run. */
  count(run: () => void): number {
    const chains = new ChainCounter();
    try {
      this.#takeBlocks();
      run();
      return this.#takeBlocks() + chains.passed;
    } finally {
      chains.restore();
    }
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** How many blocks were entered since the last time. */
  #takeBlocks(): number {
    let blocks = 0;
    // The inspector of one's own thread answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, found) => {
      if (error !== null) throw error;
      for (const script of found.result) if (isLibrary(script)) blocks += blocksOf(script);
    });
    return blocks;
  }
}

function isLibrary({ url }: Profiler.ScriptCoverage): boolean {
  return url.includes('/pg-registry/src/') && !/\.(fixture|spec)\.ts$/.test(url);
}

function blocksOf({ functions }: Profiler.ScriptCoverage): number {
  return functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
}

/** Stands in the methods of Map and Set and adds up the chains that are searched. */
class ChainCounter {
  passed = 0;
  readonly #lengths = new WeakMap<object, Record<number, number>>();
  readonly #restore: (() => void)[] = [];

  constructor() {
    const search = (table: object, key: unknown, adds: boolean): void => {
      if (typeof key !== 'number' && typeof key !== 'bigint') return;
      let lengths = this.#lengths.get(table);
      if (lengths === undefined) this.#lengths.set(table, (lengths = {}));
      const chain = hashOf(key) & (CHAINS - 1);
      const length = lengths[chain] ?? 0;
      this.passed += length;
      if (adds) lengths[chain] = length + 1;
    };
    for (const [prototype, name] of [
      [Map.prototype, 'get'],
      [Map.prototype, 'has'],
      [Map.prototype, 'set'],
      [Set.prototype, 'has'],
      [Set.prototype, 'add'],
    ] as const) {
      const original: unknown = Reflect.get(prototype, name);
      if (typeof original !== 'function') throw new TypeError(`There is no ${name}.`);
      const counting = function (this: object, key: unknown, ...rest: unknown[]): unknown {
        search(this, key, name === 'set' || name === 'add');
        return Reflect.apply(original, this, [key, ...rest]);
      };
      Reflect.defineProperty(prototype, name, { value: counting, writable: true, configurable: true });
      this.#restore.push(() => {
        Reflect.defineProperty(prototype, name, { value: original, writable: true, configurable: true });
      });
    }
  }

  restore(): void {
    for (const restore of this.#restore) restore();
  }
}
