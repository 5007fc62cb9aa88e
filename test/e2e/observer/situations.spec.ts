import { connect } from 'nats';
import { observerPermissionsOf, type Permissions, permissionsOf } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { Cluster, type JoinOptions } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';
import { objectsOf, runHere } from './command';

/** What a user is denied beside what the template does not allow. */
type Denied = Readonly<Record<string, Partial<Record<'publish' | 'subscribe', readonly string[]>>>>;

/** A server with the permissions of the templates, on which a test can cut single paths between nodes. */
function config(denied: Denied = {}): string {
  const user = (name: string, { publish, subscribe }: Permissions) => ({
    user: name,
    password: name,
    permissions: {
      publish: { ...publish, deny: denied[name]?.publish ?? [] },
      subscribe: { ...subscribe, deny: denied[name]?.subscribe ?? [] },
    },
  });
  const users = [
    ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) =>
      user(name, permissionsOf('pg', name, { names: { create: true } })),
    ),
    user('viewer', observerPermissionsOf('pg', 'viewer')),
    { user: 'monitor', password: 'monitor' },
  ];
  return `authorization { users: ${JSON.stringify(users)} }`;
}

/** Paths on which one node hears another. A server goes by them only where they are within a subject that the node has subscribed to. */
const operations = (from: string, to: string): readonly string[] => [
  `pgr.pg.from.${from}.ops.pg`,
  `pgr.pg.to.${to}.sync.${from}`,
  `pgr.pg.to.${to}.repair.${from}`,
];
const everything = (from: string, to: string): readonly string[] => [
  ...operations(from, to),
  `pgr.pg.from.${from}.hello`,
  ...['hello', 'discover', 'stale'].map((kind) => `pgr.pg.to.${to}.${kind}.${from}`),
  `pgr.pg.reply.${to}.${from}.>`,
];
const WELL = { version: '1.0.0' };

interface Explained {
  readonly owners: readonly string[];
  readonly differences: readonly {
    readonly node: string;
    readonly owner: string;
    readonly reason: string;
    readonly text: string;
  }[];
  readonly findings: readonly string[];
}
interface Found {
  readonly check: string;
  readonly isWell: boolean;
  readonly found: string;
  readonly remedy: string;
}

describe('an operator who looks into a troubled cluster', () => {
  let cluster: Cluster;
  let a: ClusterNode;
  let b: ClusterNode;
  let c: ClusterNode;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { config: config() });
    [a, b, c] = [await join('a'), await join('b'), await join('c')];
    for (const node of [a, b, c]) await node.register('here', node.name);
    await cluster.agreeOnPeers();
    await cluster.agree();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const join = (name: string, options: JoinOptions = {}): Promise<ClusterNode> =>
    cluster.join(name, {
      client: { user: name, pass: name },
      observer: WELL,
      scopes: ['docs'],
      // So that nobody waits long for what is seen only after a while.
      helloIntervalMs: 500,
      peerTimeoutMs: 2500,
      onlookerIntervalMs: 500,
      ...options,
    });

  const run = (...args: readonly string[]) =>
    runHere([
      ...args,
      '--server',
      cluster.server.url,
      '--name',
      'viewer',
      '--user',
      'viewer',
      '--pass',
      'viewer',
    ]);

  async function explain(
    scope: string,
    key: string,
  ): Promise<Explained & { readonly status: number | null }> {
    const result = await run('explain', scope, key, '--json', '--timeout', '1000');
    return { ...(objectsOf(result)[0] as unknown as Explained), status: result.status };
  }

  /** Waits until the doctor finds something, and returns it. */
  function diagnosis(check: string, isWell: boolean): Promise<Found> {
    return eventually(async () => {
      const findings = objectsOf(
        await run('doctor', '--json', '--timeout', '500'),
      ) as unknown as readonly Found[];
      const finding = findings.find((one) => one.check === check);
      if (finding?.isWell !== isWell) throw new Error(`${check}: ${JSON.stringify(finding)}`);
      return finding;
    });
  }

  describe('is told why nodes believe different things', () => {
    afterEach(async () => {
      cluster.server.reload(config());
      await cluster.agreeOnPeers();
    });

    it('when a peer is behind its owner', async () => {
      cluster.server.reload(config({ c: { subscribe: operations('a', 'c') } }));
      // What the server has taken before it read its configuration may still arrive: so each time another entry.
      let entries = 0;
      const { differences, owners } = await eventually(async () => {
        const key = `behind-${(entries += 1)}`;
        await a.register(key, 1);
        const found = await explain('pg', key);
        expect(found.differences.map(({ reason }) => reason)).toEqual([
          expect.stringMatching(/^(?:behind|gap)$/),
        ]);
        expect(found.status).toBe(1);
        return found;
      });
      expect(owners).toEqual(['a']);
      expect(differences).toMatchObject([{ node: 'c', owner: 'a', kind: 'missing' }]);
      const [, applied, last] =
        /^'c' has applied (\d+) of (\d+) operations of 'a'; it /.exec(differences[0].text) ?? [];
      expect(Number(applied)).toBe(Number(last) - 1);

      cluster.server.reload(config());
      await eventually(async () =>
        expect(await explain('pg', `behind-${entries}`)).toMatchObject({ status: 0 }),
      );
    });

    it('when a peer is cut off, and the remedy of doctor connects it again', async () => {
      cluster.server.reload(config({ c: { subscribe: everything('a', 'c') } }));
      await eventually(async () => expect(await c.peers()).toEqual(['b']));
      await a.register('lonely', 1);
      await eventually(async () => {
        const { differences, owners, status } = await explain('pg', 'lonely');
        expect([owners, status]).toEqual([['a'], 1]);
        expect(differences).toMatchObject([
          {
            node: 'c',
            owner: 'a',
            kind: 'missing',
            reason: 'cut',
            text: "'c' does not know 'a': they do not hear each other.",
          },
        ]);
      });
      const { found, remedy } = await diagnosis('everybody knows everybody', false);
      expect(found).toContain('a is unknown to c');
      expect(remedy).toContain('the permissions (permissionsOf)');

      cluster.server.reload(config());
      await diagnosis('everybody knows everybody', true);
      await eventually(async () =>
        expect(await explain('pg', 'lonely')).toMatchObject({ status: 0, differences: [] }),
      );
    });

    it('not when two owners hold a key, which is allowed', async () => {
      await a.register('twice', 'a');
      await c.register('twice', 'c');
      await cluster.agree();
      const { owners, differences, findings, status } = await explain('pg', 'twice');
      expect([owners, differences, status]).toEqual([['a', 'c'], [], 0]);
      expect(findings[0]).toMatch(/^2 nodes own entries of this key: 'a', 'c'\. .* use a cluster name\.$/);
    });
  });

  describe('is told by doctor what to do', () => {
    it('about a node that is stuck: it goes on, and all is well', async () => {
      c.process.kill('SIGSTOP');
      expect(await diagnosis('nodes answer', false)).toMatchObject({
        found: 'c: silent',
        remedy: expect.stringContaining('Look at its log and at its event loop'),
      });
      c.process.kill('SIGCONT');
      await diagnosis('nodes answer', true);
      await diagnosis('suspicions', true);
      await cluster.agreeOnPeers();
    });

    it('about permissions that the command lacks: with them it is well', async () => {
      cluster.server.reload(config({ viewer: { publish: ['pgr.pg.to.b.ask.viewer'] } }));
      const { found, remedy } = await diagnosis('broker', false);
      expect(found).toContain('does not permit');
      expect(remedy).toContain('observerPermissionsOf');
      cluster.server.reload(config());
      await diagnosis('broker', true);
    });

    it('about somebody who subscribes to everything: without it crashes show at once again', async () => {
      const monitor = await connect({ servers: cluster.server.url, user: 'monitor', pass: 'monitor' });
      monitor.subscribe('>', { callback: () => undefined });
      await monitor.flush();
      const { found, remedy } = await diagnosis('crash detection', false);
      // Each node finds out for itself, so not all may know yet.
      expect(found).toMatch(/^only silence on [abc]/);
      expect(remedy).toContain('End that subscription');
      await monitor.close();
      await diagnosis('crash detection', true);
    });

    it('about a node that was started wrongly: started again as it says, all is well', async () => {
      await a.register('more', 1);
      const host = await cluster.host('e2e/cluster/late-clock.fixture.ts');
      const wrong = await join('d', {
        host,
        observer: { version: '0.9.0' },
        scopes: [{ name: 'docs', keys: 'unique' }],
        maxEntriesPerPeer: 1,
      });
      expect((await diagnosis('clocks', false)).found).toMatch(/^d -3[56]\d{5} ms$/);
      expect(await diagnosis('versions of the application', false)).toMatchObject({ found: '1.0.0, 0.9.0' });
      expect(await diagnosis('modes of keys', false)).toMatchObject({
        found: 'docs',
        remedy: expect.stringContaining('Share one definition: defineScope.'),
      });
      const replication = await diagnosis('replication', false);
      expect(replication.found).toContain('pg');
      expect(replication.remedy).toContain('maxEntriesPerPeer');
      await wrong.leave();
      cluster.forget(wrong);
      await join('d');
      for (const check of ['clocks', 'versions of the application', 'modes of keys', 'replication'])
        await diagnosis(check, true);
    });

    it('about two processes with one name: under a name of its own the second is well', async () => {
      const first = await join('e');
      // Nobody tells this one that its peer was replaced.
      const witness = await join('f', { peerTimeoutMs: 60_000 });
      await cluster.agreeOnPeers();
      const host = await cluster.host();
      const reloads = cluster.server.log.split('Reloaded').length;
      cluster.server.reload(config({ f: { subscribe: everything('e', 'f') } }));
      await eventually(() => cluster.server.log.split('Reloaded').length > reloads);
      first.process.kill('SIGSTOP');
      cluster.forget(first);
      const second = await join('e', { host });
      expect(await diagnosis('names of nodes', false)).toMatchObject({
        found: 'several lives of e',
        remedy: expect.stringContaining('Give every instance a name of its own (option node)'),
      });

      first.process.kill('SIGCONT');
      await eventually(() => first.run(({ node }) => node.state === 'fenced'));
      await second.leave();
      cluster.forget(second);
      cluster.server.reload(config());
      const renamed = await join('g', { host });
      await diagnosis('names of nodes', true);
      await cluster.agreeOnPeers();
      for (const node of [witness, renamed]) {
        await node.leave();
        cluster.forget(node);
      }
    });

    it('about nodes with different versions of the library: updated, all is well', async () => {
      const host = await cluster.host('e2e/cluster/first-edition.fixture.ts');
      const old = await join('e', { host });
      const { found, remedy } = await diagnosis('versions of the protocol', false);
      expect(found.split('; ').toSorted()).toEqual(['1 to 1', '1 to 3']);
      expect(remedy).toContain('They talk in the oldest one until all are updated');
      await old.leave();
      cluster.forget(old);
      await join('e');
      await diagnosis('versions of the protocol', true);
    });

    it('about a node that computes all the time: top shows the handler that does', async () => {
      await b.run(({ node, kept }) => {
        const grinder = node.processes.spawn({
          label: 'grinder',
          onMessage: () => {
            const until = performance.now() + 20;
            while (performance.now() < until);
            if (!kept.has('end')) setImmediate(() => node.processes.send(grinder.pid, 'more'));
          },
        });
        node.processes.send(grinder.pid, 'first');
      });
      await eventually(async () => {
        const rows = objectsOf(await run('top', '--json', '--rounds', '1'));
        const [busiest] = rows.filter((row) => 'handler' in row);
        expect(busiest).toMatchObject({ node: 'b', handler: 'grinder.(message)' });
      });
      // It never waits, however much of a core the machine has left for it.
      const { found, remedy } = await diagnosis('load', false);
      expect(found).toMatch(/\bb: \d+ % of a core, its event loop busy (?:9[1-9]|100) % of the time/);
      expect(remedy).toContain('nestjs-pg-registry top shows the handlers that run most.');
      await b.run(({ kept }) => void kept.set('end', true));
      // Others may be so by now, on a machine that has no processor left.
      await eventually(async () => expect(await loadFound()).not.toMatch(/\bb: /));
    });

    async function loadFound(): Promise<string> {
      const findings = objectsOf(await run('doctor', '--json')) as unknown as readonly Found[];
      return findings.find(({ check }) => check === 'load')!.found;
    }

    it('about a node that stood still for 50 ms: ps and top show the process and the handler', async () => {
      const shown = async (verb: readonly string[], of: (row: Record<string, unknown>) => boolean) =>
        objectsOf(await run(...verb, '--json')).find(of);
      const ofHandler = () =>
        shown(['top', '--rounds', '1'], ({ handler }) => handler === 'standstill.(message)');
      // Handlers are measured while somebody looks.
      expect(await ofHandler()).toBeUndefined();
      await b.run(({ node }) => {
        const still = node.processes.spawn({
          label: 'standstill',
          onMessage: (ms) => {
            const until = performance.now() + (ms as number);
            while (performance.now() < until);
          },
        });
        for (const ms of [0, 50, 0]) node.processes.send(still.pid, ms);
      });
      const handler = await eventually(async () => {
        const row = await ofHandler();
        expect(row).toMatchObject({ node: 'b', runs: 3, errors: {} });
        return row!;
      });
      // A bucket holds what took up to a fifth longer.
      expect(handler['p99Ms']).toBeGreaterThanOrEqual(50 / 1.2);
      expect(handler['p50Ms']).toBeLessThan(50);
      const process = await shown(['ps', 'b'], ({ label }) => label === 'standstill');
      expect(process).toMatchObject({ handled: 3, waiting: 0 });
      expect(process!['longestMs']).toBeGreaterThanOrEqual(50);
    });

    it('about cluster names without JetStream: with it they can be claimed', async () => {
      await a.run(({ node }) => node.names.claim('leader', { timeoutMs: 300 }).catch(() => undefined));
      const { found, remedy } = await diagnosis('connections and names', false);
      expect(found).toContain('a: ');
      expect(remedy).toContain('the server needs JetStream');
      await cluster.server.stop('SIGTERM');
      cluster.server.configure(`${config()}\njetstream { store_dir: "DIR/jetstream" }`);
      await cluster.server.start();
      await cluster.agreeOnPeers();
      await eventually(() => a.run(({ node }) => node.names.claim('leader').then(({ token }) => token > 0)));
      await diagnosis('connections and names', true);
      // The machine of the test may be busy.
      expect((await run('doctor')).stdout).not.toMatch(/BAD {2}(?!load)/);
    });
  });
});
