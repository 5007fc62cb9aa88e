import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { Cluster } from './cluster';

/** With default options; the issue asks for it. */
const GOODBYE_MS = timeLimit(100);
const CRASH_MS = timeLimit(2000);

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start();
});
afterEach(() => cluster[Symbol.asyncDispose]());

describe('nodes in processes of their own', () => {
  test('nodes see what others registered before they joined, and what others register afterwards', async () => {
    const a = await cluster.join('a');
    await a.register('early', 1);
    const b = await cluster.join('b');
    await b.run(({ node }) => node.synced());
    await expect(b.values('early')).resolves.toEqual([1]);

    await b.register('late', { by: 'b' });
    await eventually(async () => expect(await a.values('late')).toEqual([{ by: 'b' }]));
    await cluster.agree();
  });

  test('nodes see every update, with the old value and the new one', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b']);
    await a.register('load', 1);
    await cluster.agree();
    await a.run(({ node }) => void node.scope('pg').updateValue('load', (old) => Number(old) + 1));
    await eventually(async () => expect(await b.values('load')).toEqual([2]));
    expect(await b.events()).toMatchObject([
      { type: 'join', values: [1] },
      { type: 'update', old: [1], values: [2] },
    ]);
  });

  test('nodes lose all entries of a process that exits, and no others', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b']);
    await a.run(({ node, kept }) => {
      const worker = node.processes.spawn();
      for (const key of ['one', 'two']) node.scope('pg').join(key, worker.pid);
      node.scope('pg').register('stays');
      kept.set('worker', worker);
    });
    await eventually(async () => expect((await b.view()).all).toHaveLength(3));
    await a.run(({ kept }) => (kept.get('worker') as { exit(): void }).exit());
    await eventually(async () => expect((await b.view()).all).toHaveLength(1));
    await expect(b.values('stays')).resolves.toEqual([null]);
    await cluster.agree();
  });

  test('nodes remove a node that says goodbye within 100 ms', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b']);
    await a.register('here');
    await cluster.agree();
    const saidAt = await a.run(async ({ node }) => {
      const now = Date.now();
      await node.close();
      return now;
    });
    cluster.forget(a);
    await eventually(async () => expect(await b.values('here')).toEqual([]));
    const events = await b.events();
    expect(events.map(({ type, key }) => [type, key])).toEqual([
      ['join', 'here'],
      ['leave', 'here'],
    ]);
    expect(events[1].at - saidAt).toBeLessThan(GOODBYE_MS);
    await expect(cluster.removals()).resolves.toEqual(['b removed a: goodbye']);
  });

  test('nodes remove a killed node within two seconds, with default options', async () => {
    const [a, b, c] = await cluster.joinAll(['a', 'b', 'c']);
    for (const node of [a, b, c]) await node.register('here', node.name);
    await cluster.agree();
    const killedAt = Date.now();
    await a.crash();
    cluster.forget(a);
    await cluster.agree();
    for (const node of [b, c]) {
      const leave = (await node.events()).filter(({ type }) => type === 'leave');
      expect(leave).toMatchObject([{ key: 'here', cause: 'node-down', nodes: ['a'] }]);
      expect(leave[0].at - killedAt).toBeLessThan(CRASH_MS);
    }
    await expect(cluster.removals()).resolves.toEqual(['b removed a: crash', 'c removed a: crash']);
  });

  test('nodes see a restarted node at once, without its old entries', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b']);
    await a.register('life', 1);
    await cluster.agree();
    a.process.kill('SIGSTOP'); // its connection stays open: no crash can be seen, only the successor says that it is over
    cluster.forget(a);
    const second = await cluster.join('a');
    await second.register('life', 2);
    await eventually(async () => expect(await b.values('life')).toEqual([2]));
    expect((await b.events()).map(({ type, values }) => [type, values])).toEqual([
      ['join', [1]],
      ['leave', [1]],
      ['join', [2]],
    ]);
    await expect(cluster.removals()).resolves.toEqual(['b removed a: superseded']);
    await cluster.agree();
  });
});

describe('two namespaces on one server', () => {
  test('nodes of two namespaces on one server never meet, whatever their names are', async () => {
    const [blue, green] = await Promise.all([
      Promise.all(['a', 'b'].map((name) => cluster.join(name, { namespace: 'blue' }))),
      Promise.all(['a', 'c'].map((name) => cluster.join(name, { namespace: 'green' }))),
    ]);
    for (const node of [...blue, ...green]) await node.register('name', node.name);
    const [a, b] = blue;
    const [a2, c] = green;
    await eventually(async () => expect((await b.values('name')).toSorted()).toEqual(['a', 'b']));
    await eventually(async () => expect((await c.values('name')).toSorted()).toEqual(['a', 'c']));
    expect(await a.peers()).toEqual(['b']);
    expect(await a2.peers()).toEqual(['c']);
    for (const node of [...blue, ...green]) expect(await node.log()).toEqual([]);
  });
});
