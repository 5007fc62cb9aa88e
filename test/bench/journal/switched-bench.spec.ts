import { newNode, optionsOfAllNodes, setOptionsOfAllNodes, withNode } from '../support/nodes';
import { SwitchedBench, type SwitchedResult } from './switched-bench';

describe('the comparison of nodes with a journal and without', () => {
  let results: SwitchedResult[];
  let bench: SwitchedBench;
  beforeEach(() => {
    results = [];
    bench = new SwitchedBench({
      area: 'test',
      quick: true,
      rounds: 3,
      journal: { observer: { journal: 5 } },
      onResult: (result) => results.push(result),
    });
  });
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
    expect(results.map(({ name, writes }) => [name, writes])).toEqual([
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
      { name: 'written', ratios: [1], controls: [], writes: true },
      { name: 'read', ratios: [1], controls: [], writes: false },
    ]);
  });

  it('has no ratio for a figure that was taken once', async () => {
    await bench.rates({ name: 'rate', work: (times) => times });
    bench.report({ name: 'heap', unit: 'B', values: [100] });
    expect(results.at(-1)).toEqual({ name: 'heap', ratios: [], controls: [], writes: true });
  });

  it('gives each round that a benchmark makes itself the nodes of its side, and compares their times', async () => {
    const journals: unknown[] = [];
    const values: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      bench.turn();
      const node = newNode({ node: 'alone' });
      journals.push(optionsOfAllNodes().observer);
      // oxlint-disable-next-line no-await-in-loop -- round after round
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
