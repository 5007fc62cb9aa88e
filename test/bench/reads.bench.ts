import type { Key, Pid, PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { withNode } from './support/nodes';
import { shuffled } from './support/shuffle';

interface NaiveRow {
  readonly key: unknown;
  readonly pid: Pid;
  readonly value: unknown;
}

/**
 * Point reads: one key, or one process.
 *
 * Both sides are asked the same keys in the same shuffled order, so the caches are as cold for the one as for the other, and
 * both sinks are a comparison of what was found with what was asked: neither compiler nor processor may leave a read out.
 */
export async function reads(bench: Bench): Promise<void> {
  await withNode({}, (node) => lookupStrings(bench, node));
  await withNode({}, (node) => lookupArrays(bench, node));
  await withNode({}, (node) => lookupMany(bench, node));
  await withNode({}, (node) => matchMany(bench, node));
  await keysOfOne(bench);
}

async function lookupStrings(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const names = Array.from({ length: bench.size(10_000, 100) }, (_, i) => `user:${i}`);
  const naive = new Map<string, readonly NaiveRow[]>();
  for (const key of names) {
    const { pid } = registry.register(key, key);
    naive.set(key, [{ key, pid, value: key }]);
  }
  const asked = shuffled(names);
  await bench.rates({
    name: 'lookup, 10,000 string keys',
    work: (times) => {
      let right = 0;
      for (let i = 0, at = 0; i < times; i++, at = at + 1 === asked.length ? 0 : at + 1)
        if (registry.lookup(asked[at])[0].key === asked[at]) right += 1;
      return right;
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0, at = 0; i < times; i++, at = at + 1 === asked.length ? 0 : at + 1)
        if (naive.get(asked[at])![0].key === asked[at]) right += 1;
      return right;
    },
    limits: [{ of: 'ratio', atLeast: 0.5 }],
  });
}

async function lookupArrays(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const outer = Array.from({ length: 100 }, (_, i) => `kind:${i}`);
  const inner = Array.from({ length: bench.size(100, 2) }, (_, i) => `id:${i}`);
  const keys: (readonly [string, string])[] = outer.flatMap((a) => inner.map((b) => [a, b] as const));
  const naive = new Map<string, Map<string, readonly NaiveRow[]>>();
  for (const key of keys) {
    const { pid } = registry.register(key, key[1]);
    let below = naive.get(key[0]);
    if (below === undefined) naive.set(key[0], (below = new Map()));
    below.set(key[1], [{ key, pid, value: key[1] }]);
  }
  const asked = shuffled(keys);
  await bench.rates({
    name: 'lookup, 10,000 keys of two elements',
    work: (times) => {
      let right = 0;
      for (let i = 0, at = 0; i < times; i++, at = at + 1 === asked.length ? 0 : at + 1)
        if (registry.lookup(asked[at])[0].value === asked[at][1]) right += 1;
      return right;
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0, at = 0; i < times; i++, at = at + 1 === asked.length ? 0 : at + 1) {
        const [a, b] = asked[at];
        if (naive.get(a)!.get(b)![0].value === b) right += 1;
      }
      return right;
    },
    limits: [{ of: 'ratio', atLeast: 0.5 }],
  });
}

async function lookupMany(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const pids = Array.from({ length: 100 }, () => node.processes.spawn().pid);
  const naive = new Map<string, readonly NaiveRow[]>();
  const names = Array.from({ length: bench.size(100, 10) }, (_, i) => `room:${i}`);
  for (const key of names) {
    registry.join(key, pids, 1);
    naive.set(
      key,
      pids.map((pid) => ({ key, pid, value: 1 })),
    );
  }
  await bench.rates({
    name: 'lookup, 100 members',
    work: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1)
        if (registry.lookup(names[i % names.length]).length === 100) right += 1;
      return right;
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) if (naive.get(names[i % names.length])!.length === 100) right += 1;
      return right;
    },
    limits: [{ of: 'ratio', atLeast: 0.3 }],
  });
}

async function matchMany(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const pids = Array.from({ length: 100 }, () => node.processes.spawn().pid);
  pids.forEach((pid, i) =>
    registry.join('room', pid, { kind: i % 2 === 0 ? 'even' : 'odd', at: i, tags: [] }),
  );
  const rows = registry.lookup('room') as readonly { value: { kind: string; at: number } }[];
  await bench.rates({
    name: 'match, 100 members, object pattern',
    unit: 'keys/s',
    work: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1)
        if (registry.match('room', { kind: 'even' }).length === 50) right += 1;
      return right;
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1)
        if (rows.filter(({ value }) => isObject(value) && value.kind === 'even').length === 50) right += 1;
      return right;
    },
    limits: [{ of: 'ratio', atLeast: 0.5 }],
  });
}

/** What a filter has to ask of a value of which it knows nothing. */
function isObject(value: unknown): value is { readonly kind: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'kind' in value;
}

/** The baseline is the same question in a scope that holds nothing but the answer. */
async function keysOfOne(bench: Bench): Promise<void> {
  await withNode({ node: 'small' }, (small) =>
    withNode({ node: 'large' }, async (large) => {
      const few = holder(small, 100, 1);
      const many = holder(large, 100, bench.size(10_000, 10));
      await bench.rates({
        name: 'keys(pid): 100 keys, scope of 1 M against 100',
        work: ask(large, many),
        baseline: ask(small, few),
        limits: [{ of: 'ratio', atLeast: 0.5 }],
      });
    }),
  );
}

/** Registers 100 keys for each of some processes, and gives one of these. */
function holder(node: PgRegistryNode, keys: number, processes: number): Pid {
  const registry = node.scope('pg');
  const pids = Array.from({ length: processes }, () => node.processes.spawn().pid);
  for (const pid of pids)
    for (let key = 0; key < keys; key += 1) registry.join(`key:${pid.id}:${key}` satisfies Key, pid);
  verify(registry.count() === keys * processes, 'every entry is there');
  return pids[processes >> 1];
}

/**
 * Each question after a change of the process, so that no remembered answer is asked for. The change is under many keys in
 * turn: a Map of V8 keeps what was deleted in the chain of its hash until it grows or shrinks, so one key that came and went
 * all the time would measure that chain.
 */
function ask(node: PgRegistryNode, pid: Pid): (times: number) => number {
  const registry = node.scope('pg');
  const others = Array.from({ length: 8192 }, (_, i) => `another:${i}`);
  return (times) => {
    let right = 0;
    for (let i = 0; i < times; i += 1) {
      const other = others[i & 8191];
      registry.join(other, pid);
      if (registry.keys(pid).length === 101) right += 1;
      registry.leave(other, pid);
    }
    return right;
  };
}
