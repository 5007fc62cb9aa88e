import type { PgRegistryNode } from 'nestjs-pg-registry';
import { newNode, optionsOfAllNodes, setOptionsOfAllNodes, withNode } from '../support/nodes';
import { applicationAround, setPages, withPage } from '../support/pages';
import { JournalSwitch } from './journal-switch';
import { PageSwitch } from './page-switch';
import type { Switch } from './switch';
import { SwitchedBench, type SwitchedResult } from './switched-bench';

let results: SwitchedResult[];
let bench: SwitchedBench;

function compare(switched: Switch): void {
  results = [];
  bench = new SwitchedBench({
    area: 'test',
    quick: true,
    rounds: 3,
    switched,
    onResult: (result) => results.push(result),
  });
}

describe('the comparison of nodes with a journal and without', () => {
  beforeEach(() => compare(new JournalSwitch({ observer: { journal: 5 } })));
  afterEach(() => setOptionsOfAllNodes({}));

  it('switches the journal of a node that lives on, and says which work writes', async () => {
    const remembered: number[] = [];
    await withNode({}, async (node) => {
      const registry = node.scope('pg');
      const facts = node.observer.observe();
      const latest = async () => (await facts.key('pg', 'written')).changes.at(0)?.number ?? 0;
      await bench.rates({
        name: 'write',
        work: async (times) => {
          const before = await latest();
          for (let i = 0; i < times; i += 1) registry.register('written', i);
          remembered.push((await latest()) - before);
          registry.unregister('written');
          return times;
        },
      });
      await bench.rates({
        name: 'read',
        work: (times) => {
          for (let i = 0; i < times; i += 1) registry.lookup('written');
          return times;
        },
      });
    });
    expect(results.map(({ name, differs }) => [name, differs])).toEqual([
      ['write', true],
      ['read', false],
    ]);
    expect(results.every(({ ratios }) => ratios.length === 1 && ratios[0] > 0)).toBe(true);
    // With a journal each write is remembered, without one none is.
    expect(new Set(remembered.map((count) => count > 0))).toEqual(new Set([true, false]));
  });

  it('compares figures that a benchmark measures by itself, and says whether anything was written', async () => {
    const journals: unknown[] = [];
    await withNode({}, async (node) => {
      const registry = node.scope('pg');
      let value = 0;
      for (const writes of [true, false])
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await bench.figures({
          name: writes ? 'written' : 'read',
          unit: 'µs',
          rounds: 6,
          measure: () => {
            if (writes) registry.join('key', node.processes.self(), (value += 1));
            journals.push(optionsOfAllNodes().observer);
            return 10;
          },
        });
    });
    const [on, off] = [{ journal: 5 }, { journal: 0 }];
    // Once to find the journals, then a round of each side.
    expect(journals).toEqual([on, on, off, on, on, off]);
    expect(results).toEqual([
      { name: 'written', ratios: [1], controls: [], differs: true },
      { name: 'read', ratios: [1], controls: [], differs: false },
    ]);
  });

  it('has no ratio for a figure that was taken once', async () => {
    await bench.rates({ name: 'rate', work: (times) => times });
    bench.report({ name: 'heap', unit: 'B', values: [100] });
    expect(results.at(-1)).toEqual({ name: 'heap', ratios: [], controls: [], differs: true });
  });

  it('leaves out pairs of rounds in which nothing was measured', async () => {
    for (let round = 0; round < 4; round += 1) await bench.turn(); // oxlint-disable-line no-await-in-loop
    bench.report({ name: 'stall', unit: 'ms', values: [0, 0, 20, 10] });
    expect(results.at(-1)?.ratios).toEqual([0.5]);
  });

  it('gives each round that a benchmark makes itself the nodes of its side, and compares their times', async () => {
    const journals: unknown[] = [];
    const values: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- round after round
      await bench.turn();
      const node = newNode({ node: 'alone' });
      journals.push(optionsOfAllNodes().observer);
      // oxlint-disable-next-line no-await-in-loop
      await node.close();
      const isOn = round === 0 || round === 3;
      values.push(isOn ? 30 : 10, isOn ? 30 : 10);
    }
    bench.report({ name: 'ms', unit: 'ms', values });
    bench.report({ name: 'rate', unit: 'entries/s', values: values.filter((_, at) => at % 2 === 0) });
    const [on, off] = [{ journal: 5 }, { journal: 0 }];
    expect(journals).toEqual([on, off, off, on]);
    expect(results.map(({ ratios }) => ratios)).toEqual([
      [3, 3],
      [1 / 3, 1 / 3],
    ]);
    expect(results.map(({ controls }) => controls)).toEqual([[1], [1]]);
  });
});

describe('the comparison of nodes with the page and without', () => {
  beforeEach(() => compare(new PageSwitch()));
  afterEach(() => setPages(undefined));

  const urlOf = async (node: PgRegistryNode) => `${await applicationAround(node)!.getUrl()}/pg-registry`;
  const statusOf = async (node: PgRegistryNode) => (await fetch(await urlOf(node))).status;

  it('switches the page of a node that lives on, around the same node', async () => {
    const statuses: number[] = [];
    await withNode({}, async (node) => {
      await bench.rates({
        name: 'write',
        work: async (times) => {
          statuses.push(await statusOf(node));
          for (let i = 0; i < times; i += 1) node.scope('pg').register(`${statuses.length}:${i}`, i);
          return times;
        },
      });
      expect(node.scope('pg').count()).toBe(1 + (statuses.length - 1) * 16);
    });
    // Once to begin with, then with the page, without, without and with it.
    expect(statuses).toEqual([200, 200, 404, 404, 200]);
    expect(results).toEqual([
      { name: 'write', ratios: [expect.any(Number)], controls: [expect.any(Number)], differs: true },
    ]);
  });

  it('measures twice before each round that counts, so that what a new application has thrown out is back', async () => {
    const statuses: number[] = [];
    await withNode({}, (node) =>
      bench.figures({
        name: 'read',
        unit: 'µs',
        rounds: 1,
        measure: async () => {
          statuses.push(await statusOf(node));
          return 1;
        },
      }),
    );
    // Once to begin with, then three times for each side.
    expect(statuses).toEqual([200, 200, 200, 200, 404, 404, 404]);
  });

  it('puts the page of its side around each node that a benchmark makes in its rounds, until the node closes', async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      /* oxlint-disable no-await-in-loop -- round after round */
      await bench.turn();
      const node = await withPage(newNode({ node: 'alone' }));
      const url = await urlOf(node);
      statuses.push(await statusOf(node));
      await node.close();
      await expect(fetch(url)).rejects.toThrow('fetch failed');
      expect(node.state).toBe('stopped');
      /* oxlint-enable no-await-in-loop */
    }
    bench.report({ name: 'ms', unit: 'ms', values: statuses });
    expect(statuses).toEqual([200, 404, 404, 200]);
    expect(results.map(({ ratios }) => ratios)).toEqual([[200 / 404, 200 / 404]]);
  });

  it('puts nothing around nodes of other programs', async () => {
    setPages(undefined);
    await withNode({}, (node) => expect(applicationAround(node)).toBeUndefined());
  });
});
