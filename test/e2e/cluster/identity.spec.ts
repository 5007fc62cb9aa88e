import { eventually } from '../../support/eventually';
import { Cluster } from './cluster';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start();
});
afterEach(() => cluster[Symbol.asyncDispose]());

describe('a node that speaks another version of the protocol', () => {
  test('both sides refuse a node with another protocol version, once and with a reason, and see none of its entries', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b']);
    const future = await cluster.join('future', {
      host: await cluster.host('e2e/cluster/future.fixture.ts'),
    });
    for (const node of [a, b, future]) await node.register('here', node.name);
    for (const node of [a, b]) {
      await eventually(async () =>
        expect(await node.peerEvents()).toContainEqual(
          expect.objectContaining({ type: 'peer-rejected', node: 'future', reason: 'version' }),
        ),
      );
    }
    await eventually(async () =>
      expect((await future.peerEvents()).map(({ node }) => node).toSorted()).toEqual(['a', 'b']),
    );
    await a.register('later', 1);
    await eventually(async () => expect(await b.values('later')).toEqual([1]));

    expect((await a.values('here')).toSorted()).toEqual(['a', 'b']);
    expect(await future.values('here')).toEqual(['future']);
    expect(await future.peers()).toEqual([]);
    const refusals = (await a.log()).filter((line) => line.includes("'future'"));
    expect(refusals).toEqual([expect.stringMatching(/^warn: .*not accepted.*version/)]);
  });
});

describe('two living nodes of one name', () => {
  test('of two living nodes of one name the older one is fenced, logs it and throws; the younger one stays', async () => {
    const witness = await cluster.join('witness');
    const older = await cluster.join('twin');
    await older.register('here', 'older');
    await cluster.agree();
    cluster.forget(older);
    const younger = await cluster.join('twin');
    await younger.register('here', 'younger');

    await eventually(async () => expect(await older.run(({ node }) => node.state)).toBe('fenced'));
    await expect(older.register('again')).rejects.toMatchObject({ code: 'SCOPE_NOT_RUNNING' });
    await expect(older.run(({ node }) => node.scope('pg').count())).resolves.toBe(0);
    const log = await older.log();
    expect(log).toContainEqual(
      expect.stringMatching(new RegExp(`^error: .*'twin'.*${older.incarnation}.*${younger.incarnation}`)),
    );

    await cluster.agree();
    expect(await witness.values('here')).toEqual(['younger']);
    expect(await cluster.removals()).toEqual(['witness removed twin: superseded']);
    // The fenced node never comes back, although its process lives on.
    expect(await witness.peers()).toEqual(['twin']);
    expect(await younger.run(({ node }) => node.state)).toBe('ready');
  });
});

describe('two living nodes of one name on machines whose clocks differ', () => {
  test('of two living nodes of one name the one that started last stays, although its clock is an hour behind', async () => {
    const witness = await cluster.join('witness');
    const first = await cluster.join('twin');
    await first.register('here', 'first');
    await cluster.agree();
    cluster.forget(first);
    const last = await cluster.join('twin', {
      host: await cluster.host('e2e/cluster/late-clock.fixture.ts'),
    });
    await last.register('here', 'last');

    await eventually(async () => expect(await first.run(({ node }) => node.state)).toBe('fenced'));
    await cluster.agree();
    expect(await witness.values('here')).toEqual(['last']);
    expect(await last.run(({ node }) => node.state)).toBe('ready');
    // Both tell the two start times.
    const times = /\d{4}-\d\d-\d\dT.*\d{4}-\d\d-\d\dT/;
    for (const node of [first, last]) expect(await node.log()).toContainEqual(expect.stringMatching(times));
  });
});

describe('a node that comes back after its clock was set back', () => {
  test('a node whose clock was set back counts as the younger one as soon as it learns of its namesake', async () => {
    const witness = await cluster.join('witness');
    const first = await cluster.join('a');
    await first.register('life', 1);
    await cluster.agree();
    await first.crash();
    cluster.forget(first);
    await cluster.agree();

    const second = await cluster.join('a', { host: await cluster.host('e2e/cluster/late-clock.fixture.ts') });
    await second.register('life', 2);
    await cluster.agree();
    expect(await witness.values('life')).toEqual([2]);
    expect(await second.counter('epoch-raised')).toBe(1);
    expect(await cluster.removals()).toEqual(['witness removed a: crash']);
  });
});

describe('a scope that is stopped and started again on a living node', () => {
  test('a restarted scope loses its old entries everywhere and gets its new ones, while its node stays a peer', async () => {
    const [a, b] = await cluster.joinAll(['a', 'b'], { scopes: ['jobs'] });
    await a.register('old', 1, 'jobs');
    await b.register('other', 2, 'jobs');
    await cluster.agree({ scope: 'jobs' });
    await a.run(({ node }) => {
      node.stopScope('jobs');
      node.startScope('jobs').register('new', 3);
    });
    await eventually(async () => expect(await b.values('new', 'jobs')).toEqual([3]));
    expect(await b.values('old', 'jobs')).toEqual([]);
    const seen = await a.run(async ({ node }) => {
      await node.synced();
      return node.scope('jobs').groups();
    });
    expect(seen.map(String).toSorted()).toEqual(['new', 'other']);
    expect(await cluster.removals()).toEqual([]);
  });
});
