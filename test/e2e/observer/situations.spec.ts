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
    ...['a', 'b', 'c', 'd'].map((name) => user(name, permissionsOf('pg', name, { names: { create: true } }))),
    user('viewer', observerPermissionsOf('pg', 'viewer')),
    { user: 'monitor', password: 'monitor' },
  ];
  return `authorization { users: ${JSON.stringify(users)} }`;
}

/** Paths on which `c` hears `a`. A server goes by them only where they are within a subject that `c` has subscribed to. */
const OPERATIONS = ['pgr.pg.from.a.ops.pg', 'pgr.pg.to.c.sync.a', 'pgr.pg.to.c.repair.a'];
const EVERYTHING = [...OPERATIONS, 'pgr.pg.from.a.hello', 'pgr.pg.to.c.hello.a', 'pgr.pg.reply.c.a.>'];
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
      cluster.server.reload(config({ c: { subscribe: OPERATIONS } }));
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
      cluster.server.reload(config({ c: { subscribe: EVERYTHING } }));
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
