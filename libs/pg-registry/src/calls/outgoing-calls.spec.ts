import { NodeDownError, NotRegisteredError } from '../term';
import { FakeCluster, type FakeNode, expectNoLeak, failureOf, never } from './calls.fixture';
import type { LocalProcess } from '../lifetime/local-process';
import { via } from './via';

describe('a call by name', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;
  let c: FakeNode;
  const name = via('workers', ['count']);

  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b, c] = [cluster.node('a'), cluster.node('b'), cluster.node('c')];
    a.exclusive = b.exclusive = c.exclusive = false;
  });

  function worker(node: FakeNode): LocalProcess {
    const process = node.serve({ where: () => node.name });
    node.register(name, process);
    return process;
  }

  it('a call by name reaches a member on any node, and prefers members of this node', async () => {
    worker(b);
    expect(await a.service.call(name, 'where')).toBe('b');
    worker(a);
    expect(await a.service.call(name, 'where')).toBe('a');
  });

  it('a call by name rejects with NotRegisteredError if no process has the name', async () => {
    await expect(a.service.call(name, 'where')).rejects.toBeInstanceOf(NotRegisteredError);
  });

  it('ended calls are counted by outcome', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    worker(b);
    await a.service.call(name, 'where');
    await a.service.call(name, 'where');
    await failureOf(a.service.call(name, 'where', null, { signal: aborted }));
    await failureOf(a.service.call(via('workers', 'nobody'), 'where'));
    await failureOf(a.service.call(name, 'unheard-of'));
    expect(a.calls.stats().finished).toEqual({ ok: 2, ABORTED: 1, NOT_REGISTERED: 1, NO_HANDLER: 1 });
    expect(b.calls.stats().finished).toEqual({});
  });

  it('a call by name tries another member if the first cannot have executed the call', async () => {
    cluster.availabilities.set('b', 'ready');
    const gone = worker(b);
    worker(c);
    const round = name.pick('round-robin');
    b.calls.refuse();
    expect(await a.service.call(round, 'where')).toBe('c');
    b.crash();
    expect(await a.service.call(round, 'where')).toBe('c');
    cluster.nodes.set('b', b);
    b.connected = true;
    cluster.names.push({ scope: 'workers', key: ['count'], pid: gone.pid });
    b.processes.exitAll('shutdown');
    expect(await a.service.call(name.pick('round-robin'), 'where')).toBe('c');
  });

  it('a call by name rejects with the last error when all members were tried', async () => {
    worker(b);
    worker(c);
    b.calls.refuse();
    c.calls.refuse();
    const error = await failureOf(a.service.call(name, 'where'));
    expect(error).toBeInstanceOf(NodeDownError);
    expectNoLeak(cluster);
  });

  it('a call by name tries no second member if the first may have executed the call', async () => {
    let executed = 0;
    for (const node of [b, c]) {
      const process = node.serve({
        die: () => {
          executed += 1;
          process.exit('crash');
          return never();
        },
      });
      node.register(name, process);
    }
    await expect(a.service.call(name, 'die')).rejects.toMatchObject({ reason: 'crash' });
    expect(executed).toBe(1);
  });
});
