import { observerPermissionsOf, permissionsOf } from 'nestjs-pg-registry';
import { Cluster } from '../cluster/cluster';
import { objectsOf, runHere } from './command';

/** A server that allows nodes what nodes need, and operators what they need to look, or to act, and nothing more. */
function config(): string {
  const user = (name: string, permissions: unknown) => ({ user: name, password: name, permissions });
  const users = [
    ...['a', 'b'].map((node) => user(node, permissionsOf('pg', node))),
    user('viewer', observerPermissionsOf('pg', 'viewer')),
    user('operator', observerPermissionsOf('pg', 'operator', { act: true })),
  ];
  return `authorization { users: ${JSON.stringify(users)} }`;
}

describe('the command, at a server with permissions', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { config: config() });
    for (const name of ['a', 'b']) {
      const observer = { allow: ['drain'] } as const;
      await cluster.join(name, { client: { user: name, pass: name }, observer });
    }
    await cluster.agreeOnPeers();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const run = (user: string, ...args: readonly string[]) =>
    runHere([...args, '--server', cluster.server.url, '--name', user, '--user', user, '--pass', user]);

  it('sees everything with the permissions of the template, and can do nothing', async () => {
    const nodes = await run('viewer', 'nodes', '--json');
    expect(nodes.stderr).toBe('');
    expect(objectsOf(nodes).map(({ node, answer }) => [node, answer])).toEqual([
      ['a', 'ok'],
      ['b', 'ok'],
    ]);
    expect((await run('viewer', 'scopes')).status).toBe(0);
    const drained = await run('viewer', 'drain', 'b', '--timeout', '300');
    expect(drained.status).toBe(2);
    expect(drained.stderr).toContain("Node 'b'");
    expect((await run('viewer', 'node', 'b')).stdout).toContain('state           ready');
  });

  it('says what the broker refuses if the name is not the one that the permissions are for', async () => {
    const { server } = cluster;
    const args = ['nodes', '--server', server.url, '--name', 'other', '--user', 'viewer', '--pass', 'viewer'];
    const refused = await runHere(args);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/pgr\.pg\..*other/);
  });

  it('ends with 2 if the credentials are refused, and does not show them', async () => {
    const args = ['nodes', '--server', cluster.server.url, '--user', 'viewer', '--pass', 'guessed-password'];
    const refused = await runHere(args);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/authorization/i);
    expect(refused.stderr).not.toContain('guessed-password');
  });

  it('drains a node that allows it, with the permission to act', async () => {
    expect(await run('operator', 'drain', 'b')).toMatchObject({ status: 0, stdout: 'b drains.\n' });
    expect((await run('operator', 'node', 'b')).stdout).toContain('state           draining');
  });
});
