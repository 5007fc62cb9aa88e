import { Cluster } from './cluster';
import { eventually } from '../../support/eventually';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster[Symbol.asyncDispose]());

test('keys and values of every type arrive as they were registered, in entries, calls and answers', async () => {
  const [a, b] = await cluster.joinAll(['a', 'b']);
  await b.run(({ node }) => {
    const handlers = {
      call: (_: string, payload: unknown) => payload,
      cast: () => undefined,
      message: () => undefined,
    };
    const { pid } = node.processes.mount({ label: 'echo', handlers, serial: false });
    node.scope('pg').join('echo', pid);
  });
  await cluster.agree();
  const problems = await a.run(async ({ node, library }) => {
    const registry = node.scope('pg');
    const self = node.processes.self();
    const value = {
      map: new Map<unknown, unknown>([
        [{ structured: ['key'] }, new Set([1, 'two', 3n])],
        [self, new Map([[null, undefined]])],
      ]),
      date: new Date(-1),
      bytes: new Uint8Array([0, 255, 7]),
      floats: new Float64Array([Math.PI, Number.NaN]),
      buffer: new Uint8Array([1, 2, 3]).buffer,
      big: [2n ** 200n, -(2n ** 64n), 0n],
      numbers: [0, -0, 2 ** 53, -1.5, Number.NaN, Infinity, -Infinity],
      text: ['', 'ß', '🦉', '\0'],
      pid: self,
      none: undefined,
      nested: [[[{ deep: [true, false, null] }]]],
    };
    const key = ['all', { kinds: [1, 1n, '1', Number.NaN, null, true] }, self] as const;
    registry.register(key as never, value as never);
    const [entry] = registry.lookup(key as never);
    const answered = await node.processes.call(library.via('pg', 'echo'), 'echo', entry.value);
    return library.sameValue(answered as never, entry.value) ? [] : ['the answer is not what was sent'];
  });
  expect(problems).toEqual([]);

  await eventually(async () => expect(await b.run(({ node }) => node.scope('pg').count())).toBe(2));
  await cluster.agree();
  const seen = await b.run(({ node, library }) => {
    const [entry] = node.scope('pg').selectPrefix(['all'] as never);
    const value = entry.value as Record<string, unknown>;
    const { map, pid } = value as { map: Map<unknown, unknown>; pid: InstanceType<typeof library.Pid> };
    return {
      value,
      found: node.scope('pg').lookup(entry.key).length,
      frozen: Object.isFrozen(value),
      interned:
        pid === entry.pid &&
        [...map.keys()][1] === entry.pid &&
        (entry.key as readonly unknown[])[2] === entry.pid,
    };
  });
  expect(seen).toMatchObject({ found: 1, frozen: true, interned: true });
  expect(seen.value).toEqual({
    map: new Map<unknown, unknown>([
      [{ structured: ['key'] }, new Set([1, 'two', 3n])],
      [expect.objectContaining({ node: 'a' }), new Map([[null, undefined]])],
    ]),
    date: new Date(-1),
    bytes: new Uint8Array([0, 255, 7]),
    floats: new Float64Array([Math.PI, Number.NaN]),
    buffer: new Uint8Array([1, 2, 3]).buffer,
    big: [2n ** 200n, -(2n ** 64n), 0n],
    numbers: [0, 0, 2 ** 53, -1.5, Number.NaN, Infinity, -Infinity],
    text: ['', 'ß', '🦉', '\0'],
    pid: expect.objectContaining({ node: 'a', incarnation: a.incarnation }),
    none: undefined,
    nested: [[[{ deep: [true, false, null] }]]],
  });
});
