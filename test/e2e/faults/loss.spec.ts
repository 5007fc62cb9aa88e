import { localBus, localTransport, PgRegistryNode } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { EventLog } from '../cluster/event-log';
import { Figures } from './figures';
import { length } from './length';

jest.setTimeout(180_000);

const NODES = 5;
const CHURN_MS = length(60_000, 3000);
const OPERATIONS_PER_SECOND = 1000;
const TICK_MS = 10;
const EQUAL_WITHIN_MS = timeLimit(2000);

const figures = new Figures();
afterAll(() => figures.print());

interface Writer {
  readonly node: PgRegistryNode;
  readonly eventLog: EventLog;
  readonly entries: { update(value: number): void; unregister(): void }[];
}

/** One operation: a registration, an update or the end of one, by chance; at most 500 entries a node. */
function write({ node, entries }: Writer, number: number): void {
  const any = Math.floor(Math.random() * entries.length);
  const action = entries.length < 100 ? 0 : Math.floor(Math.random() * (entries.length < 500 ? 3 : 2)) - 1;
  if (action === 1 || entries.length < 100)
    entries.push(node.scope('pg').register(['churn', number % 50], number));
  else if (action === 0) entries[any].update(number);
  else entries.splice(any, 1)[0].unregister();
}

/** Tells whether every node sees exactly what the owners have. Counts first: comparing views would slow the nodes down. */
function agree(writers: readonly Writer[]): boolean {
  const total = writers.reduce((sum, { node }) => sum + node.scope('pg').countLocal(), 0);
  if (writers.some(({ node }) => node.scope('pg').count() !== total)) return false;
  const views = writers.map(({ eventLog }) => eventLog.view());
  const union = views.flatMap(({ own }) => own).toSorted();
  return views.every(({ all }) => all.length === union.length && all.every((text, i) => text === union[i]));
}

test('all views are equal within two seconds after a time of churn in which 1 % of all frames were lost', async () => {
  const bus = localBus();
  const writers: Writer[] = Array.from({ length: NODES }, (_, i) => {
    const node = new PgRegistryNode(
      { node: `n${i}`, transport: localTransport({ bus }) },
      { defaultTransport: localTransport },
    );
    return { node, eventLog: new EventLog(node, ['pg']), entries: [] };
  });
  try {
    await Promise.all(writers.map(({ node }) => node.connect()));
    await Promise.all(writers.map(({ node }) => node.synced()));
    bus.lose({ rate: 0.01, seed: 4711 });
    let written = 0;
    await new Promise<void>((resolve) => {
      const startedAt = performance.now();
      const timer = setInterval(() => {
        const elapsed = performance.now() - startedAt;
        for (const due = (elapsed * OPERATIONS_PER_SECOND) / 1000; written < due; written += 1) {
          write(writers[written % NODES], written);
        }
        if (elapsed < CHURN_MS) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });

    // The loss goes on; only the protocol repairs it.
    const endedAt = performance.now();
    await eventually(() => agree(writers), { timeoutMs: EQUAL_WITHIN_MS });
    const equalAfterMs = Math.round(performance.now() - endedAt);
    figures.add(
      `1 % of frames lost, ${written} operations in ${CHURN_MS} ms, until all views are equal`,
      `${equalAfterMs} ms`,
    );
    const removed = writers.flatMap(({ eventLog }) =>
      eventLog.peerEvents.filter(({ type }) => type === 'peer-removed'),
    );
    expect(removed).toEqual([]);
  } finally {
    await Promise.all(writers.map(({ node }) => node.close()));
  }
});
