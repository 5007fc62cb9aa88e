import { hashOf } from '../../../libs/pg-registry/src/term/hash/v8-hash';

/** More chains than the Maps of one input need, so that nothing is counted as a collision by chance. */
const CHAINS = 2 ** 12;

/** So many elements or characters of a built-in method count as one block of JavaScript. */
const UNITS_PER_BLOCK = 16;

/** Methods that walk over the whole of `this` without calling back. */
const WALKS: readonly (readonly [object, readonly string[]])[] = [
  [
    Array.prototype,
    [
      'includes',
      'indexOf',
      'lastIndexOf',
      'slice',
      'splice',
      'unshift',
      'concat',
      'join',
      'fill',
      'reverse',
      'toReversed',
      'toSorted',
      'sort',
      'flat',
      'with',
      'toSpliced',
    ],
  ],
  [String.prototype, ['split', 'replace', 'replaceAll', 'indexOf', 'includes', 'normalize', 'isWellFormed']],
  [
    Object.getPrototypeOf(Uint8Array.prototype) as object,
    ['slice', 'set', 'fill', 'indexOf', 'includes', 'join'],
  ],
];

/** Methods of Map and Set that search a chain of V8's hash table; whether they add to it. */
const SEARCHES = [
  [Map.prototype, 'get', false],
  [Map.prototype, 'has', false],
  [Map.prototype, 'set', true],
  [Set.prototype, 'has', false],
  [Set.prototype, 'add', true],
] as const;

// oxlint-disable typescript/unbound-method -- both are called with another `this`
const isInMap = Map.prototype.has;
const isInSet = Set.prototype.has;
// oxlint-enable typescript/unbound-method

/** What is set again stays where it is. */
function isIn(table: object, key: unknown): boolean {
  return table instanceof Map ? isInMap.call(table, key) : table instanceof Set && isInSet.call(table, key);
}

type Method = (this: object, ...args: readonly unknown[]) => unknown;

/**
 * Adds up what built-in methods cost, which no block of the library shows: how far they walk over arrays and texts, the texts that a Map
 * or Set hashes, and how many of its keys V8 passes on its way to a number or bigint. It stands in the methods of the built-in classes of the whole thread.
 */
export class BuiltinCosts {
  #isCounting = false;
  #units = 0;
  #passed = 0;
  #lengths = new WeakMap<object, Record<number, number>>();
  readonly #restore: (() => void)[] = [];

  constructor() {
    for (const [prototype, names] of WALKS)
      for (const name of names) this.#stand(prototype, name, this.#walk);
    for (const [prototype, name, adds] of SEARCHES)
      this.#stand(prototype, name, (table, key) => this.#search(table, key, adds && !isIn(table, key)));
  }

  /** What was counted, in blocks. */
  get total(): number {
    return Math.floor(this.#units / UNITS_PER_BLOCK) + this.#passed;
  }

  /** Counts from zero. */
  start(): void {
    this.#units = 0;
    this.#passed = 0;
    this.#lengths = new WeakMap();
    this.#isCounting = true;
  }

  stop(): void {
    this.#isCounting = false;
  }

  /** Gives the built-in classes their own methods back. */
  restore(): void {
    for (const restore of this.#restore) restore();
  }

  readonly #walk = (walked: object): void => {
    const length: unknown = Reflect.get(walked, 'length');
    if (typeof length === 'number') this.#units += length;
  };

  #search(table: object, key: unknown, adds: boolean): void {
    // V8 hashes a text when it is looked up for the first time.
    if (typeof key === 'string') this.#units += key.length;
    if (typeof key !== 'number' && typeof key !== 'bigint') return;
    let lengths = this.#lengths.get(table);
    if (lengths === undefined) this.#lengths.set(table, (lengths = {}));
    const chain = hashOf(key) & (CHAINS - 1);
    const length = lengths[chain] ?? 0;
    this.#passed += length;
    if (adds) lengths[chain] = length + 1;
  }

  #stand(prototype: object, name: string, count: (self: object, first: unknown) => void): void {
    const original = Reflect.get(prototype, name) as Method | undefined;
    if (original === undefined) return;
    // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment -- the method's own `this` is another
    const costs = this;
    const method: Method = function (...args) {
      if (costs.#isCounting) {
        costs.#isCounting = false; // What counting itself calls costs nothing.
        count(Object(this) as object, args[0]);
        costs.#isCounting = true;
      }
      return Reflect.apply(original, this, args);
    };
    const define = (value: unknown): void =>
      void Reflect.defineProperty(prototype, name, { value, writable: true, configurable: true });
    define(method);
    this.#restore.push(() => define(original));
  }
}
