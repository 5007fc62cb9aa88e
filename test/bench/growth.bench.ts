import type { PgRegistryNode, Pid } from 'nestjs-pg-registry';
import { type Bench, collectGarbage, verify } from './support/bench';
import { cpuTime } from './support/cpu-time';
import { newNode } from './support/nodes';
import { withPage } from './support/pages';

const PER_PROCESS = 100;
/** What a node may take for an entry: it sends its peers 300,000 a second at least, and its own tables must not be what limits it. */
const US_OF_THE_WIRE = 3.33;

/** What a growing scope costs, and what it costs to take it apart again. */
export async function growth(bench: Bench): Promise<void> {
  const sizes = bench.quick ? [2_000] : [1_000, 10_000, 100_000, 1_000_000];
  for (const entries of sizes) await grow(bench, entries);
}

interface Grown {
  readonly ms: number;
  readonly heapBytes: number;
}

/** Grows and ends the same by both ways, in turns; each time what it made before is garbage by then. */
async function grow(bench: Bench, entries: number): Promise<void> {
  const here = { grow: [] as Grown[], end: [] as number[] };
  const naive = { grow: [] as Grown[], end: [] as number[] };
  const rounds = bench.rounds(entries >= 1_000_000 ? 3 : 7, 1);
  for (let round = bench.quick ? 0 : -1; round < rounds; round += 1) {
    await bench.turn();
    const ours = await bench.profiled(`grow to ${entries} entries and end`, () => growHere(entries));
    const theirs = bench.brief ? undefined : growNaive(entries);
    if (round < 0) continue; // warms up
    here.grow.push(ours.grown);
    here.end.push(ours.endMs);
    if (theirs === undefined) continue;
    naive.grow.push(theirs.grown);
    naive.end.push(theirs.endMs);
  }
  const title = `${entries.toLocaleString('en')} entries`;
  const isTarget = entries === 1_000_000;
  const perEntry = (figures: readonly number[]): number[] => figures.map((figure) => figure / entries);
  const baseline = (figures: readonly number[]): number[] | undefined =>
    bench.brief ? undefined : perEntry(figures);
  bench.report({
    name: `grow to ${title}: time`,
    unit: 'µs/entry',
    values: perEntry(here.grow.map(({ ms }) => ms * 1000)),
    baselines: baseline(naive.grow.map(({ ms }) => ms * 1000)),
    limits: isTarget ? [{ of: 'value', atMost: US_OF_THE_WIRE }] : [],
    point: { curve: 'Registering', along: 'entries', at: entries, baseline: 'two plain Maps' },
  });
  bench.report({
    name: `grow to ${title}: heap`,
    unit: 'B/entry',
    values: perEntry(here.grow.map(({ heapBytes }) => heapBytes)),
    baselines: baseline(naive.grow.map(({ heapBytes }) => heapBytes)),
    limits: isTarget ? [{ of: 'ratio', atMost: 1.2 }] : [],
    point: { curve: 'Heap', along: 'entries', at: entries, baseline: 'two plain Maps' },
  });
  bench.report({
    name: `end the processes of ${title}`,
    unit: 'µs/entry',
    values: perEntry(here.end.map((ms) => ms * 1000)),
    baselines: baseline(naive.end.map((ms) => ms * 1000)),
    limits: isTarget ? [{ of: 'value', atMost: US_OF_THE_WIRE }] : [],
    point: {
      curve: 'Ending processes of 100 entries',
      along: 'entries',
      at: entries,
      baseline: 'two plain Maps',
    },
  });
}

/** The keys are made before: they are the user's in both ways. */
function keysFor(entries: number): string[] {
  return Array.from({ length: entries }, (_, i) => `key:${i}`);
}

async function growHere(entries: number): Promise<{ grown: Grown; endMs: number }> {
  const keys = keysFor(entries);
  const node = await withPage(newNode({ node: 'alone' }));
  const registry = node.scope('pg');
  const processes = Array.from({ length: entries / PER_PROCESS }, () => node.processes.spawn());
  const grown = growing(() => {
    for (let i = 0; i < entries; i += 1) registry.join(keys[i], processes[i % processes.length].pid, i);
  });
  verify(registry.count() === entries && isLast(node, keys, entries), 'every entry is there');
  const from = cpuTime();
  for (const process of processes) process.exit();
  const endMs = cpuTime() - from;
  verify(registry.count() === 0 && registry.groups().length === 0, 'every entry is gone');
  await node.close();
  return { grown, endMs };
}

function isLast(node: PgRegistryNode, keys: readonly string[], entries: number): boolean {
  return node.scope('pg').lookup(keys[entries - 1])[0].value === entries - 1;
}

/** Rows in two Maps, by key and by process: the least that somebody would write by hand. */
function growNaive(entries: number): { grown: Grown; endMs: number } {
  const keys = keysFor(entries);
  const pids = Array.from({ length: entries / PER_PROCESS }, (_, id) => ({ node: 'alone', id }));
  const byKey = new Map<string, NaiveRow[]>();
  const byProcess = new Map<object, Set<NaiveRow>>();
  const grown = growing(() => {
    for (let i = 0; i < entries; i += 1) {
      const row = { key: keys[i], pid: pids[i % pids.length], value: i };
      const rows = byKey.get(row.key);
      if (rows === undefined) byKey.set(row.key, [row]);
      else rows.push(row);
      const own = byProcess.get(row.pid);
      if (own === undefined) byProcess.set(row.pid, new Set([row]));
      else own.add(row);
    }
  });
  verify(byKey.size === entries, 'every naive row is there');
  const from = cpuTime();
  for (const pid of pids) {
    for (const row of byProcess.get(pid)!) {
      const rows = byKey.get(row.key)!;
      if (rows.length === 1) byKey.delete(row.key);
      else rows.splice(rows.indexOf(row), 1);
    }
    byProcess.delete(pid);
  }
  const endMs = cpuTime() - from;
  verify(byKey.size === 0 && byProcess.size === 0, 'every naive row is gone');
  return { grown, endMs };
}

interface NaiveRow {
  readonly key: string;
  readonly pid: Pick<Pid, 'node' | 'id'>;
  readonly value: number;
}

function growing(register: () => void): Grown {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const from = cpuTime();
  register();
  const ms = cpuTime() - from;
  collectGarbage();
  return { ms, heapBytes: process.memoryUsage().heapUsed - before };
}
