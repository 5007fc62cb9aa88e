import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { ClusterSingleton, HandleCall, OnLeader, PgRegistryModule, RegisterVia } from '../nest';
import { clusterName, via } from '../calls';
import { PgRegistryNode } from '../node';
import { createTestCluster, TestCluster, type TestClusterOptions } from '.';

@Injectable()
class Tenant {
  readonly name: string = 'production';
}

@RegisterVia('greeters', 'greeter')
class Greeter {
  readonly #tenant: Tenant;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  @HandleCall()
  greet(name: string): string {
    return `Hello ${name} from ${this.#tenant.name}`;
  }
}

@Module({ imports: [PgRegistryModule.forFeature('greeters')], providers: [Greeter, Tenant] })
// oxlint-disable-next-line typescript/no-extraneous-class
class GreeterModule {}

describe('a test cluster', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  async function start(options?: TestClusterOptions): Promise<TestCluster> {
    cluster = await createTestCluster(options);
    return cluster;
  }

  /** Resolves when the node has this many members of the key. */
  const seen = (on: TestCluster, node: string, key: string, count: number) =>
    firstValueFrom(
      on
        .node(node)
        .registry()
        .watch(key)
        .pipe(filter((entries) => entries.length === count)),
    );

  it('a test cluster has three nodes that have met by default', async () => {
    const { nodes } = await start();
    expect(nodes.map(({ name }) => name)).toEqual(['node1', 'node2', 'node3']);
    expect(nodes.map(({ node }) => node.peers().length)).toEqual([2, 2, 2]);
  });

  it('lets a leader and a singleton lose, and others take over', async () => {
    const told: string[] = [];
    @ClusterSingleton('boss')
    class Boss {
      constructor(readonly node: PgRegistryNode) {}

      onDeposed(reason: string): void {
        told.push(`${this.node.name} ${reason}`);
      }
      @HandleCall()
      where(): string {
        return this.node.name;
      }
      @OnLeader('boss')
      lead(): string {
        return this.node.name;
      }
    }
    @Module({ providers: [Boss] })
    // oxlint-disable-next-line typescript/no-extraneous-class
    class BossModule {}
    const names = { ttlMs: 30_000, takeover: 'crash' } as const;
    const on = await start({ nodes: ['a', 'b'], modules: [BossModule], options: { names } });
    const where = (from: string): Promise<string> =>
      on.node(from).processes.call(clusterName('boss'), 'where', null, { timeoutMs: 20_000 });
    const first = await where('a');
    const second = first === 'a' ? 'b' : 'a';
    await eventually(() => expect(on.node(second).names.stats().waiting).toBe(1));
    const { token } = on.node(first).names.held('boss')!;

    on.expireNames(first);
    expect(told).toEqual([`${first} expired`]);
    expect(on.node(first).get(Boss).lead()).toBeUndefined();
    await expect(where(first)).resolves.toBe(second);
    expect(on.node(second).get(Boss).lead()).toBe(second);
    expect(on.node(second).names.held('boss')!.token).toBeGreaterThan(token);

    on.crash(second);
    await expect(where(first)).resolves.toBe(first);
    expect(() => on.expireNames(second)).toThrow(`No node '${second}' runs in this cluster.`);
  });

  it('a test cluster starts whole applications, whose providers are called from the other nodes', async () => {
    const on = await start({ nodes: ['web', 'worker'], modules: [GreeterModule] });
    const { pid } = on.node('worker').registry('greeters').lookupLocal('greeter')[0];
    await expect(on.node('web').processes.call(pid, 'greet', 'Ada')).resolves.toBe(
      'Hello Ada from production',
    );
    expect(on.node('worker').get(Tenant)).not.toBe(on.node('web').get(Tenant));
  });

  it('a test cluster lets each node have modules of its own', async () => {
    const on = await start({
      nodes: ['web', 'worker'],
      modules: ({ node }) => (node === 'worker' ? [GreeterModule] : []),
      options: { scopes: ['greeters'] },
    });
    const answer = on.node('web').processes.call(via('greeters', 'greeter'), 'greet', 'Ada');
    await expect(answer).resolves.toBe('Hello Ada from production');
  });

  it('a test cluster takes applications that the test makes itself, with replaced providers', async () => {
    const on = await start({
      nodes: 1,
      modules: [GreeterModule],
      application: async ({ root }) => {
        const testing = Test.createTestingModule({ imports: [root] });
        return await testing.overrideProvider(Tenant).useValue({ name: 'a test' }).compile();
      },
    });
    const answer = on.nodes[0].processes.call(via('greeters', 'greeter'), 'greet', 'Ada');
    await expect(answer).resolves.toBe('Hello Ada from a test');
  });

  it('a test cluster lists its nodes in the order of their names in the options, whichever application is made first', async () => {
    let isLastMade!: () => void;
    const lastMade = new Promise<void>((resolve) => (isLastMade = resolve));
    const { nodes } = await start({
      nodes: ['b', 'a', 'c'],
      application: async ({ root, node }) => {
        if (node !== 'c') await lastMade;
        const testing = await Test.createTestingModule({ imports: [root] }).compile();
        const application = testing.createNestApplication();
        if (node === 'c') isLastMade();
        return application;
      },
    });
    expect(nodes.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  });

  it('a test cluster is settled when every node has applied what every other has written', async () => {
    const on = await start();
    for (const { name, node } of on.nodes) {
      for (let i = 0; i < 500; i += 1) node.scope('pg').register(['item', name, i], i);
    }
    await on.settle();
    expect(on.nodes.map((node) => node.registry().count())).toEqual([1500, 1500, 1500]);
    on.expectConverged();
  });

  it('expectConverged lists what differs before the cluster has settled', async () => {
    const on = await start({ nodes: 2 });
    on.nodes[0].registry().register('key', 'new');
    expect(() => on.expectConverged()).toThrow("key 'key': node1 has 'new' (entry 1), node2 sees nothing");
    await on.settle();
    on.expectConverged();
    on.nodes[0].registry().updateValue('key', 'newer');
    expect(() => on.expectConverged()).toThrow("node1 has 'newer' (entry 1), node2 sees 'new' (entry 1)");
    on.nodes[0].registry().unregister('key');
    expect(() => on.expectConverged()).toThrow("node1 has nothing, node2 sees 'new' (entry 1)");
  });

  it('a test cluster settles after a short cut is healed', async () => {
    const on = await start();
    on.cut('node1', 'node2');
    on.node('node1').registry().register('key', 'from node1');
    await seen(on, 'node3', 'key', 1);
    expect(on.node('node2').registry().lookup('key')).toEqual([]);
    on.heal('node1', 'node2');
    await on.settle();
    expect(on.node('node2').registry().lookup('key')).toMatchObject([{ value: 'from node1' }]);
  });

  it('a test cluster settles during a cut when both sides have removed each other, and again after it is healed', async () => {
    const on = await start({ nodes: 2, options: { peerTimeoutMs: 300 } });
    for (const node of on.nodes) node.registry().register('key');
    await on.settle();
    on.cut('node1', 'node2');
    await on.settle();
    expect(on.nodes.map((node) => node.registry().members('key').length)).toEqual([1, 1]);
    on.heal();
    await on.settle();
    expect(on.nodes.map((node) => node.registry().members('key').length)).toEqual([2, 2]);
  });

  it('a test cluster settles after a node has crashed, and after its successor has started', async () => {
    const on = await start();
    on.node('node3').registry().register('key', 'before');
    await on.settle();
    on.crash('node3');
    expect(on.nodes.map(({ name }) => name)).toEqual(['node1', 'node2']);
    await on.settle();
    expect(on.node('node1').registry().lookup('key')).toEqual([]);
    const successor = await on.start('node3');
    successor.registry().register('key', 'after');
    await on.settle();
    expect(on.node('node1').registry().lookup('key')).toMatchObject([{ value: 'after' }]);
  });

  it('a test cluster stops one application in order', async () => {
    const on = await start({ nodes: 2, modules: [GreeterModule] });
    await on.stop('node2');
    await on.settle();
    expect(on.node('node1').registry('greeters').members('greeter')).toHaveLength(1);
    expect(() => on.node('node2')).toThrow("No node 'node2' runs in this cluster. Running nodes: node1.");
  });

  it('a test cluster holds back what a paused node sends until it is resumed', async () => {
    const on = await start();
    on.pause('node1');
    on.node('node1').registry().register('paused');
    on.node('node3').registry().register('awake');
    await seen(on, 'node2', 'awake', 1);
    expect(on.node('node2').registry().lookup('paused')).toEqual([]);
    on.resume('node1');
    await seen(on, 'node2', 'paused', 1);
  });

  it('a test cluster tells a node that it is disconnected, and brings it up to date when it is back', async () => {
    const on = await start({ nodes: 2 });
    on.disconnect('node1');
    expect(on.node('node1').node.stats().connected).toBe(false);
    on.node('node1').registry().register('key');
    on.reconnect('node1');
    await on.settle();
    expect(on.node('node2').registry().members('key')).toHaveLength(1);
  });

  it('a test cluster settles although a third of all messages is lost', async () => {
    const on = await start();
    on.lose({ rate: 0.3, seed: 42 });
    for (let round = 0; round < 50; round += 1) {
      for (const { name, node } of on.nodes) node.scope('pg').register('key', `${name} ${round}`);
      await new Promise(setImmediate);
    }
    on.lose({ rate: 0, seed: 0 });
    await on.settle();
    expect(on.node('node2').registry().members('key')).toHaveLength(150);
  });

  it('settle rejects with what differs if the time is over', async () => {
    const on = await start({ nodes: 2 });
    on.cut('node1', 'node2');
    await expect(on.settle({ timeoutMs: 20 })).rejects.toThrow('node1 still has node2 as a peer');
  });

  it('a test cluster closes the other applications if one does not start', async () => {
    let started = 0;
    let closed = 0;
    @Module({})
    class Counting {
      onModuleInit(): void {
        started += 1;
        if (started === 2) throw new Error('no database');
      }
      onApplicationShutdown(): void {
        closed += 1;
      }
    }
    await expect(createTestCluster({ nodes: 2, modules: [Counting] })).rejects.toThrow('no database');
    expect(closed).toBe(1);
  });

  it('a test cluster refuses a module that calls forRoot itself, and says that the cluster does', async () => {
    const modules = [{ module: GreeterModule, imports: [PgRegistryModule.forRoot()] }];
    await expect(createTestCluster({ nodes: 1, modules })).rejects.toThrow(
      /forRoot must be called once .* createTestCluster calls it for your modules\.$/,
    );
  });

  it('a test cluster refuses to start a second node of the same name', async () => {
    const on = await start({ nodes: 1 });
    await expect(on.start('node1')).rejects.toThrow("Node 'node1' runs in this cluster already.");
  });
});
