import type { Value } from '../../../libs/pg-registry/src/term';

function fail(): never {
  throw new Error('A part of the value throws.');
}

function throwing(name: string): object {
  return Object.defineProperty({}, name, { enumerable: true, get: fail });
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A list that says to be longer than it is. */
function boastful(list: readonly unknown[]): unknown {
  return new Proxy(list, {
    get: (real, name): unknown => (name === 'length' ? 2 ** 20 : Reflect.get(real, name)),
  });
}

function cycle(inner: unknown): unknown {
  const list: unknown[] = [inner];
  list.push(list);
  return list;
}

/** What an object becomes whose first property has this name; `inner` is the value of that property. */
const TRICKS: ReadonlyMap<string, (inner: unknown) => unknown> = new Map<string, (inner: unknown) => unknown>(
  [
    ['then', () => throwing('then')],
    ['toString', (inner) => ({ inner, toString: fail })],
    ['toJSON', (inner) => new Proxy({ inner }, { ownKeys: fail })],
    ['message', revoked],
    ['code', (inner) => new Proxy({ inner }, { get: fail })],
    ['constructor', (inner) => Object.assign(new (class Other {})(), { inner })],
    ['length', (inner) => boastful([inner])],
    ['hasOwnProperty', (inner) => Object.assign(Object.create(null) as object, { inner })],
    ['values', (inner) => Object.assign(() => inner, { inner })],
    ['from', cycle],
    ['id', (inner) => [inner, Symbol('id')]],
    ['stream', (inner) => Object.defineProperty([], 3, { value: inner })],
    ['data', (inner) => new Map([[{ inner }, 1], [{ inner }, 2]])], // prettier-ignore
    ['pattern', (inner) => Object.defineProperty({}, 'inner', { enumerable: true, get: () => inner })],
    ['upTo', (inner) => Object.assign(new Date(NaN), { inner })],
    ['ahead', (inner) => ({ [Symbol.toPrimitive]: () => inner, inner })],
  ],
);

/** What a user may hand in instead of a value: `{ then: x }` becomes an object whose `then` throws, and so on for each trick. */
export function hostileOf(value: Value): unknown {
  if (Array.isArray(value)) return (value as readonly Value[]).map(hostileOf);
  if (value instanceof Map) {
    const pairs = Array.from(
      value as Map<Value, Value>,
      ([key, one]) => [hostileOf(key), hostileOf(one)] as const,
    );
    return new Map(pairs);
  }
  if (value instanceof Set) return new Set(Array.from(value as Set<Value>, hostileOf));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const entries = Object.entries(value as { readonly [name: string]: Value });
  if (entries.length === 0) return {};
  const [[name, inner]] = entries;
  const trick = TRICKS.get(name);
  if (trick !== undefined) return trick(hostileOf(inner));
  return Object.fromEntries(entries.map(([key, one]) => [key, hostileOf(one)]));
}
