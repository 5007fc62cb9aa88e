import { Subject, type Observable } from 'rxjs';
import type { PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { withNode } from './support/nodes';

/** One change and many who watch. */
export async function fanOut(bench: Bench): Promise<void> {
  await withNode({}, (node) => monitors(bench, node, 1000, 'fan-out to 1,000 monitors'));
  await withNode({}, (node) => {
    // What every application has that runs a handler: code that ran as a process.
    node.processes.run(node.processes.spawn(), () => undefined);
    return monitors(bench, node, 1000, 'the same, after code ran as a process');
  });
  for (const subscribers of bench.quick ? [] : [1, 10, 100, 10_000]) {
    await withNode({}, (node) =>
      monitors(bench, node, subscribers, `fan-out to ${subscribers.toLocaleString('en')} monitors`),
    );
  }
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
      return (here.seen - before) / observers;
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

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }
}
