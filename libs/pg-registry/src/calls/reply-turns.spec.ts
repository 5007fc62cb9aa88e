import type { Value } from '../term';
import { FakeCluster, type FakeNode, turn } from './calls.fixture';
import type { Handler } from './handlers';

const nextTurn = (): Promise<void> => new Promise((next) => setImmediate(next));

describe('what many handlers of one turn of the event loop return', () => {
  let cluster: FakeCluster;
  let server: FakeNode;
  let flooding: FakeNode;
  let honest: FakeNode;
  beforeEach(() => {
    cluster = new FakeCluster();
    [server, flooding, honest] = ['server', 'flooding', 'honest'].map((name) => cluster.node(name));
  });

  /** Something that takes the clock 4 ms to be written, and 5 KB of its frame: its parts are looked at twice. */
  function large(): object {
    const slow = new Proxy({}, {
      ownKeys: () => {
        cluster.timers.advance(2);
        return [];
      },
    }); // prettier-ignore
    return { text: 'x'.repeat(5000), slow };
  }

  /** Calls a process so many times at once. Returns the answers, as they come. */
  function callMany(from: FakeNode, to: FakeNode, count: number, name = 'large'): unknown[] {
    const answers: unknown[] = [];
    const note = (answer: unknown): void => void answers.push(answer);
    const { pid } = served.get(to)!;
    for (let at = 0; at < count; at += 1)
      from.service.call(pid, name, at, { timeoutMs: Infinity }).then(note, note);
    return answers;
  }
  const served = new Map<FakeNode, ReturnType<FakeNode['serve']>>();
  const serve = (calls: Record<string, Handler>): void => void served.set(server, server.serve(calls));

  it('is written for ten milliseconds, and the rest in the next turns', async () => {
    serve({ large: () => Promise.resolve(large()) });
    const answers = callMany(flooding, server, 60);
    let longest = 0;
    for (let turns = 0; answers.length < 60 && turns < 100; turns += 1) {
      const begun = cluster.timers.now();
      await nextTurn();
      longest = Math.max(longest, cluster.timers.now() - begun);
    }
    expect(answers).toHaveLength(60);
    // Four before anybody looks at the clock, then for ten milliseconds, and the last one ends after them.
    expect(longest).toBeLessThanOrEqual(4 * 4 + 10 + 4);
  });

  it('does not keep others waiting: the nodes that called take turns', async () => {
    serve({ large: () => Promise.resolve(large()), small: () => Promise.resolve('small') });
    const [answers, small] = [callMany(flooding, server, 200), callMany(honest, server, 20, 'small')];
    for (let turns = 0; small.length < 20 && turns < 200; turns += 1) await nextTurn();
    expect(small).toEqual(Array.from({ length: 20 }, () => 'small'));
    expect(answers.length).toBeLessThan(60);
  });

  it('lets few other handlers begin as long as it waits, so that results do not pile up', async () => {
    let begun = 0;
    serve({
      large: () => {
        begun += 1;
        return Promise.resolve(large());
      },
    });
    const first = callMany(flooding, server, 30);
    await nextTurn();
    const later = callMany(flooding, server, 500);
    await nextTurn();
    for (let turns = 0; later.length === 0 && turns < 100; turns += 1) await nextTurn();
    expect(first).toHaveLength(30);
    expect(begun).toBeLessThan(100);
  });

  it('is written before the node counts as idle', async () => {
    serve({ large: () => Promise.resolve(large()) });
    const answers = callMany(flooding, server, 30);
    await nextTurn();
    expect(answers.length).toBeLessThan(30);
    await server.calls.mailboxes.idle();
    await turn();
    expect(answers).toHaveLength(30);
    expect(server.calls.mailboxes.inFlight).toBe(0);
  });

  it('is not lost to a caller that asks again meanwhile, and not written for one that cancels', async () => {
    serve({ large: () => Promise.resolve(large()) });
    const [answers, cancel] = [callMany(flooding, server, 30), new AbortController()];
    const { pid } = served.get(server)!;
    const cancelled = flooding.service.call(pid, 'large', 'cancelled', { signal: cancel.signal });
    cancelled.catch(() => undefined);
    await nextTurn();
    flooding.calls.peerUp({ node: server.name, incarnation: server.incarnation });
    cancel.abort(new Error('enough'));
    for (let turns = 0; answers.length < 30 && turns < 100; turns += 1) await nextTurn();
    await expect(cancelled).rejects.toThrow('enough');
    expect(answers.filter((answer) => answer instanceof Error)).toEqual([]);
  });
});

describe('messages for which a turn of the event loop has no time', () => {
  const work =
    (cluster: FakeCluster, handled: Value[]): Handler =>
    (payload) => {
      cluster.timers.advance(1);
      handled.push(payload);
    };

  it('are handled by a concurrent process so that the nodes take turns, each with its own in their order', async () => {
    const cluster = new FakeCluster();
    const [server, flooding, honest] = ['server', 'flooding', 'honest'].map((name) => cluster.node(name));
    const handled: Value[] = [];
    const { pid } = server.serve({}, { casts: { work: work(cluster, handled) } });
    for (let number = 0; number < 300; number += 1) flooding.service.cast(pid, 'work', number);
    await nextTurn();
    for (const letter of ['a', 'b', 'c']) honest.service.cast(pid, 'work', letter);
    while (handled.length < 303) await nextTurn();
    expect(handled.indexOf('c')).toBeLessThan(100);
    expect(handled.filter((payload) => typeof payload === 'string')).toEqual(['a', 'b', 'c']);
    expect(handled.filter((payload) => typeof payload === 'number')).toEqual(
      Array.from({ length: 300 }, (_, number) => number),
    );
  });

  it('are handled by each process in its turn', async () => {
    const cluster = new FakeCluster();
    const [server, flooding, honest] = ['server', 'flooding', 'honest'].map((name) => cluster.node(name));
    const handled: Value[] = [];
    const flooded = server.serve({}, { serial: true, casts: { work: work(cluster, handled) } });
    const other = server.serve({}, { serial: true, casts: { work: work(cluster, handled) } });
    for (let number = 0; number < 300; number += 1) flooding.service.cast(flooded.pid, 'work', number);
    await nextTurn();
    honest.service.cast(other.pid, 'work', 'honest');
    while (handled.length < 301) await nextTurn();
    expect(handled.indexOf('honest')).toBeLessThan(100);
  });
});

describe('while so much is on its way to the broker that what can wait should', () => {
  let server: FakeNode;
  let other: FakeNode;
  let end: () => void;
  beforeEach(() => {
    const cluster = new FakeCluster();
    [server, other] = ['server', 'other'].map((name) => cluster.node(name));
    const over = new Promise<void>((resolve) => {
      end = () => {
        server.congestion = undefined;
        resolve();
      };
    });
    server.congestion = over;
  });

  const note =
    (handled: Value[]): Handler =>
    (payload) => {
      handled.push(payload);
      return payload;
    };

  it.each([
    ['serial', true],
    ['concurrent', false],
  ])('calls of other nodes wait in the mailbox of a %s process, in their order', async (_, serial) => {
    const handled: Value[] = [];
    const { pid } = server.serve({ work: note(handled) }, { serial });
    const answers = [1, 2, 3].map((number) =>
      other.service.call(pid, 'work', number, { timeoutMs: Infinity }),
    );
    await turn();
    expect([handled, server.calls.mailboxes.inFlight]).toEqual([[], 3]);
    end();
    await expect(Promise.all(answers)).resolves.toEqual([1, 2, 3]);
    expect(handled).toEqual([1, 2, 3]);
  });

  it('calls of this node, and casts, are handled by a concurrent process all the same', async () => {
    const handled: Value[] = [];
    const { pid } = server.serve({ work: note(handled) }, { casts: { work: note(handled) } });
    const call = other.service.call(pid, 'work', 'remote', { timeoutMs: Infinity });
    await turn();
    await expect(server.service.call(pid, 'work', 'local')).resolves.toBe('local');
    expect(server.calls.mailboxes.inFlight).toBe(1);
    other.service.cast(pid, 'work', 'behind the call of its node');
    await turn();
    expect(handled).toEqual(['local']);
    end();
    await expect(call).resolves.toBe('remote');
    await turn();
    expect(handled).toEqual(['local', 'remote', 'behind the call of its node']);
  });

  it('a call that waits can be cancelled, and those behind it begin', async () => {
    const handled: Value[] = [];
    const { pid } = server.serve({ work: note(handled) });
    const cancel = new AbortController();
    const first = other.service.call(pid, 'work', 1, { signal: cancel.signal });
    const second = other.service.call(pid, 'work', 2, { timeoutMs: Infinity });
    await turn();
    cancel.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await turn();
    end();
    await expect(second).resolves.toBe(2);
    expect(handled).toEqual([2]);
  });

  it('replies of handlers that run already are not written', async () => {
    end();
    let finish!: () => void;
    const { pid } = server.serve({
      work: () => new Promise((resolve) => (finish = () => resolve('x'.repeat(20_000)))),
    });
    const calls: Promise<unknown>[] = [];
    const answered: unknown[] = [];
    const finishes: (() => void)[] = [];
    for (let number = 0; number < 3; number += 1) {
      const call = other.service.call(pid, 'work', number, { timeoutMs: Infinity });
      calls.push(call);
      call.then((answer) => answered.push(answer)).catch(() => undefined);
      await turn();
      finishes.push(finish);
    }
    const over = new Promise<void>((resolve) => (end = () => { server.congestion = undefined; resolve(); })); // prettier-ignore
    server.congestion = over;
    for (const each of finishes) each();
    await turn();
    // The first is written, because little was before it.
    expect(answered).toHaveLength(1);
    end();
    await Promise.all(calls);
  });
});
