import { availableParallelism } from 'node:os';
import { Injectable, Module } from '@nestjs/common';
import { PgRegistryObserver, type ClusterFacts } from '.';
import { eventually } from '../../../../test/support/eventually';
import { HandleCall, PgRegistryModule, RegisterVia } from '../nest';
import { via } from '../calls';
import { createTestCluster, type TestCluster, type TestClusterOptions } from '../testing';

@Injectable()
@RegisterVia('greeters', 'greeter')
class Greeter {
  @HandleCall()
  greet(name: string): string {
    if (name === '') throw new RangeError('nobody');
    return `Hello ${name}`;
  }
}

@Module({ imports: [PgRegistryModule.forFeature('greeters')], providers: [Greeter] })
// oxlint-disable-next-line typescript/no-extraneous-class
class GreeterModule {}

describe('the observer', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  async function start(options?: TestClusterOptions): Promise<TestCluster> {
    cluster = await createTestCluster(options);
    return cluster;
  }

  const factsOf = (on: TestCluster, node = 'node1'): ClusterFacts =>
    on.node(node).get(PgRegistryObserver).observe();

  it('tells of every node of the cluster what it says about itself', async () => {
    const facts = factsOf(await start({ options: { observer: { version: '1.2.3' } } }));
    const nodes = await facts.nodes();
    expect(nodes.map(({ node, answer }) => [node, answer])).toEqual([
      ['node1', 'ok'],
      ['node2', 'ok'],
      ['node3', 'ok'],
    ]);
    for (const { fact, suspectedBy, unknownTo, clockSkewMs } of nodes) {
      expect(fact).toMatchObject({ state: 'ready', version: '1.2.3', connected: true, problem: '' });
      expect(fact?.peers.length).toBe(2);
      expect(fact?.watches.toSorted()).toEqual(fact?.peers.map((peer) => peer.node).toSorted());
      expect(suspectedBy).toEqual([]);
      expect(unknownTo).toEqual([]);
      expect(Math.abs(clockSkewMs ?? Infinity)).toBeLessThan(1000);
    }
  });

  it('tells a load of at most what the machine has, however often it is asked', async () => {
    const facts = factsOf(await start({ nodes: 1 }));
    for (let i = 0; i < 5; i += 1) {
      const { cpu, loop } = (await facts.node('node1')).fact!;
      expect(cpu).toBeLessThan(availableParallelism() + 1);
      expect(loop).toBeGreaterThanOrEqual(0);
      expect(loop).toBeLessThanOrEqual(1);
    }
  });

  it('tells that an event loop never waits, however much of a core it gets', async () => {
    const facts = factsOf(await start({ nodes: 1 }));
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      // A turn of the event loop.
      await new Promise(setImmediate);
      const turn = performance.now() + 20;
      while (performance.now() < turn);
    }
    expect((await facts.node('node1')).fact?.loop).toBeGreaterThan(0.9);
    await eventually(async () => expect((await facts.node('node1')).fact?.loop).toBeLessThan(0.9));
  });

  it('puts together what the nodes say about their scopes', async () => {
    const on = await start({ options: { scopes: [{ name: 'docs', keys: 'unique' }] } });
    for (const { name, node } of on.nodes) node.scope('docs').register(['doc', name], name);
    await eventually(() => on.nodes.every(({ node }) => node.scope('docs').count() === 3));
    const scope = (await factsOf(on).scopes()).find((one) => one.scope === 'docs');
    expect(scope).toMatchObject({ keys: 'unique', entries: 3, lag: 0, unsynced: 0 });
    expect(scope?.nodes).toEqual(['node1', 'node2', 'node3']);
    expect(scope?.by['node2']).toMatchObject({ entries: 3, local: 1, last: 1, followers: 2 });
  });

  it('pages through a scope, and finds each entry once', async () => {
    const on = await start({ nodes: ['node1', 'node2'] });
    for (let i = 0; i < 700; i += 1) on.node('node1').registry().register(`job-${i}`, { i });
    for (let i = 0; i < 700; i += 1) on.node('node2').registry().register(['task', i], { i });
    await eventually(() => on.node('node2').registry().count() === 1400);
    const facts = factsOf(on, 'node2');
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await facts.entries('pg', { node: 'node2', limit: 100, cursor });
      expect(page.entries.length).toBeLessThanOrEqual(100);
      found.push(...page.entries.map(({ id }) => id));
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(found.length).toBe(1400);
    expect(new Set(found).size).toBe(1400);
  });

  it('finds entries by the beginning of their key and by a match spec', async () => {
    const on = await start({ nodes: 1 });
    const registry = on.node('node1').registry();
    for (let i = 0; i < 20; i += 1)
      registry.register(['doc', i], { size: i, state: i % 2 === 0 ? 'open' : 'closed' });
    registry.register('document', 1);
    registry.register('other', 1);
    const facts = factsOf(on);
    // A search ends when it has taken long, and goes on behind its cursor.
    const keysOf = async (search: Parameters<ClusterFacts['entries']>[1]): Promise<readonly string[]> => {
      const { entries, cursor } = await facts.entries('pg', search);
      const keys = entries.map(({ keyText }) => keyText);
      return cursor === undefined ? keys : [...keys, ...(await keysOf({ ...search, cursor }))];
    };
    expect(await keysOf({ prefix: 'doc' })).toEqual(["'document'"]);
    expect((await keysOf({ prefix: ['doc'] })).length).toBe(20);
    expect(await keysOf({ prefix: ['doc', 3] })).toEqual(["['doc', 3]"]);
    const open = { key: ['doc', '$1'], value: { state: 'open' }, guards: [['>', '$1', 15]] };
    expect(await keysOf({ match: open })).toEqual(["['doc', 16]", "['doc', 18]"]);
    await expect(facts.entries('pg', { match: { head: '_' } })).rejects.toThrow(
      'A match spec must be an object',
    );
  });

  it('shows processes, and measures handlers from the first look on', async () => {
    const on = await start({ nodes: ['node1', 'node2'], modules: [GreeterModule] });
    const facts = factsOf(on);
    expect(await facts.handlers('node2')).toEqual([]);
    const { processes } = on.node('node2');
    const to = on.node('node2').node.scope('greeters').membersLocal('greeter')[0];
    for (const name of ['a', 'b']) await processes.call(to, 'greet', name);
    await expect(processes.call(to, 'greet', '')).rejects.toThrow('nobody');
    const [handler] = await facts.handlers('node2');
    expect(handler).toMatchObject({
      node: 'node2',
      handler: 'Greeter.greet',
      runs: 3,
      errors: { RangeError: 1 },
    });
    expect(handler.p99Ms).toBeGreaterThanOrEqual(handler.p50Ms);
    const { processes: shown } = await facts.processes('node2');
    expect(shown.find(({ label }) => label === 'Greeter')).toMatchObject({ handled: 3, waiting: 0 });
    expect(shown[0].label).toBe('root');
  });

  it('follows what happens at another node, and says what it left out', async () => {
    const on = await start({ nodes: ['node1', 'node2'] });
    const abort = new AbortController();
    const events = factsOf(on).events({ node: 'node2', scope: 'pg', intervalMs: 5, signal: abort.signal });
    expect((await events.next()).value).toEqual({ node: 'node2', events: [], skipped: 0 });
    const registry = on.node('node2').registry();
    for (let i = 0; i < 1500; i += 1) registry.register(`key-${i}`, i);
    const { value } = await events.next();
    expect(value?.events.length).toBe(1000);
    expect(value?.skipped).toBe(500);
    expect(value?.events[0]).toMatchObject({ type: 'join', scope: 'pg', keyText: "'key-0'", cause: 'call' });
    abort.abort();
    await events.return(undefined);
  });

  it('explains a key about which all nodes agree', async () => {
    const on = await start();
    on.node('node2').registry().register('leader', { since: 1 });
    await eventually(() => on.nodes.every(({ node }) => node.scope('pg').count() === 1));
    const explanation = await factsOf(on).explain('pg', 'leader');
    expect(explanation.owners).toEqual(['node2']);
    expect(explanation.differences).toEqual([]);
    expect(explanation.findings).toEqual(["Node 'node2' owns the key."]);
    expect(explanation.nodes.map(({ entries }) => entries[0].value)).toEqual([
      { since: 1 },
      { since: 1 },
      { since: 1 },
    ]);
    expect(explanation.changes.map(({ seenBy, cause }) => `${seenBy} ${cause}`).toSorted()).toEqual([
      'node1 peer',
      'node2 call',
      'node3 peer',
    ]);
  });

  it('explains that a node is cut off from the owner of a key', async () => {
    const on = await start();
    on.cut('node1', 'node3');
    on.node('node3').registry().register('lonely', 3);
    await eventually(() => on.node('node1').node.peers().length === 1);
    await eventually(() => on.node('node2').registry().count() === 1);
    const { owners, differences } = await factsOf(on, 'node2').explain('pg', 'lonely');
    expect(owners).toEqual(['node3']);
    expect(differences).toMatchObject([{ node: 'node1', owner: 'node3', kind: 'missing', reason: 'cut' }]);
    expect(differences[0].text).toBe("'node1' does not know 'node3': they do not hear each other.");
  });

  it('explains a key that two owners hold', async () => {
    const on = await start({ options: { scopes: [{ name: 'docs', keys: 'unique' }] } });
    for (const name of ['node1', 'node3']) on.node(name).registry('docs').register('twice', name);
    await eventually(() => on.nodes.every(({ node }) => node.scope('docs').count() === 2));
    const { owners, differences, findings } = await factsOf(on).explain('docs', 'twice');
    expect(owners).toEqual(['node1', 'node3']);
    expect(differences).toEqual([]);
    expect(findings[0]).toContain("2 nodes own entries of this key: 'node1', 'node3'.");
  });

  it('answers while its node drains, and remembers what happened to peers', async () => {
    const on = await start({ nodes: ['node1', 'node2'] });
    await on.node('node2').node.drain();
    const facts = factsOf(on);
    expect((await facts.node('node2')).fact?.state).toBe('draining');
    await on.stop('node2');
    await eventually(async () => (await facts.changes('node1')).some(({ type }) => type === 'peer-removed'));
    const [latest] = await facts.changes('node1');
    expect(latest).toMatchObject({ type: 'peer-removed', node: 'node2', cause: 'goodbye' });
  });

  it('tells of changes that were too many to keep, whatever is asked of them', async () => {
    const on = await start({ nodes: 1, options: { scopes: ['docs', 'notes'] } });
    const facts = factsOf(on);
    const [docs, notes] = [on.node('node1').registry('docs'), on.node('node1').registry('notes')];
    docs.register('key', 0);
    for (let i = 1; i < 100_000; i += 1) docs.updateValue('key', i);
    docs.updateValue('key', 'one');
    notes.register('key', 'two');
    docs.register('another', 'three');
    docs.unregister('another');
    const ofDocs = {
      number: 100_001,
      type: 'omitted',
      scope: 'docs',
      entries: 3,
      cause: '3 changes at once were too many to keep',
    };
    expect(await facts.changes('node1', 'docs', 2)).toMatchObject([ofDocs, { number: 100_000 }]);
    expect(await facts.changes('node1', 'notes')).toMatchObject([{ number: 100_004, entries: 1 }]);
    expect((await facts.key('docs', 'another')).changes).toMatchObject([ofDocs]);
    const { findings, changes } = await facts.explain('docs', 'another');
    expect(findings).toContainEqual(
      expect.stringMatching(/^Of node 'node1', at .+Z: 3 changes at once were too many to keep\./),
    );
    expect(changes).toMatchObject([{ ...ofDocs, seenBy: 'node1' }]);
  });

  it('does only what a node allows', async () => {
    const on = await start({
      nodes: ['node1', 'node2'],
      modules: [GreeterModule],
      options: { observer: { allow: ['call'] } },
    });
    const facts = factsOf(on);
    expect(await facts.call({ scope: 'greeters', key: 'greeter' }, 'greet', 'you', 'node2')).toBe(
      'Hello you',
    );
    await expect(facts.drain('node2')).rejects.toThrow("does not allow 'drain'");
    expect(on.node('node2').node.state).toBe('ready');
    expect(await on.node('node1').processes.call(via('greeters', 'greeter'), 'greet', 'x')).toBe('Hello x');
  });

  it('says of a node that lets nobody look that it does not answer', async () => {
    const on = await start({ nodes: 1, options: { observer: false } });
    expect(() => on.node('node1').get(PgRegistryObserver).observe()).toThrow(
      "Option 'observer' of node 'node1' is false",
    );
  });
});
