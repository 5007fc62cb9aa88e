import { FakeCluster, type FakeNode, turn } from './calls.fixture';
import { PgRegistryError, type Pid } from '../term';

/** How many messages may wait for the process. */
const CAPACITY = 12;

describe('a full mailbox', () => {
  let cluster: FakeCluster;
  let b: FakeNode;
  let pid: Pid;
  /** Who sent what was handled, in order. */
  let handled: string[];
  let go: () => void;

  beforeEach(() => {
    cluster = new FakeCluster();
    b = cluster.node('b');
    handled = [];
    const gate = new Promise<void>((resolve) => (go = resolve));
    const work = async (payload: unknown): Promise<string> => {
      await gate;
      handled.push(String(payload));
      return 'done';
    };
    pid = b.serve({ work }, { serial: true, capacity: CAPACITY, casts: { work } }).pid;
  });

  /** Sends calls. @returns Whether each was answered, or the code of its error */
  const calls = (from: FakeNode, times: number): Promise<string>[] =>
    Array.from({ length: times }, () =>
      from.service.call(pid, 'work', from.name).then(
        () => 'done',
        (error: unknown) => (error instanceof PgRegistryError ? error.code : String(error)),
      ),
    );

  const countOf = (outcomes: readonly string[], outcome: string): number =>
    outcomes.filter((one) => one === outcome).length;

  it('is for one node alone as long as no other sends anything', async () => {
    const sent = calls(cluster.node('a'), 1 + CAPACITY + 5);
    await turn();
    go();
    const outcomes = await Promise.all(sent);
    expect([countOf(outcomes, 'done'), countOf(outcomes, 'MAILBOX_FULL')]).toEqual([1 + CAPACITY, 5]);
  });

  it('takes a call of another node, and refuses the newest message of the node that has filled it', async () => {
    const flood = calls(cluster.node('a'), 1 + CAPACITY);
    await turn();
    const other = calls(cluster.node('c'), 1);
    await turn();
    go();
    expect(await Promise.all(other)).toEqual(['done']);
    const outcomes = await Promise.all(flood);
    expect(outcomes.lastIndexOf('MAILBOX_FULL')).toBe(CAPACITY);
    expect(countOf(outcomes, 'MAILBOX_FULL')).toBe(1);
    expect(handled.at(-1)).toBe('c');
    expect(b.calls.stats().inFlight).toBe(0);
  });

  it('takes a call of its own node when another node has filled it', async () => {
    void calls(cluster.node('a'), 1 + CAPACITY);
    await turn();
    const own = calls(b, 1);
    await turn();
    go();
    expect(await Promise.all(own)).toEqual(['done']);
  });

  it('gives each of three nodes the same share, in whatever order they came', async () => {
    const flooding = ['a', 'c', 'd'].map((name) => cluster.node(name));
    const sent = flooding.map((node) => calls(node, 40));
    await turn();
    go();
    await Promise.all(sent.flat());
    // The one that runs waits no longer.
    for (const { name } of flooding)
      expect(
        Math.abs(handled.slice(1).filter((sender) => sender === name).length - CAPACITY / 3),
      ).toBeLessThan(2);
  });

  it('counts a dropped cast, and shares the places again after it was nearly empty', async () => {
    const [a, c] = [cluster.node('a'), cluster.node('c')];
    for (let i = 0; i <= CAPACITY; i += 1) a.service.cast(pid, 'work', 'a');
    await turn();
    c.service.cast(pid, 'work', 'c');
    await turn();
    expect(b.calls.stats().warnings['undelivered']).toBe(1);
    go();
    await turn();
    expect(handled).toHaveLength(1 + CAPACITY);
    expect(handled.at(-1)).toBe('c');
  });
});
