import { Subject, type Observable } from 'rxjs';
import type { PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { withNode } from './support/nodes';
import { watchingLoop } from './support/pair';

/** One change and many who watch. */
export async function fanOut(bench: Bench): Promise<void> {
  await withNode({}, (node) => monitors(bench, node, 1000, 'fan-out to 1,000 monitors'));
  await withNode({}, (node) => {
    // What every application has that runs a handler: code that ran as a process.
    node.processes.run(node.processes.spawn(), () => undefined);
    return monitors(bench, node, 1000, 'the same, after code ran as a process');
  });
  await withNode({}, (node) => longestStall(bench, node));
  for (const subscribers of bench.quick ? [] : [1, 10, 100, 10_000]) {
    await withNode({}, (node) =>
      monitors(bench, node, subscribers, `fan-out to ${subscribers.toLocaleString('en')} monitors`),
    );
  }
}

/** How long the event loop stands still while very many hear of one change. */
async function longestStall(bench: Bench, node: PgRegistryNode): Promise<void> {
  const registry = node.scope('pg');
  registry.register('watched', 0);
  const observers = bench.size(100_000, 5000);
  const here = new Tally(registry.monitor('watched'), observers);
  const stalls: number[] = [];
  for (let round = 0; round < bench.rounds(5, 1); round += 1) {
    await bench.turn();
    here.seen = 0;
    const { stallMs } = await watchingLoop(async () => {
      registry.updateValue('watched', round);
      await here.until(observers);
    });
    stalls.push(stallMs);
  }
  here.stop();
  bench.report({
    name: 'a change is told to 100,000 monitors: longest stall',
    unit: 'ms',
    values: stalls,
    limits: [{ of: 'value', atMost: 25 }],
  });
}

async function monitors(bench: Bench, node: PgRegistryNode, observers: number, name: string): Promise<void> {
  const registry = node.scope('pg');
  registry.register('watched', 0);
  const here = new Tally(registry.monitor('watched'), observers);
  const subject = new Subject<object>();
  const naive = new Tally(subject, observers);
  verify(here.seen === observers, 'every monitor has its snapshot');
  await bench.rates({
    name,
    unit: 'events/s',
    each: observers,
    work: (times) => {
      const before = here.seen;
      for (let i = 0; i < times; i += 1) registry.updateValue('watched', i);
      const seen = (): number => (here.seen - before) / observers;
      return seen() === times ? times : here.until(before + times * observers).then(seen);
    },
    baseline: (times) => {
      const before = naive.seen;
      for (let i = 0; i < times; i += 1)
        subject.next({ type: 'update', key: 'watched', entries: [{ value: i }] });
      return (naive.seen - before) / observers;
    },
    limits: observers === 1000 ? [{ of: 'ratio', atLeast: 0.5 }] : [],
    ...(name.startsWith('fan') && {
      point: {
        curve: 'Events delivered',
        along: 'monitors of a key',
        at: observers,
        baseline: 'an RxJS Subject',
      },
    }),
  });
  here.stop();
  naive.stop();
}

/** Some observers that count what they see. */
class Tally {
  seen = 0;
  readonly #subscriptions;

  constructor(source: Observable<unknown>, observers: number) {
    this.#subscriptions = Array.from({ length: observers }, () => source.subscribe(() => (this.seen += 1)));
  }

  /** Waits for deliveries that continue in later turns of the event loop. */
  async until(seen: number): Promise<void> {
    while (this.seen < seen) await new Promise(setImmediate);
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }
}
