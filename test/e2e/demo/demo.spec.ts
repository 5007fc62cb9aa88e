import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../../support/nats-server';
import { runDemo } from './demo-run';
import { textTree } from './text-tree';

/** The first run may have to build the library and the demo. */
jest.setTimeout(180_000);
/** The node's own limit for connecting is five seconds. */
const SOON_S = 15;

interface Result {
  readonly events: readonly { readonly type: string; readonly node: string; readonly members: number }[];
  readonly nodes: readonly string[];
}

describe('npm start', () => {
  test('npm start counts the documentation in one process and ends with equal counts', async () => {
    const { status, stdout, stderr } = await runDemo([]);
    expect({ status, stderr: stderr.includes('rror') }).toEqual({ status: 0, stderr: false });
    expect(stdout).toMatch(/^Starting 3 workers in this process …\n/);
    expect(stdout).toMatch(/^\+ worker-1 \(\d workers?\)$/m);
    expect(stdout).toMatch(/^100 % \(/m);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^cluster (\d+) \/ single process \1: equal$/);
    expect(stdout).not.toContain('\r'); // a pipe is no terminal
  });

  test('npm start --help prints the usage and ends with status 0', async () => {
    const { status, stdout } = await runDemo(['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm start -- .*--help/m);
  });

  describe('over a tree of some hundred files', () => {
    const tree = textTree(300);
    afterAll(() => tree.remove());
    const counted = {
      files: tree.files,
      words: tree.words,
      distinct: tree.distinct,
      expectedWords: tree.words,
      top: expect.arrayContaining([[expect.stringMatching(/^wört\d+$/), expect.any(Number)]]) as unknown,
    };

    test('npm start --json prints one object with the exact count and nothing else', async () => {
      const { status, stdout } = await runDemo(['--json', '--dir', tree.directory]);
      expect(status).toBe(0);
      const result = JSON.parse(stdout) as Result;
      expect(result).toEqual({
        ...counted,
        nodes: ['coordinator', 'worker-1', 'worker-2', 'worker-3'],
        events: [1, 2, 3].map((members) => ({
          type: 'join',
          node: expect.stringMatching(/^worker-[123]$/),
          members,
        })),
      });
      expect(Object.keys(result)).toEqual([
        'files',
        'words',
        'distinct',
        'top',
        'expectedWords',
        'nodes',
        'events',
      ]);
      expect(Reflect.get(result, 'top')).toHaveLength(20);
    });

    test('npm start --nats URL starts workers in processes of their own on a running server', async () => {
      const server = await NatsServer.start();
      try {
        const { status, stdout } = await runDemo([
          '--json',
          '--nats',
          server.url,
          '--workers',
          '2',
          '--dir',
          tree.directory,
        ]);
        expect(status).toBe(0);
        const result = JSON.parse(stdout) as Result;
        expect(result).toMatchObject(counted);
        expect(result.nodes).toHaveLength(3);
        expect(result.events.map(({ type, members }) => [type, members])).toEqual([
          ['join', 1],
          ['join', 2],
        ]);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    });

    test('npm start --nats --kill starts a server, kills a worker half-way, shows it leave and still counts exactly', async () => {
      const { status, stdout } = await runDemo(['--json', '--nats', '--kill', '--dir', tree.directory]);
      expect(status).toBe(0);
      const result = JSON.parse(stdout) as Result;
      expect(result).toMatchObject(counted);
      const leaves = result.events.filter(({ type }) => type === 'leave');
      expect(leaves).toEqual([{ type: 'leave', node: expect.stringMatching(/^worker-\d-\d+$/), members: 2 }]);
    });

    test('npm start --nats --kill prints what happens while it happens', async () => {
      const { status, stdout } = await runDemo(['--nats', '--kill', '--dir', tree.directory]);
      expect(status).toBe(0);
      const killed = /^kill -9 (worker-\d-\d+)$/m.exec(stdout)?.[1];
      expect(killed).toBeDefined();
      expect(stdout).toContain(`- ${killed} (2 workers)\n`);
      expect(stdout).toContain(`cluster ${tree.words} / single process ${tree.words}: equal`);
    });
  });
});

describe('npm start with something wrong', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pg-registry-demo-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the demo, which must fail soon with one line on stderr and nothing on stdout. @returns The line */
  async function refusal(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { status, stdout, stderr, seconds } = await runDemo(args, { env });
    // Besides the error it may have said that it starts.
    const isShort = stdout === '' || /^Starting \d workers .*\n$/.test(stdout);
    if (status !== 0 && isShort && seconds < SOON_S) return stderr.trimEnd();
    return `status ${status} after ${seconds} s, stdout: ${stdout}, stderr: ${stderr}`;
  }

  test('npm start prints one line for a missing path, a file, and a directory without text', async () => {
    expect(await refusal(['--dir', join(directory, 'missing')])).toMatch(
      /^There is no directory '.*missing'\.$/,
    );
    expect(await refusal(['--dir', __filename])).toMatch(/^'.*demo\.spec\.ts' is not a directory\.$/);
    expect(await refusal(['--dir', directory])).toMatch(/^There is no text file below '.*'\.$/);
  });

  test('npm start prints one line for a file that cannot be read', async () => {
    const secret = join(directory, 'secret.txt');
    writeFileSync(secret, 'words');
    chmodSync(secret, 0);
    // Permissions do not stop root, except for the kernel's own write-only files.
    const isRoot = process.getuid?.() === 0;
    if (isRoot && !existsSync('/proc/sys/vm/compact_memory')) {
      return console.log('Not tested: root can read every file of this machine.');
    }
    const said = await refusal(['--dir', isRoot ? '/proc/sys/vm' : directory]);
    expect(said).toMatch(/^Cannot read \d+ of the files below '.*', first: .*\.$/);
  });

  test('npm start prints one line if no server answers at the NATS URL, or there is no nats-server to start', async () => {
    const server = await NatsServer.start();
    await server[Symbol.asyncDispose]();
    expect(await refusal(['--nats', server.url])).toMatch(/^Cannot join a cluster at nats:.*refused.*$/i);
    const env = { NATS_SERVER_BIN: join(directory, 'missing') };
    expect(await refusal(['--nats'], env)).toMatch(/^Cannot start '.*missing': not found\. Install it.*$/);
  });

  test('npm start prints one line for options that make no sense', async () => {
    expect(await refusal(['--kill'])).toMatch(/^--kill needs --nats.*$/);
    expect(await refusal(['--kill', '--nats', '--workers', '1'])).toMatch(
      /^--kill needs at least two workers.*$/,
    );
    expect(await refusal(['--workers', 'many'])).toMatch(
      /^--workers must be a whole number from 1 to 64 \(got 'many'\)\.$/,
    );
    expect(await refusal(['--nonsense'])).toMatch(/^Unknown option '--nonsense'.*Usage: npm start -- .*$/);
  });
});
