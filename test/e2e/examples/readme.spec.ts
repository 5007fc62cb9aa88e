import { readFileSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { guardAgainstOrphan } from '../../support/orphan-guard';
import { Cluster } from '../cluster/cluster';

const ROOT = join(__dirname, '../../..');
const EXAMPLE = 'test/examples/readme.ts';

test('the example of the README is the program that the tests compile and run', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const block = new RegExp(`<!-- example: ${EXAMPLE} -->\\s+\`\`\`ts\\n([^]*?)\`\`\``).exec(readme)?.[1];
  expect(block).toBe(readFileSync(join(ROOT, EXAMPLE), 'utf8'));
});

describe('the example of the README, started twice', () => {
  let cluster: Cluster;
  const shells: { child: ChildProcess; output: string }[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => {
    for (const { child } of shells) child.kill('SIGKILL');
    await cluster[Symbol.asyncDispose]();
  });

  function start(): { child: ChildProcess; output: string } {
    const child = spawn(
      process.execPath,
      ['-r', join(ROOT, 'test/support/register.cjs'), join(ROOT, EXAMPLE)],
      {
        env: { ...process.env, NATS_URL: cluster.server.url },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const unguard = guardAgainstOrphan(child.pid!);
    child.once('exit', unguard);
    const shell = { child, output: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (shell.output += text));
    }
    shells.push(shell);
    return shell;
  }

  /** Starts one more process of the example, and resolves with the number of the process that greeted it. */
  async function greeted(): Promise<{ readonly pid: number; readonly by: number }> {
    const shell = start();
    await eventually(() => expect(shell.output).toMatch(/^Hello Ada, this is process \d+\.\n$/), {
      timeoutMs: 20_000,
    });
    return { pid: shell.child.pid!, by: Number(/process (\d+)/.exec(shell.output)?.[1]) };
  }

  test('the example of the README greets itself while it is alone, and any node when there are more', async () => {
    const first = await greeted();
    expect(first.by).toBe(first.pid);
    let next = await greeted();
    // All seven greet themselves once in forty thousand runs.
    while (next.by === next.pid && shells.length < 8) next = await greeted();
    expect(next.by).not.toBe(next.pid);
    expect(shells.map(({ child }) => child.pid)).toContain(next.by);
    expect(shells.map(({ child }) => child.exitCode)).toEqual(shells.map(() => null));
  });

  test('the example of the README is seen by another node within a second, and its kill -9 within two', async () => {
    const witness = await cluster.join('witness', { scopes: ['greeters'] });
    const greeters = () =>
      witness.run(({ node }) =>
        node
          .scope('greeters')
          .members('hello')
          .map((pid) => pid.node),
      );
    await eventually(async () => expect(await greeters()).toHaveLength(shells.length));
    const { pid } = await greeted();
    await eventually(async () => expect(await greeters()).toHaveLength(shells.length), {
      timeoutMs: timeLimit(1000),
    });

    shells.find(({ child }) => child.pid === pid)!.child.kill('SIGKILL');
    await eventually(async () => expect(await greeters()).toHaveLength(shells.length - 1), {
      timeoutMs: timeLimit(2000),
    });
  });
});
