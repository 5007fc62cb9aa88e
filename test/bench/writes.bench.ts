import type { Pid, PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { withNode } from './support/nodes';
import { shuffled } from './support/shuffle';

/** How many keys are taken in turn: so many that the processor's caches do not hold all that belongs to them. */
const KEYS = 10_000;

/** What a node sends its peers in a second at least (`replicate 200,000 new entries`): its own tables must not be what limits it. */
const FASTER_THAN_THE_WIRE = 300_000;

/** Writes of a node without peers. */
export async function writes(bench: Bench): Promise<void> {
  await withNode({}, (node) => registerAndUnregister(bench, node));
  await withNode({}, (node) => updateValue(bench, node));
  for (const members of bench.quick ? [100] : [1_000, 10_000, 150_000])
    await withNode({}, (node) => joinAndLeave(bench, node, members));
}

async function registerAndUnregister(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const pid = node.processes.self();
  const names = shuffled(Array.from({ length: KEYS }, (_, i) => `job:${i}`));
  const naive = new Map<string, object>();
  for (let i = 0; i < KEYS; i += 1) {
    registry.register(`other:${i}`, i);
    naive.set(`other:${i}`, { key: `other:${i}`, pid, value: i });
  }
  await bench.rates({
    name: 'register + unregister beside 10,000 entries',
    unit: 'pairs/s',
    work: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) {
        const key = names[i % KEYS];
        registry.register(key, i);
        if (registry.count() === KEYS + 1) right += 1;
        registry.unregister(key);
      }
      return right - (registry.count() - KEYS);
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) {
        const key = names[i % KEYS];
        naive.set(key, { key, pid, value: i });
        if (naive.size === KEYS + 1) right += 1;
        naive.delete(key);
      }
      return right - (naive.size - KEYS);
    },
    limits: [{ of: 'value', atLeast: 1e6 }],
  });
}

async function updateValue(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  const pid = node.processes.self();
  const names = shuffled(Array.from({ length: KEYS }, (_, i) => `job:${i}`));
  const naive = new Map<string, { readonly value: number }>();
  for (const key of names) registry.register(key, 0);
  await bench.rates({
    name: 'updateValue',
    work: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) if (registry.updateValue(names[i % KEYS], i)) right += 1;
      verify(registry.lookup(names[(times - 1) % KEYS])[0].value === times - 1, 'the last value is there');
      return right;
    },
    baseline: (times) => {
      for (let i = 0; i < times; i += 1) {
        const key = names[i % KEYS];
        const row = { key, pid, value: i };
        naive.set(key, row);
      }
      return naive.get(names[(times - 1) % KEYS])?.value === times - 1 ? times : 0;
    },
    limits: [{ of: 'value', atLeast: 1.5e6 }],
  });
}

/** One key of many: a member leaves and comes back, wherever it stands. */
async function joinAndLeave(bench: Bench, node: PgRegistryNode, members: number): Promise<void> {
  const registry = node.scope('pg');
  const pids: Pid[] = Array.from({ length: members }, () => node.processes.spawn().pid);
  registry.join('room', pids);
  const naive = new Set(pids);
  const points = shuffled(pids);
  await bench.rates({
    name: `a key of ${members.toLocaleString('en')} members: leave + join, count each`,
    unit: 'pairs/s',
    work: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) {
        const pid = points[i % members];
        registry.leave('room', pid);
        const left = registry.count() === members - 1;
        registry.join('room', pid);
        if (left && registry.count() === members) right += 1;
      }
      return right;
    },
    baseline: (times) => {
      let right = 0;
      for (let i = 0; i < times; i += 1) {
        const pid = points[i % members];
        naive.delete(pid);
        const left = naive.size === members - 1;
        naive.add(pid);
        if (left && naive.size === members) right += 1;
      }
      return right;
    },
    limits: [{ of: 'value', atLeast: FASTER_THAN_THE_WIRE }],
    point: {
      curve: 'Leave and join of a random member',
      along: 'members of the key',
      at: members,
      baseline: 'a Set',
    },
  });
}
