import { eventually } from '../../support/eventually';
import { Cluster } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';
import { objectsOf, runHere } from './command';

interface Found {
  readonly check: string;
  readonly isWell: boolean;
  readonly found: string;
  readonly remedy: string;
}

describe('a node that answers just in time, before anybody counts it as gone', () => {
  let cluster: Cluster;
  let early: ClusterNode;
  let late: ClusterNode;
  beforeAll(async () => {
    cluster = await Cluster.start();
    [early, late] = await cluster.joinAll(['early', 'late'], { peerTimeoutMs: 60_000 });
    await cluster.agreeOnPeers();
    await late.register('held', 'late');
    await cluster.agree();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const run = (...args: readonly string[]) =>
    runHere([...args, '--json', '--server', cluster.server.url, '--timeout', '500']);
  const suspicions = async (): Promise<Found> => {
    const findings = objectsOf(await run('doctor')) as unknown as readonly Found[];
    return findings.find(({ check }) => check === 'suspicions')!;
  };
  const life = () => early.run(({ node }) => node.peers().map(({ incarnation }) => incarnation));

  it('is suspected and shown so, and then nothing but its recovery', async () => {
    const before = await life();
    late.process.kill('SIGSTOP');
    expect(
      await eventually(async () => {
        const finding = await suspicions();
        return !finding.isWell && finding;
      }),
    ).toMatchObject({
      found: 'late by early',
      remedy: expect.stringContaining('its event loop blocked'),
    });
    const during = await run('explain', 'pg', 'held');
    expect(during.status).toBe(1);
    const [{ owners, differences, findings }] = objectsOf(during);
    expect(owners).toEqual([]);
    expect(differences).toMatchObject([
      {
        node: 'early',
        owner: 'late',
        kind: 'extra',
        reason: 'suspect',
        text: expect.stringMatching(/^'early' suspects 'late' of being gone \(.+\)\.$/),
      },
    ]);
    expect(findings).toContainEqual(expect.stringMatching(/^Node 'late' did not say what it believes: /));

    late.process.kill('SIGCONT');
    await eventually(async () => (await suspicions()).isWell);
    await eventually(async () => {
      const after = await run('explain', 'pg', 'held');
      expect(after.status).toBe(0);
      expect(objectsOf(after)).toMatchObject([{ owners: ['late'], differences: [] }]);
    });
    // The same life of it as before; neither it nor its entry has gone meanwhile.
    expect(await life()).toEqual(before);
    const seen = await early.run(async ({ node }) => {
      const changes = await node.observer.observe().changes('early', 'pg', 500);
      return changes.filter((change) => change.node === 'late').map(({ type }) => type);
    });
    expect(new Set(seen)).toEqual(new Set(['peer-up', 'join', 'peer-suspect', 'peer-recovered']));
    expect(seen[0]).toBe('peer-recovered');
  });
});
