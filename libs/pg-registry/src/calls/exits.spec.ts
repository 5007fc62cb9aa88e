import { InvalidArgumentError } from '../term';
import { expectNoLeak, FakeCluster, type FakeNode, failureOf, turn } from './calls.fixture';

describe.each(['this node', 'another node'])('exit() of a process of %s', (where) => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let owner: FakeNode;
  beforeEach(() => {
    cluster = new FakeCluster();
    a = cluster.node('a');
    owner = where === 'this node' ? a : cluster.node('b');
  });

  it('exit() ends the process with the reason, and resolves when it has ended', async () => {
    const process = owner.processes.spawn();
    await a.service.exit(process.pid, { because: ['nobody', 'reads it'] });
    expect([process.alive, process.reason]).toEqual([false, { because: ['nobody', 'reads it'] }]);
    const other = owner.processes.spawn();
    await a.service.exit(other.pid);
    expect(other.reason).toBe('normal');
    expectNoLeak(cluster);
  });

  it('exit() resolves for a process that has ended already', async () => {
    const process = owner.processes.spawn();
    process.exit('before');
    await a.service.exit(process.pid, 'again');
    expect(process.reason).toBe('before');
  });

  it('exit() is refused for the root process, for those of providers and for those of the library, which live on', async () => {
    const handlers = { call: () => 1, cast: () => undefined, message: () => undefined };
    const mounted = owner.service.mount({ label: 'Provider', serial: false, handlers });
    const own = owner.processes.spawn('pg.node');
    for (const process of [owner.processes.root, mounted, own]) {
      const error = await failureOf(a.service.exit(process.pid, 'go'));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toContain('must not be ended by its pid');
      expect(process.alive).toBe(true);
    }
    expectNoLeak(cluster);
  });

  it('exit() comes after what was said to the process before', async () => {
    const seen: unknown[] = [];
    const { pid } = owner.serve({}, { casts: { note: (payload) => seen.push(payload) } });
    for (const at of [1, 2, 3]) a.service.cast(pid, 'note', at);
    await turn();
    await a.service.exit(pid);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('exit() checks its arguments', async () => {
    const { pid } = owner.processes.spawn();
    await expect(a.service.exit('pid' as never)).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(a.service.exit(pid, () => 1)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(owner.processes.get(pid)?.alive).toBe(true);
  });
});

describe('exit() of a process of another node', () => {
  it('exit() is refused at once for a node that speaks version 1, and the process lives on', async () => {
    const cluster = new FakeCluster(1);
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const process = b.processes.spawn();
    await expect(a.service.exit(process.pid)).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining("Node 'b' speaks only version 1 of the protocol") as unknown,
    });
    expect(process.alive).toBe(true);
    expectNoLeak(cluster);
  });

  it('exit() fails when the node is gone, does not answer or is not connected', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const { pid } = b.processes.spawn();
    cluster.lose = () => true;
    const unanswered = failureOf(a.service.exit(pid));
    const lost = failureOf(a.service.exit(pid));
    await turn();
    a.calls.peerRemoved({ node: 'b', incarnation: b.incarnation });
    expect(await unanswered).toMatchObject({ code: 'NODE_DOWN' });
    expect(await lost).toMatchObject({ code: 'NODE_DOWN' });
    const late = failureOf(a.service.exit(pid));
    await turn();
    cluster.timers.advance(5000);
    expect(await late).toMatchObject({ code: 'CALL_TIMEOUT' });
    a.connected = false;
    await expect(a.service.exit(pid)).rejects.toMatchObject({ code: 'TRANSPORT' });
    expectNoLeak(cluster);
  });
});
