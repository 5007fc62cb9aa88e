import { frontPageTable } from './front-page';
import type { Result } from './result';

const NAMES = [
  'lookup, 10,000 string keys',
  'register + unregister beside 10,000 entries',
  'registered → visible at another node, p50 (moleculer)',
  'remote calls, 64 in flight (moleculer)',
  'call to a remote process, 1 in flight',
  'kill -9 → counted out (moleculer, its defaults)',
];

function result(name: string): Result {
  return {
    area: 'area',
    name,
    unit: '/s',
    value: 20_000_000,
    baseline: 10_000_000,
    ratio: 2,
    target: null,
    ok: null,
    missedBy: null,
    rounds: 1,
    spread: { value: 0, ratio: null },
    load: 1,
    point: null,
  };
}

it("compares a lookup with Elixir's Registry when an anchor has its figure", () => {
  const table = frontPageTable(NAMES.map(result), [
    { system: "Elixir's Registry", benchmark: 'lookup, 10,000 string keys', value: 1_000_000, unit: '/s' },
  ]);
  expect(table).toContain("| look a key up, 10,000 keys | 20 M /s | Elixir's Registry: 1 M /s | 20.00 |");
});

it('leaves out the lines of systems that were not measured on this machine', () => {
  const table = frontPageTable(NAMES.map(result), []);
  expect(table).not.toContain('Elixir');
  expect(table.split('\n')).toHaveLength(2 + 4);
});

it("refuses to make the README's table without one of its benchmarks", () => {
  expect(() => frontPageTable(NAMES.slice(1).map(result), [])).toThrow(
    "needs the benchmark 'lookup, 10,000 string keys'",
  );
});
