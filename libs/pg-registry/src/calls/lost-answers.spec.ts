import { TransportError } from '../term';
import { expectNoLeak, failureOf, FakeCluster, type FakeNode, turn } from './calls.fixture';

describe('an answer that is lost', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;
  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b] = [cluster.node('a'), cluster.node('b')];
  });

  it('a call whose answer was lost rejects when its node can be reached again, and says that it may have been executed', async () => {
    const { pid } = b.serve({ quick: () => 1 });
    cluster.lose = ({ kind }) => kind === 'reply';
    const call = failureOf(a.service.call(pid, 'quick', undefined, { timeoutMs: Infinity }));
    await turn();
    cluster.lose = () => false;
    a.calls.peerUp({ node: 'b', incarnation: b.incarnation });
    const error = await call;
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ message: expect.stringContaining('may have been executed') });
    expectNoLeak(cluster);
  });

  it('a call without a time limit whose answer was lost rejects, although no node was missed', async () => {
    const { pid } = b.serve({ quick: () => 1 });
    cluster.lose = ({ kind }) => kind === 'reply';
    const call = failureOf(a.service.call(pid, 'quick', undefined, { timeoutMs: Infinity }));
    await turn();
    cluster.timers.advance(20_000);
    await turn();
    expect(a.calls.stats().pending).toBe(1);
    cluster.lose = () => false;
    cluster.timers.advance(20_000);
    expect(await call).toBeInstanceOf(TransportError);
    expectNoLeak(cluster);
  });

  it('a call that its node still has goes on, however often the node is asked', async () => {
    let finish!: (value: number) => void;
    const { pid } = b.serve({ slow: () => new Promise<number>((resolve) => (finish = resolve)) });
    const call = a.service.call(pid, 'slow', undefined, { timeoutMs: Infinity });
    await turn();
    a.calls.peerUp({ node: 'b', incarnation: b.incarnation });
    cluster.timers.advance(60_000);
    await turn();
    expect(cluster.frames.filter(({ kind }) => kind === 'cancel').length).toBeGreaterThan(3);
    finish(7);
    await expect(call).resolves.toBe(7);
    expectNoLeak(cluster);
  });

  it('a call whose frame was lost rejects as well, and is not executed twice', async () => {
    let runs = 0;
    const { pid } = b.serve({ count: () => (runs += 1) });
    cluster.lose = ({ kind }) => kind === 'call';
    const call = failureOf(a.service.call(pid, 'count', undefined, { timeoutMs: Infinity }));
    await turn();
    a.calls.peerUp({ node: 'b', incarnation: b.incarnation });
    expect(await call).toBeInstanceOf(TransportError);
    expect(runs).toBe(0);
  });
});
