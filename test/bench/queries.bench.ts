import { $, _, ms, type PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { cpuTime } from './support/cpu-time';
import { withNode } from './support/nodes';

interface Value {
  readonly kind: string;
  readonly load: number;
}

/** A query runs in one turn of the event loop, which nothing else may hold up for longer either. */
const A_MILLION_IN_50_MS = 20e6;

/** Queries over a whole scope. */
export async function queries(bench: Bench): Promise<void> {
  for (const rows of bench.quick ? [200] : [1_000, 20_000, 100_000, 1_000_000]) {
    await withNode({}, async (node) => {
      fill(node, rows);
      await select(bench, node, rows);
      await countSelect(bench, node, rows);
      await selectPrefix(bench, node, rows);
    });
  }
}

/** The other sizes are points of the curves. */
function isTarget(rows: number): boolean {
  return rows === 20_000 || rows === 1_000_000;
}

/** Entries under keys of two elements, 100 below each first one; every tenth is of the kind that is asked for. */
function fill(node: PgRegistryNode, rows: number): void {
  const registry = node.scope('pg');
  const pids = Array.from({ length: Math.ceil(rows / 100) }, () => node.processes.spawn().pid);
  for (let i = 0; i < rows; i += 1) {
    const value: Value = { kind: i % 10 === 0 ? 'leader' : 'worker', load: i % 100 };
    registry.join([`doc:${Math.floor(i / 100)}`, i], pids[Math.floor(i / 100)], value);
  }
  verify(registry.count() === rows, 'every entry is there');
}

async function select(bench: Bench, node: PgRegistryNode, rows: number): Promise<void> {
  const registry = node.scope('pg');
  const naive = naiveRows(node);
  const spec = {
    head: { value: { kind: 'leader', load: $(0) } },
    guards: [ms.lt($(0), 50)],
    body: $(0),
  };
  await bench.rates({
    name: `select, ${rows.toLocaleString('en')} rows`,
    unit: 'rows/s',
    each: rows,
    // Of few rows the ordinary warm-up runs too few queries: on a busy machine the first rounds measured code that V8 had not compiled yet,
    // which takes 40 µs for 1,000 rows instead of 14.
    warmUpMs: 1000,
    work: (times) => repeat(times, () => registry.select(spec).length === rows / 20),
    baseline: (times) =>
      repeat(times, () => {
        const found: number[] = [];
        for (const { value } of naive) {
          if (isValue(value) && value.kind === 'leader' && typeof value.load === 'number' && value.load < 50)
            found.push(value.load);
        }
        return found.length === rows / 20;
      }),
    limits: isTarget(rows) ? [{ of: 'value', atLeast: A_MILLION_IN_50_MS }] : [],
    point: {
      curve: 'select: rows looked at in a second',
      along: 'entries',
      at: rows,
      baseline: 'a loop over an array',
    },
  });
}

async function countSelect(bench: Bench, node: PgRegistryNode, rows: number): Promise<void> {
  const registry = node.scope('pg');
  const naive = naiveRows(node);
  const spec = { head: { value: { kind: 'leader' } }, body: true };
  await bench.rates({
    name: `countSelect, ${rows.toLocaleString('en')} rows`,
    unit: 'rows/s',
    each: rows,
    work: (times) => repeat(times, () => registry.countSelect(spec) === rows / 10),
    baseline: (times) =>
      repeat(times, () => {
        let count = 0;
        for (const { value } of naive) if (isValue(value) && value.kind === 'leader') count += 1;
        return count === rows / 10;
      }),
    limits: isTarget(rows) ? [{ of: 'value', atLeast: A_MILLION_IN_50_MS }] : [],
  });
}

async function selectPrefix(bench: Bench, node: PgRegistryNode, rows: number): Promise<void> {
  const registry = node.scope('pg');
  const documents = Math.ceil(rows / 100);
  await bench.figures({
    name: `selectPrefix, 100 hits in ${rows.toLocaleString('en')}`,
    unit: 'µs',
    // V8 compiles the last of it after 6,000 queries: the first rounds took up to ten times as long.
    warmUpMs: 300,
    measure: () => {
      const from = cpuTime();
      for (let i = 0; i < 200; i += 1) {
        const hits = registry.selectPrefix([`doc:${(i * 7919) % documents}`]);
        verify(hits.length === 100, 'the prefix has 100 entries');
      }
      return ((cpuTime() - from) * 1000) / 200;
    },
    limits: isTarget(rows) ? [{ of: 'value', atMost: 100 }] : [],
    rounds: 11,
    point: { curve: 'selectPrefix with 100 hits', along: 'entries', at: rows },
  });
}

/** What somebody would walk by hand: one array of plain objects of the same content. */
function naiveRows(node: PgRegistryNode): readonly { readonly value: unknown }[] {
  const rows = node.scope('pg').select([{ head: { value: _ } }]) as readonly {
    key: unknown;
    pid: unknown;
    value: Value;
  }[];
  return rows.map(({ key, pid, value }) => ({ key, pid, value: { ...value } }));
}

function repeat(times: number, query: () => boolean): number {
  let right = 0;
  for (let i = 0; i < times; i += 1) if (query()) right += 1;
  return right;
}

function isValue(value: unknown): value is { readonly kind: unknown; readonly load: unknown } {
  return typeof value === 'object' && value !== null && 'kind' in value && 'load' in value;
}
