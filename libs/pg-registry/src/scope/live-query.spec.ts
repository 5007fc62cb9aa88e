import * as fc from 'fast-check';
import { $, ms } from '../match';
import type { LiveChange } from './live-query';
import { LoneScope } from './scope.fixture';

/** Rows whose value has a number above 2; the body is the number. */
const BIG = { head: { value: { n: $(0) } }, guards: [ms.gt($(0), 2)], body: $(0) };

/** The values of each emission's rows: what was added, removed, changed. */
function brief({ added, removed, changed }: LiveChange): unknown[][] {
  return [added, removed, changed].map((rows) => rows.map((row) => row.value));
}

const compare = (a: unknown, b: unknown): number => Number(a) - Number(b);

describe('liveSelect', () => {
  it('liveSelect emits all results as added, synchronously, even when there are none', () => {
    const { registry } = new LoneScope();
    const seen: unknown[] = [];
    registry.liveSelect(BIG).subscribe((change) => seen.push(brief(change)));
    registry.register('a', { n: 3 });
    registry.register('a', { n: 1 });
    registry.liveSelect(BIG).subscribe(({ added }) => seen.push(added));
    const [entry] = registry.lookup('a');
    expect(seen).toEqual([[[], [], []], [[3], [], []], [{ id: entry.id, entry, value: 3 }]]);
  });

  it('liveSelect emits what was added, removed and changed, and nothing for other changes', () => {
    const { registry } = new LoneScope();
    const seen: unknown[] = [];
    registry.liveSelect(BIG).subscribe((change) => seen.push(brief(change)));
    const row = registry.register('a', { n: 1 });
    row.update({ n: 3 });
    row.update({ n: 4 });
    row.update({ n: 2 });
    row.update('no object');
    row.unregister();
    registry.register('b', { n: 5 });
    registry.unregister('b');
    expect(seen).toEqual([
      [[], [], []],
      [[3], [], []],
      [[], [], [4]],
      [[], [4], []],
      [[5], [], []],
      [[], [5], []],
    ]);
  });

  it('liveSelect emits everything that one operation changed at once', () => {
    const { registry, node } = new LoneScope();
    const { pid } = node.processes.spawn();
    registry.join('a', pid, { n: 3 });
    registry.join('a', pid, { n: 1 });
    const seen: unknown[] = [];
    registry.liveSelect(BIG).subscribe((change) => seen.push(brief(change)));
    registry.updateValue('a', (old) => (JSON.stringify(old).includes('3') ? { n: 0 } : { n: 9 }), pid);
    registry.join('a', [pid, pid], { n: 7 });
    expect(seen.slice(1)).toEqual([
      [[9], [3], []],
      [[7, 7], [], []],
    ]);
  });

  it('liveSelect evaluates only the rows of a change', () => {
    const { registry } = new LoneScope();
    for (let n = 0; n < 10; n += 1) registry.register(n);
    let evaluated = 0;
    registry.liveSelect(() => (evaluated++, true)).subscribe();
    evaluated = 0;
    registry.register('a').unregister();
    expect(evaluated).toBe(1);
  });

  it('liveSelect of a spec that names its key ignores changes of other keys', () => {
    const { registry } = new LoneScope();
    const seen: unknown[] = [];
    registry.register('a', 1);
    registry
      .liveSelect({ head: { key: 'a', value: $(0) }, body: $(0) })
      .subscribe((change) => seen.push(brief(change)));
    registry.register('b', 2);
    registry.register('a', 3);
    expect(seen).toEqual([
      [[1], [], []],
      [[3], [], []],
    ]);
  });

  it('liveSelect keeps results of its own for each subscription', () => {
    const { registry } = new LoneScope();
    const rows = registry.liveSelect(BIG);
    const first: unknown[] = [];
    rows.subscribe((change) => first.push(brief(change)));
    registry.register('a', { n: 3 });
    const second: unknown[] = [];
    rows.subscribe((change) => second.push(brief(change)));
    registry.unregister('a');
    expect([first.length, second]).toEqual([
      3,
      [
        [[3], [], []],
        [[], [3], []],
      ],
    ]);
  });

  it('liveSelect ends with the error of its predicate, at the start or later, and disturbs nobody else', () => {
    const { registry } = new LoneScope();
    const failing = registry.liveSelect(({ value }) => {
      if (value === 2) throw new Error('predicate');
      return true;
    });
    const seen: unknown[] = [];
    registry.register('a', 1);
    failing.subscribe({ next: (change) => seen.push(brief(change)), error: (error) => seen.push(error) });
    registry.liveSelect(() => true).subscribe((change) => seen.push(brief(change)));
    registry.register('a', 2);
    registry.register('a', 3);
    failing.subscribe({ error: (error) => seen.push(error) });
    expect(seen.map((each) => (each instanceof Error ? each.message : 'rows'))).toEqual([
      'rows',
      'rows',
      'predicate',
      'rows',
      'rows',
      'predicate',
    ]);
  });

  it('liveSelect, folded, is what the same query selects, whatever is written', () => {
    const step = fc.record({
      do: fc.constantFrom('register', 'update', 'unregister'),
      key: fc.constantFrom('a', 'b'),
      n: fc.nat({ max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { registry } = new LoneScope();
        const rows = new Map<string, unknown>();
        registry.liveSelect(BIG).subscribe(({ added, removed, changed }) => {
          for (const { id } of removed) rows.delete(id);
          for (const { id, value } of [...added, ...changed]) rows.set(id, value);
        });
        for (const { do: what, key, n } of steps) {
          if (what === 'register') registry.register(key, { n });
          else if (what === 'unregister') registry.unregister(key);
          else registry.updateValue(key, { n });
          expect([...rows.values()].toSorted(compare)).toEqual(registry.select(BIG).toSorted(compare));
        }
      }),
    );
  });
});
