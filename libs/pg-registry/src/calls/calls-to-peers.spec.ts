import { CallTimeoutError, NodeDownError, TransportError } from '../term';
import { FRAMES } from '../wire';
import {
  FakeCluster,
  type FakeNode,
  expectNoLeak,
  failureOf,
  never,
  timersLeft,
  turn,
} from './calls.fixture';
import { via } from './via';

function fail(): never {
  throw new Error('deep');
}

describe.each([1, 2] as const)('a call to another node, in version %i of the protocol', (version) => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;

  beforeEach(() => {
    cluster = new FakeCluster(version);
    [a, b] = [cluster.node('a'), cluster.node('b')];
  });

  it('a call to another node rejects when the node is lost, and says that it may have been executed', async () => {
    const { pid } = b.serve({ slow: never });
    const call = a.service.call(pid, 'slow');
    await turn();
    b.crash();
    a.calls.peerRemoved({ node: 'b', incarnation: b.incarnation });
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(NodeDownError);
    expect(error).toMatchObject({ mayHaveExecuted: true });
    expect([...a.requests].filter(({ isOpen }) => isOpen)).toEqual([]);
    expect(a.calls.port.bundles.size).toBe(0);
    await expect(a.service.call(pid, 'slow')).rejects.toBeInstanceOf(NodeDownError);
    expect(timersLeft(cluster)).toEqual({ wanted: 0, pending: 0 });
  });

  it('a call to another node rejects at once when nobody listens there, and when this node is not connected', async () => {
    const { pid } = b.serve({ x: () => 1 });
    cluster.availabilities.set('b', 'suspect');
    b.crash();
    await expect(a.service.call(pid, 'x')).rejects.toBeInstanceOf(NodeDownError);
    a.connected = false;
    await expect(a.service.call(pid, 'x')).rejects.toBeInstanceOf(TransportError);
    expect(a.calls.stats().pending).toBe(0);
  });

  it('a node does not execute a call to an earlier incarnation of its own', async () => {
    const { pid } = b.serve({ x: () => 'old' });
    const restarted = cluster.node('b');
    restarted.serve({ x: () => 'new' });
    cluster.availabilities.set('b', 'ready');
    const error = await failureOf(a.service.call(pid, 'x'));
    expect(error).toBeInstanceOf(NodeDownError);
    expect(error).toMatchObject({ mayHaveExecuted: false });
  });

  it("a handler is aborted when its caller's node is lost", async () => {
    let signal!: AbortSignal;
    const { pid } = b.serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    void a.service.call(pid, 'slow');
    await turn();
    b.calls.peerRemoved({ node: 'a', incarnation: a.incarnation });
    expect(signal.aborted).toBe(true);
    expect(b.calls.stats().serving).toBe(0);
  });

  it('a handler is aborted at the deadline even if the cancel frame is lost', async () => {
    let signal!: AbortSignal;
    const { pid } = b.serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    cluster.lose = ({ kind }) => kind === 'cancel';
    const rejected = failureOf(a.service.call(pid, 'slow', null, { timeoutMs: 100 }));
    await turn();
    cluster.timers.advance(100);
    expect(await rejected).toBeInstanceOf(CallTimeoutError);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('a process that is asked after another one gets the time that is left', async () => {
    const c = cluster.node('c');
    let signal!: AbortSignal;
    const { pid } = b.serve({});
    const process = c.serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    b.register(via('pg', 'slow'), b.processes.get(pid)!);
    c.register(via('pg', 'slow'), process);
    b.crash();
    cluster.availabilities.set('b', 'ready').set('c', 'draining');
    cluster.lose = ({ kind }) => kind === 'cancel';
    const rejected = failureOf(a.service.call(via('pg', 'slow'), 'slow', null, { timeoutMs: 100 }));
    cluster.timers.advance(40);
    await turn();
    cluster.timers.advance(60);
    expect(await rejected).toBeInstanceOf(CallTimeoutError);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('a node drops replies of nodes that it did not ask, and replies that come late', async () => {
    const c = cluster.node('c');
    const { pid } = b.serve({ slow: never, fast: () => 7 });
    await a.service.call(pid, 'fast');
    const reply = cluster.frames.find(({ kind }) => kind === 'reply')!;
    const rejected = failureOf(a.service.call(pid, 'slow', null, { timeoutMs: 50 }));
    // The reply of an earlier call with the number of this one, and with its own.
    const kind = version === 1 ? 'reply' : 'bundle';
    for (const number of [1, 2]) {
      const body = reply.body.slice();
      body[version === 1 ? 0 : 5] = number;
      for (const from of [b, c]) a.receive(from, { kind, body, token: '2' });
    }
    cluster.timers.advance(50);
    expect(await rejected).toBeInstanceOf(CallTimeoutError);
    expect(a.calls.stats().lateAnswers).toBe(4);
  });

  it("a node sends the stack of a handler's error only if it is configured to", async () => {
    const open = cluster.node('c', { remoteStacks: true });
    const stackOf = async (node: FakeNode): Promise<string> => {
      const error = await failureOf(a.service.call(node.serve({ fail }).pid, 'fail'));
      return error instanceof Error ? String(error.stack) : '';
    };
    expect(await stackOf(open)).toContain('at fail');
    expect(await stackOf(b)).not.toContain('at fail');
  });

  it('a node drops and counts malformed frames of calls and monitors', async () => {
    for (const kind of ['call', 'cast', 'cancel', 'reply', 'watch', 'down'] as const) {
      for (const bytes of [[], [255], [0, 1, 2], [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 9, 9, 9]]) {
        if (version === 1) b.receive(a, { kind, body: Uint8Array.from(bytes) });
        const item = [FRAMES[kind].number, bytes.length, 0, 0, 0, ...bytes];
        if (version === 2) b.receive(a, { kind: 'bundle', body: Uint8Array.from(item) });
      }
    }
    expect(b.calls.stats().warnings['malformed-frame']).toBe(24);
    expectNoLeak(cluster);
  });
});
