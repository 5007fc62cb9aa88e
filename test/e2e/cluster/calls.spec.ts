import { inspect } from 'node:util';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { Cluster } from './cluster';
import type { ClusterNode } from './cluster-node';

let cluster: Cluster;
let a: ClusterNode;
let b: ClusterNode;
beforeAll(async () => {
  cluster = await Cluster.start();
  [a, b] = await cluster.joinAll(['a', 'b']);
  await open(b);
  await cluster.agree();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Gives a node a process that answers calls, under the key `desk`. */
function open(node: ClusterNode): Promise<void> {
  return node.run(({ node: here, kept }) => {
    const handlers = {
      call: (name: string, payload: unknown) => {
        if (name === 'whoami') return { node: here.name, payload };
        if (name === 'fail') throw new RangeError('not today');
        kept.set('asked', Number(kept.get('asked') ?? 0) + 1);
        return new Promise(() => undefined);
      },
      cast: (_: string, payload: unknown) => void kept.set('cast', payload),
      message: (message: unknown) => void kept.set('message', message),
    };
    const process = here.processes.mount({ label: 'desk', handlers, serial: false });
    here.scope('pg').join('desk', process.pid);
  });
}

describe('a call across nodes', () => {
  test('a call across nodes reaches a pid found by lookup, and a name wherever it is registered', async () => {
    await expect(
      a.run(({ node }) => node.processes.call(node.scope('pg').members('desk')[0], 'whoami', { n: 1n })),
    ).resolves.toEqual({ node: 'b', payload: { n: 1n } });
    await expect(
      a.run(({ node, library: { via } }) => node.processes.call(via('pg', 'desk'), 'whoami')),
    ).resolves.toMatchObject({ node: 'b' });
  });

  test("a call by name goes to a member of the caller's node first, or to each member in turn if asked to", async () => {
    await a.run(({ node, kept }) => {
      const handlers = { call: () => ({ node: node.name }), cast: () => undefined, message: () => undefined };
      const process = node.processes.mount({ label: 'second desk', handlers, serial: false });
      node.scope('pg').join('desk', process.pid);
      kept.set('desk', process);
    });
    await cluster.agree();
    const [nearest, turns] = await a.run(async ({ node, library: { via } }) => {
      const ask = async (desk: ReturnType<typeof via>) =>
        (await node.processes.call<{ node: string }>(desk, 'whoami')).node;
      const inTurn = via('pg', 'desk').pick('round-robin');
      return [await ask(via('pg', 'desk')), [await ask(inTurn), await ask(inTurn)]] as const;
    });
    expect(nearest).toBe('a');
    expect(turns.toSorted()).toEqual(['a', 'b']);
    await a.run(({ kept }) => (kept.get('desk') as { exit(): void }).exit());
    await cluster.agree();
  });

  test('a call across nodes rejects with the error that the handler threw', async () => {
    const asking = a.run(({ node, library: { via } }) => node.processes.call(via('pg', 'desk'), 'fail'));
    await expect(asking).rejects.toMatchObject({
      code: 'REMOTE',
      message: expect.stringContaining('not today'),
    });
  });

  test('a call to a name without members is refused at once', async () => {
    const asking = a.run(({ node, library: { via } }) => node.processes.call(via('pg', 'nobody'), 'whoami'));
    await expect(asking).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
  });

  test('casts and messages arrive across nodes without an answer', async () => {
    await a.run(({ node }) => {
      const [desk] = node.scope('pg').members('desk');
      node.processes.cast(desk, 'note', new Set(['x']));
      node.processes.send(desk, ['hello']);
    });
    await eventually(async () => {
      // Compared as text: while the cast is not there, Jest's report of the difference to a Set throws an error of its own.
      const arrived = await b.run(({ kept }) => [kept.get('cast'), kept.get('message')]);
      expect(inspect(arrived)).toBe("[ Set(1) { 'x' }, [ 'hello' ] ]");
    });
  });
});

describe('when the node is killed', () => {
  test('calls in flight to a killed node fail with NodeDownError and its monitors fire, long before any timeout', async () => {
    await a.run(({ node, library: { via }, kept }) => {
      const [desk] = node.scope('pg').members('desk');
      const outcomes = Array.from({ length: 10 }, () =>
        node.processes.call(via('pg', 'desk'), 'wait', null, { timeoutMs: 30_000 }).then(
          () => 'answered',
          (error: { code?: unknown }) => error.code,
        ),
      );
      kept.set('outcomes', Promise.all(outcomes));
      kept.set(
        'down',
        new Promise((resolve) => node.processes.monitor(desk).subscribe(({ reason }) => resolve(reason))),
      );
    });
    await eventually(async () => expect(await b.run(({ kept }) => kept.get('asked'))).toBe(10));
    const killedAt = performance.now();
    await b.crash();
    cluster.forget(b);
    await expect(a.run(({ kept }) => kept.get('outcomes'))).resolves.toEqual(
      Array.from({ length: 10 }, () => 'NODE_DOWN'),
    );
    await expect(a.run(({ kept }) => kept.get('down'))).resolves.toBe('noconnection');
    expect(performance.now() - killedAt).toBeLessThan(timeLimit(2000));
    await cluster.agree();
  });
});
