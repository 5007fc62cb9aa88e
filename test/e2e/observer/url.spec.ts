import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectsOf, runHere, runInProcess } from './command';
import { ObservedCluster } from './observed-cluster';

const TOKEN = 'a secret of operators';

describe('the command, at the page of an application (--url)', () => {
  let cluster: ObservedCluster;
  let at: readonly string[];
  beforeAll(async () => {
    cluster = await ObservedCluster.start({ names: ['ada', 'bob'], token: TOKEN });
    at = ['--url', cluster.url('ada'), '--token', TOKEN];
    await cluster.ask('bob', 'register', ['doc', 1], { title: 'Minutes' });
    await cluster.ask('bob', 'claim', 'leader');
    await cluster.ask('ada', 'callEntity', 'acme');
  });
  afterAll(() => cluster?.stop());

  // What the environment says is for the broker, and must not reach another server.
  const env = { NATS_URL: 'nats://127.0.0.1:1', NATS_TOKEN: 'wrong', NATS_USER: 'wrong' };
  const run = (...args: readonly string[]) => runHere([...args, ...at], { env });
  const json = async (...args: readonly string[]) => objectsOf(await run(...args, '--json'));

  it('shows nodes, scopes, entries and keys as at the broker', async () => {
    const nodes = await runInProcess(['nodes', ...at]);
    expect(nodes.stderr).toBe('');
    expect(nodes.stdout).toMatch(/^NODE +STATE .*\nada +ready +4\.2\.0 .*\nbob +ready +4\.2\.0 /);
    expect(nodes.status).toBe(0);
    expect(await json('node', 'bob')).toMatchObject([
      { node: 'bob', answer: 'ok', fact: { version: '4.2.0' } },
    ]);
    const scopes = await json('scopes');
    expect(scopes.find(({ scope }) => scope === 'docs')).toMatchObject({ nodes: ['ada', 'bob'], entries: 1 });
    expect(await json('keys', 'docs', '["doc"]')).toMatchObject([{ key: ['doc', 1], node: 'bob' }]);
    expect(await json('keys', 'docs', '--match', '{"value":{"title":"Minutes"}}')).toHaveLength(1);
    expect(await run('keys', 'docs', 'none')).toMatchObject({ status: 1 });
    expect(await json('get', 'docs', '["doc",1]', '--node', 'ada')).toMatchObject([
      { value: { title: 'Minutes' } },
    ]);
    expect(await run('get', 'docs', 'none')).toMatchObject({ status: 1 });
    expect((await run('__complete', 'keys', 'docs')).stdout).toBe('["doc",1]\n');
  });

  it('shows processes, handlers, names and entities, explains, pings and looks for what is wrong', async () => {
    expect((await json('ps', 'bob')).map(({ label }) => label)).toContain('Worker');
    expect((await json('top', '--rounds', '1')).map(({ node }) => node)).toEqual(
      expect.arrayContaining(['ada', 'bob']),
    );
    expect(await json('names')).toMatchObject([
      { key: 'leader', node: 'bob', expiresInMs: expect.any(Number) },
    ]);
    expect(await json('entities', 'ledger')).toMatchObject([{ type: 'ledger', key: 'acme' }]);
    const explained = await run('explain', 'docs', '["doc",1]');
    expect(explained.stdout).toContain("Node 'bob' owns the key.\n");
    expect(explained.status).toBe(0);
    expect((await run('ping', 'bob')).stdout).toMatch(/^bob: [\d.]+ ms, clock [+-]?\d+ ms\n$/);
    const doctor = await run('doctor');
    expect(doctor.stdout).toContain(`ok   broker: not asked: ${cluster.url('ada')} asks the nodes\n`);
    // The machine of the test may be busy.
    expect(doctor.stdout).not.toMatch(/BAD {2}(?!load)/);
  });

  it('follows events as they happen, and leaves within 200 ms of Ctrl-C', async () => {
    const watching = runInProcess(['watch', 'docs', '["late",1]', '--json', ...at], {
      interruptWhen: (output) => output.includes('"join"'),
    });
    let others = 0;
    const timer = setInterval(() => {
      void cluster.ask('bob', 'register', ['early', (others += 1)], 1);
      void cluster.ask('bob', 'register', ['late', 1], 1);
    }, 100);
    const result = await watching;
    clearInterval(timer);
    expect(objectsOf(result)[0]).toMatchObject({ type: 'join', key: ['late', 1], cause: 'peer' });
    expect(objectsOf(result).every(({ keyText }) => keyText === "['late', 1]")).toBe(true);
    expect(result.status).toBe(0);
    expect(result.leftAfterMs).toBeLessThan(200);
  });

  it('calls a handler and drains a node, as the page allows', async () => {
    expect(await json('call', 'workers:["worker","ada"]', 'work', '"it"')).toEqual(['ada did it']);
    const failed = await run('call', 'workers:["worker","ada"]', 'work', '""');
    expect(failed.status).toBe(2);
    expect(failed.stderr).toContain('There is no task.');
    expect(await run('drain', 'bob')).toMatchObject({ status: 0, stdout: 'bob drains.\n' });
    expect(await json('node', 'bob')).toMatchObject([{ fact: { state: 'draining' } }]);
  });

  it('takes headers from a file, so that no list of processes shows them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pg-registry-headers-'));
    const file = join(folder, 'headers');
    writeFileSync(file, `Authorization: Bearer ${TOKEN}\nX-Team: operators\n`);
    const result = await runHere([
      'nodes',
      '--url',
      `${cluster.url('ada')}/?x=1`,
      '--header',
      `@${file}`,
      '--json',
    ]);
    rmSync(folder, { recursive: true });
    expect(objectsOf(result)[0]).toMatchObject({ node: 'ada', answer: 'ok' });
  });

  it('ends with 2 and says what to do if the guard denies, the address is wrong, or nobody answers', async () => {
    const url = cluster.url('ada');
    const failures: readonly (readonly [readonly string[], string])[] = [
      [['--url', url], 'does not let you look (status 403)'],
      [['--url', url, '--token', 'guessed'], 'Give what its guards want: --token'],
      [['--url', `${url}/none`, '--token', TOKEN], 'Is this its address, with the global prefix?'],
      [['--url', 'http://127.0.0.1:1/pg-registry'], 'does not answer: connect ECONNREFUSED 127.0.0.1:1'],
      [['--url', 'nats://127.0.0.1:4222'], '--url must be an address like'],
      [['--url', url.replace('://', '://me:hidden@')], 'give them with --user and --pass'],
      [['--url', url, '--server', 'nats://127.0.0.1:4222'], '--server is for a broker'],
      [['--url', url, '--header', 'hidden'], "--header must be 'Name: value'"],
      [['--header', 'X-Team: operators'], '--header is for --url'],
    ];
    for (const [args, message] of failures) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, stderr } = await runHere(['nodes', ...args]);
      expect([args, status, stderr]).toEqual([args, 2, expect.stringContaining(message)]);
      expect(stderr).not.toMatch(/guessed|hidden/);
    }
    expect((await run('node', 'nobody')).stderr).toContain("says: Node 'nobody': There is no such node");
  });
});

describe('the command, at a server that is no page', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** Answers everything with the same. */
  async function answering(status: number, headers: Record<string, string>, body: string): Promise<string> {
    server = createServer((_request, response) => response.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/pg-registry`;
  }
  const JSON_TYPE = { 'content-type': 'application/json' };

  it('says what is wrong, and follows no redirect, which could carry a token elsewhere', async () => {
    for (const [answer, message] of [
      [[302, { location: 'http://127.0.0.1:1/login' }, ''], 'leads elsewhere (status 302)'],
      [[200, { 'content-type': 'text/html' }, '<html>'], 'not as PgRegistryObserverModule does'],
      [[200, JSON_TYPE, '{'], 'gave an answer that is no JSON'],
      [[200, JSON_TYPE, '[{"node":1}]'], 'The answer of the page cannot be read'],
      [
        [200, JSON_TYPE, `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
        'The answer of the page cannot be read',
      ],
      [[500, JSON_TYPE, '{"error":{"message":"\\u001b[31mred"}}'], String.raw`says: \u001b[31mred`],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one server after the other
      const url = await answering(answer[0], answer[1], answer[2]);
      // oxlint-disable-next-line no-await-in-loop
      const { status, stderr } = await runHere(['nodes', '--url', url, '--token', 'hidden']);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
      expect(stderr).not.toContain('hidden');
      server?.close();
    }
  });

  it('does not wait for an answer for ever', async () => {
    server = createServer(() => undefined);
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { stderr } = await runHere(['nodes', '--url', url, '--timeout', '20']);
    expect(stderr).toContain('no answer within 200 ms');
  });
});
