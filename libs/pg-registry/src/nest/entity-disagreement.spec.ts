import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { EntityStart } from '../entities';
import { EntityElsewhereError, EntityUnavailableError, NotRegisteredError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

let starts: string[] = [];

@Entity('meter')
class Meter {
  #total = 0;

  onProcessStart({ key, cause }: EntityStart<string, number>): void {
    starts.push(`${key} ${cause}`);
  }
  @HandleCall()
  add(n: number): number {
    return (this.#total += n);
  }
}

@Module({ providers: [Meter] })
class Hosts {}

describe('A caller that has removed a node which a host still sees', () => {
  let cluster: TestCluster;
  let [a, b, caller]: TestNode[] = [];
  /** Its entity lives on `a`, and `b` sends calls there. */
  let key: string;

  beforeEach(async () => {
    starts = [];
    const modules = ({ node }: { node: string }) => (node === 'caller' ? [] : [Hosts]);
    cluster = await createTestCluster({ nodes: ['a', 'b', 'caller'], modules });
    [a, b, caller] = ['a', 'b', 'caller'].map((name) => cluster.node(name));
    for (const node of cluster.nodes) {
      await node.entities.ready();
      await eventually(() => node.entities.hosts(Meter).length === 2);
    }
    key = await keyOnA();
    await caller.entities.ref(Meter, key).call('add', 1);
    cluster.cut(a, caller);
    await eventually(() => caller.node.peers().every(({ node }) => node === 'b'), { timeoutMs: 15_000 });
    await eventually(() => b.node.peers().length === 2);
    starts = [];
  });
  afterEach(() => cluster.close());

  async function keyOnA(): Promise<string> {
    for (let i = 0; ; i += 1) {
      await b.entities.ref(Meter, `k${i}`).call('add', 0);
      const pid = await eventually(() => b.entities.find(Meter, `k${i}`));
      if (pid?.node === 'a') return `k${i}`;
    }
  }

  /** Resolves when the host has sent the call on in vain. */
  async function hasAsked(): Promise<void> {
    await eventually(() => expect(caller.node.stats().calls.pending).toBe(1));
    await eventually(() => expect(caller.node.stats().calls.pendingRemote).toBe(0));
  }

  it('waits until it sees that node again, and is answered by the same entity', async () => {
    const answer = caller.entities.ref(Meter, key).call('add', 1, { timeoutMs: 20_000 });
    await hasAsked();
    cluster.heal(a, caller);
    expect(await answer).toBe(2);
    expect(starts).toEqual([]);
  });

  it('waits until the host has removed it, too, and the entity starts once', async () => {
    const answers = [1, 2].map(() =>
      caller.entities.ref(Meter, key).call<number>('add', 1, { timeoutMs: 20_000 }),
    );
    cluster.crash(a);
    expect((await Promise.all(answers)).toSorted((x, y) => x - y)).toEqual([1, 2]);
    expect(starts).toEqual([`${key} call`]);
  });

  it('fails at its time limit, not before, with an error that names the node', async () => {
    const from = performance.now();
    const error: unknown = await caller.entities
      .ref(Meter, key)
      .call('add', 1, { timeoutMs: 400 })
      .catch((thrown: unknown) => thrown);
    expect(performance.now() - from).toBeGreaterThan(390);
    expect(error).toBeInstanceOf(EntityElsewhereError);
    expect(String(error)).toMatch(
      /did not agree within 400 ms.*node 'a' is no peer of this node\. Nothing was executed/,
    );
    expect(await b.entities.ref(Meter, key).call('add', 0)).toBe(1);
  });
});

describe('A caller that suspects all hosts', () => {
  let cluster: TestCluster;
  let [host, caller]: TestNode[] = [];

  beforeEach(async () => {
    starts = [];
    const modules = ({ node }: { node: string }) => (node === 'caller' ? [] : [Hosts]);
    cluster = await createTestCluster({ nodes: ['host', 'caller'], modules });
    [host, caller] = ['host', 'caller'].map((name) => cluster.node(name));
    for (const node of cluster.nodes) {
      await node.entities.ready();
      await eventually(() => node.entities.hosts(Meter).length === 1);
    }
    cluster.cut(host, caller);
    await eventually(() => caller.node.peers().some(({ suspect }) => suspect !== false));
  });
  afterEach(() => cluster.close());

  it('waits until one of them is seen again, which starts the entity', async () => {
    const answer = caller.entities.ref(Meter, 'x').call('add', 1, { timeoutMs: 20_000 });
    await eventually(() => expect(caller.node.stats().calls.pending).toBe(1));
    cluster.heal(host, caller);
    expect(await answer).toBe(1);
    expect(starts).toEqual(['x call']);
  });

  it('is told that nobody hosts the type when they are removed', async () => {
    const error: unknown = await caller.entities
      .ref(Meter, 'x')
      .call('add', 1, { timeoutMs: 20_000 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotRegisteredError);
    expect(caller.node.peers()).toEqual([]);
  });

  it('fails at its time limit with an error that names them', async () => {
    const from = performance.now();
    const error: unknown = await caller.entities
      .ref(Meter, 'x')
      .call('add', 1, { timeoutMs: 300 })
      .catch((thrown: unknown) => thrown);
    expect(performance.now() - from).toBeGreaterThan(290);
    expect(error).toBeInstanceOf(EntityUnavailableError);
    expect(String(error)).toMatch(
      /'meter' 'x' could be asked within 300 ms.*suspected of being gone: 'host'\. Nothing was executed/,
    );
  });
});
