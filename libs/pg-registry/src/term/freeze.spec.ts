import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { runInNewContext } from 'node:vm';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidValueError,
  normalKey,
  normalValue,
  Pid,
  PidInterner,
  ValueTooLargeError,
  type Value,
} from '.';

const pids = new PidInterner();
const limits = DEFAULT_VALUE_LIMITS;
const normal = (value: unknown, some: Partial<typeof limits> = {}): Value =>
  normalValue(value, { ...limits, ...some }, pids);
/** The normal form of what has one: it has the same structure. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const stored = <T extends Value>(value: T): T => normal(value) as T;
const key = (value: unknown): unknown => normalKey(value, limits, pids);

describe('The normal form of a value', () => {
  test('the normal form of a value is a copy that the caller cannot reach', () => {
    const user = { name: 'Ann', tags: ['a'], seen: new Map([['x', { n: 1 }]]) };
    const copy = stored({ user });
    user.name = 'Bob';
    user.tags.push('b');
    user.seen.get('x')!.n = 2;
    expect(copy).toEqual({ user: { name: 'Ann', tags: ['a'], seen: new Map([['x', { n: 1 }]]) } });
  });

  test('the normal form of a value is frozen at every depth', () => {
    const part = { a: 1 };
    const copy = stored({ list: [part] });
    expect(() => copy.list.push(part)).toThrow(TypeError);
    expect(() => Object.assign(copy, { more: 1 })).toThrow(TypeError);
    for (const each of copy.list) expect(() => (each.a = 2)).toThrow(TypeError);
  });

  test('the normal form of an object keeps the order of its properties', () => {
    expect(Object.keys(stored({ b: 1, a: 2 }))).toEqual(['b', 'a']);
  });

  test('the normal form of a value holds -0 only in the bits of a typed array', () => {
    const [inArray, inObject, inMap, inView] = stored([
      -0,
      { a: -0 },
      new Map([[-0, -0]]),
      Float64Array.of(-0),
    ] as const);
    const numbers = [inArray, inObject.a, ...[...inMap].flat(), normal(-0), key(-0)];
    expect(numbers.map((n) => Object.is(n, 0))).toEqual(numbers.map(() => true));
    expect(Object.is(inView[0], -0)).toBe(true);
  });

  test('the normal form of an object without a prototype is a plain object', () => {
    const bare: unknown = Object.assign(Object.create(null), { a: 1 });
    expect(normal(bare)).toStrictEqual({ a: 1 });
  });

  test('the normal form of an object leaves out properties that are not enumerable', () => {
    expect(normal(Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }))).toStrictEqual({ a: 1 });
  });

  test('objects of another realm are copied like our own', () => {
    const foreign: unknown = runInNewContext(
      '({ list: [1], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(5) })',
    );
    expect(normal(foreign)).toStrictEqual({
      list: [1],
      map: new Map([[1, 2]]),
      set: new Set([1]),
      date: new Date(5),
    });
  });

  test('a part that stands in two places of a value is copied twice', () => {
    const part = { n: 1 };
    const [a, b] = stored([part, part]);
    expect(a).toEqual(b);
    expect(a).not.toBe(b);
  });

  test('one process is one Pid object in stored keys, values, Maps and Sets', () => {
    const held = pids.intern('a', '00000000000000aa', 7);
    const other = new Pid('a', '00000000000000aa', 7);
    expect(normal(other)).toBe(held);
    const found = [key(other), ...stored(['p', other]), ...[...stored(new Map([[other, other]]))].flat()];
    expect(found.filter((each) => each === held)).toHaveLength(4);
    expect(stored(new Set([other])).has(held)).toBe(true);
  });
});

describe('Map, Set and Date in a stored value', () => {
  const map = stored(new Map([['a', 1]]));
  const set = stored(new Set(['a']));
  const date = stored(new Date(0));

  test('a stored Map, Set or Date throws when it is changed', () => {
    const changes = [
      () => map.set('b', 2),
      () => map.delete('a'),
      () => map.clear(),
      () => set.add('b'),
      () => set.delete('a'),
      () => set.clear(),
      () => date.setTime(1),
      () => date.setUTCFullYear(2000),
    ];
    for (const change of changes) expect(change).toThrow(/stored value cannot be changed/);
    expect([map.size, set.size, date.getTime()]).toEqual([1, 1, 0]);
  });

  test('a stored Map, Set or Date reads like the original', () => {
    expect(map).toBeInstanceOf(Map);
    expect(map).toStrictEqual(new Map([['a', 1]]));
    expect(set).toStrictEqual(new Set(['a']));
    expect(date).toStrictEqual(new Date(0));
    expect(structuredClone({ map, set, date })).toEqual({ map, set, date });
    expect(JSON.stringify(date)).toBe('"1970-01-01T00:00:00.000Z"');
    expect(new Map(map).set('b', 2).size).toBe(2);
  });
});

describe('Bytes in a stored value', () => {
  test('stored bytes are a copy of just what a view shows', () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    const copy = stored(whole.subarray(1, 3));
    whole[1] = 99;
    expect([...copy]).toEqual([2, 3]);
    expect(copy.buffer.byteLength).toBe(2);
  });

  test('a Buffer is stored as a Uint8Array, and shared memory as ordinary memory', () => {
    const buffer = stored(Buffer.from('hi'));
    expect(Object.getPrototypeOf(buffer)).toBe(Uint8Array.prototype);
    const shared = stored(new Int32Array(new SharedArrayBuffer(8)));
    expect(Object.prototype.toString.call(shared.buffer)).toBe('[object ArrayBuffer]');
  });

  test('stored bytes keep their kind and their bits', () => {
    for (const view of [
      BigInt64Array.of(-1n),
      new Uint8ClampedArray([1]),
      Float64Array.of(NaN, -0),
      Int16Array.of(-1),
    ]) {
      expect(normal(view)).toStrictEqual(view);
    }
  });
});

class Account {
  balance = 1;
  close = (): void => undefined;
}
class Query {
  // oxlint-disable-next-line unicorn/no-thenable -- as queries of databases have it
  then(): void {}
}
class Closed {
  #secret = 1;
  get open(): number {
    return this.#secret;
  }
}
class Pages {
  async *[Symbol.asyncIterator]() {}
}
class Point {
  x = 1;
  #secret = 2;
  get length(): number {
    return this.x + this.#secret;
  }
}
/** As libraries for decimal numbers, dates and documents have it. */
class Decimal {
  readonly digits = [1, 2];
  toJSON(): string {
    return '1.2';
  }
}
class Itself {
  a = 1;
  toJSON(): this {
    return this;
  }
}
const cycle: { self?: unknown } = {};
cycle.self = [cycle];
const sparse: number[] = [1];
sparse[2] = 3;
const detached = new Uint8Array(4);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

describe('Instances of classes', () => {
  test.each<[string, unknown, unknown]>([
    ['their own enumerable properties, without accessors and private fields', [new Point()], [{ x: 1 }]],
    ['what toJSON returns', { price: new Decimal() }, { price: '1.2' }],
    ['what toJSON of a plain object returns', { toJSON: () => ({ b: new Decimal() }) }, { b: '1.2' }],
    ['their properties, if toJSON returns the instance itself', new Itself(), { a: 1 }],
    ['the text of a URL', new URL('http://a/b'), 'http://a/b'],
    [
      'the entries of a subclass of Map',
      new (class Cache extends Map<number, number> {})([[1, 2]]),
      new Map([[1, 2]]),
    ],
    ['the members of a subclass of Set', new (class Tags extends Set<string> {})(['a']), new Set(['a'])],
    ['the time of a subclass of Date', new (class Day extends Date {})(7), new Date(7)],
    ['the elements of a subclass of Array', class List extends Array<number> {}.of(1, 2), [1, 2]],
    ['the bytes of a Buffer, not its toJSON', Buffer.from([1]), Uint8Array.of(1)],
    ['an empty object, if there is nothing in them', new Closed(), {}],
  ])('an instance of a class becomes %s', (_, value, expected) => {
    const copy = normal(value);
    expect(copy).toStrictEqual(expected);
    expect(Object.isFrozen(copy) || ArrayBuffer.isView(copy)).toBe(true);
  });

  test('a toJSON may copy other values meanwhile, and a copy that fails leaves nothing for the next', () => {
    const inner = { toJSON: () => ({ copied: normal({ deep: [{ deeper: [1] }] }) }) };
    expect(normal({ before: [1], inner, after: { x: 1 } })).toEqual({
      before: [1],
      inner: { copied: { deep: [{ deeper: [1] }] } },
      after: { x: 1 },
    });
    const large = { deep: { deeper: { text: 'x'.repeat(600) } } };
    expect(() => normal(large, { maxValueBytes: 500 })).toThrow(ValueTooLargeError);
    expect(normal({ text: 'x'.repeat(400) }, { maxValueBytes: 500 })).toEqual({ text: 'x'.repeat(400) });
    expect(() => normal({ deep: [{ f: () => 1 }] })).toThrow('value.deep[0].f is a function');
    expect(() => normal([() => 1])).toThrow('value[0] is a function');
  });

  test('objects whose toJSON makes new ones without end are refused by the limit of the depth', () => {
    class Endless {
      toJSON(): object {
        return { next: new Endless() };
      }
    }
    expect(() => normal(new Endless())).toThrow(ValueTooLargeError);
  });

  test('an instance of a class is no key', () => {
    expect(() => key([new Point()])).toThrow('key[0] is an instance of Point. A key must be');
    expect(() => key({ toJSON: () => 1 })).toThrow('key.toJSON is a function. A key must be');
  });
});

describe('What has no normal form', () => {
  test.each<[string, unknown, string]>([
    ['a function', { on: () => 1 }, 'value.on is a function'],
    ['a symbol', [Symbol('x')], 'value[0] is a symbol'],
    [
      'a method of a class that is a property',
      { users: [{}, { account: new Account() }] },
      'value.users[1].account.close is a function',
    ],
    [
      'an Error',
      { why: new RangeError('x') },
      'value.why is an instance of RangeError, an error. Take its message',
    ],
    [
      'a promise',
      [(async () => undefined)()],
      'value[0] is an instance of Promise, a promise. Await it first.',
    ],
    ['a query that can be awaited', { of: new Query() }, 'value.of is an instance of Query, a promise.'],
    [
      'a stream',
      { body: Readable.from([]) },
      'value.body is an instance of Readable, a stream or Observable.',
    ],
    ['an Observable', of(1), 'value is an instance of Observable, a stream or Observable.'],
    [
      'an async iterable',
      new Pages(),
      'value is an instance of Pages, an async iterable. Collect what it gives first.',
    ],
    ['a generator', (function* () {})(), 'whose contents are not in its properties'],
    [
      'a RegExp',
      { word: /\w/ },
      'value.word is an instance of RegExp, whose contents are not in its properties',
    ],
    ['a WeakMap', new WeakMap(), 'value is an instance of WeakMap, whose contents'],
    ['a boxed number', Object(1), 'value is an instance of Number, whose contents'],
    [
      'parameters of a URL',
      new URLSearchParams('a=1'),
      'value is an instance of URLSearchParams, whose contents',
    ],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'value is an instance of DataView'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'value is an instance of SharedArrayBuffer'],
    ['a toJSON that gives a function', { a: { toJSON: () => () => 1 } }, 'value.a is a function'],
    ['a toJSON that throws', { a: { toJSON: () => { throw new Error('no'); } } }, 'The value cannot be read: no.'], // prettier-ignore
    [
      'an accessor of a class instance',
      Object.defineProperty(new Point(), 'z', { get: () => 1, enumerable: true }),
      'value.z is an accessor',
    ],
    ['bytes that were transferred', detached, 'value has lost its bytes'],
    ['an accessor', { get now() { return 1; } }, 'value.now is an accessor'], // prettier-ignore
    ['an accessor in an array', Object.defineProperty([1], 0, { get: () => 1 }), 'value[0] is an accessor'],
    ['a symbol as property', { a: { [Symbol.iterator]: 1 } }, 'value.a has a symbol as property'],
    ['a sparse array', { list: sparse }, 'value.list is a sparse array: [1] is missing'],
    [
      'an array with other properties',
      Object.assign([1], { note: 'x' }),
      'value is an array with properties beside',
    ],
    [
      'a Map with other properties',
      Object.assign(new Map(), { note: 'x' }),
      'value has properties of its own',
    ],
    ['a cycle', { a: cycle }, 'value.a.self[0] contains itself'],
    ['an invalid date', { at: new Date(NaN) }, 'value.at is an invalid Date'],
    ['a __proto__ key', JSON.parse('{"a":{"__proto__":1}}'), 'value.a has a property named __proto__'],
    ['a lone surrogate', { 'a b': 'x\ud83d' }, "value['a b'] has a lone surrogate"],
    ['a name with a lone surrogate', { '\ud83d': 1 }, 'value has a property whose name has a lone surrogate'],
    ['a wrong key of a Map', new Map([[{}, () => 1]]), 'value.get({}) is a function'],
    ['a wrong member of a Set', new Set([1, Symbol.iterator]), 'value.values()[1] is a symbol'],
    ['a Map with the same key twice', new Map([[[1], 1], [[1], 2]]), 'value is a Map with the same key twice'], // prettier-ignore
    [
      'a Set with the same member twice',
      new Set([{ a: 1 }, { a: 1 }]),
      'value is a Set with the same member twice',
    ],
  ])('%s is refused, with the place', (_what, value, message) => {
    const refused = (): unknown => normal(value);
    expect(refused).toThrow(InvalidValueError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(/ Nothing was stored\.$/);
  });

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'key is undefined'],
    ['a Date', ['at', new Date(0)], 'key[1] is an instance of Date'],
    ['a Map', { m: new Map() }, 'key.m is an instance of Map'],
    ['bytes', [new Uint8Array(1)], 'key[0] is an instance of Uint8Array'],
    ['a lone surrogate', '\ud83d', 'key has a lone surrogate'],
    ['a function', () => 1, 'key is a function'],
  ])('%s is refused in a key', (_what, value, message) => {
    expect(() => key(value)).toThrow(message);
    expect(() => key(value)).toThrow(/A key must be .* Nothing was stored\.$/);
  });
});

describe('What is too large', () => {
  test('a value that is too large is refused with the limit, its option and how far the copy got', () => {
    const value = { head: { blob: 'x'.repeat(100) } };
    expect(() => normal(value, { maxValueBytes: 50 })).toThrow(ValueTooLargeError);
    expect(() => normal(value, { maxValueBytes: 50 })).toThrow(
      'The value is larger than maxValueBytes = 50 bytes: up to value.head.blob it has',
    );
    expect(() => key('x'.repeat(5000))).toThrow(/maxKeyBytes = 4096 bytes: up to key it has 500\d already/);
  });

  test('the size of a value counts every kind of part', () => {
    for (const value of [
      'é'.repeat(60),
      2n ** 900n,
      new Uint8Array(100),
      Array(101).fill(0),
      new Set(Array(101).keys()),
    ]) {
      expect(() => normal(value, { maxValueBytes: 100 })).toThrow(ValueTooLargeError);
    }
  });

  test('a value that is nested too deeply is refused', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 4; level += 1) deep = { a: [deep] };
    expect(() => normal(deep, { maxDepth: 8 })).not.toThrow();
    expect(() => normal(deep, { maxDepth: 7 })).toThrow(
      'value.a[0].a[0].a[0].a is nested deeper than maxDepth = 7 levels',
    );
  });

  test('a value whose parts stand in exponentially many places costs no more than the limit', () => {
    let part: unknown = ['leaf'];
    for (let level = 0; level < 30; level += 1) part = [part, part, part];
    expect(() => normal(part)).toThrow(ValueTooLargeError);
  });
});
