import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from '../cluster/cluster';
import { runInProcess } from './command';

const GUIDE = join(__dirname, '../../../docs/guide/observing.md');
/** What the answer of each command has, in the order of the table. */
const ANSWERS: readonly RegExp[] = [
  /^ok {3}broker: .*\n[^]*ok {3}everybody knows everybody: yes\n/,
  /^NODE +STATE [^]*\norders-1 +ready /,
  /peer-suspect .*orders-9 .*crash\n[^]*peer-removed .*orders-9 .*crash\n/,
  /^SCOPE .*UNSYNCED[^]*\nsessions +duplicate .* 0 +orders-1, orders-2$/m,
  /\['user', 'ann'\].*"cart"/,
  /^Node 'orders-1' owns the key\.\n/,
  /<orders-2\.\d+> +checkout +2 +1 /,
  /mailer\.\(message\) +orders-2 +[1-9]/,
  /\['jobs', 'nightly'\] +<orders-1\.\d+> +\d+ +[\d.]+ s /,
  /^orders-1 drains\.\n$/,
];

/** The rows of the table of the guide: a question, and the command that answers it. */
const rows = [
  ...readFileSync(GUIDE, 'utf8').matchAll(/^\| (.+?\?) +\| `nestjs-pg-registry (.+)` +\|$/gm),
].map(([, question, command], at) => [question, command, ANSWERS[at]] as const);

describe('the ten questions of the guide', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { config: 'jetstream { store_dir: "DIR" }' });
    const options = { scopes: ['sessions'], observer: { version: '1.0.0', allow: ['drain'] } } as const;
    const [first, second, gone] = await cluster.joinAll(['orders-1', 'orders-2', 'orders-9'], options);
    await cluster.agreeOnPeers();
    await first.run(async ({ node }) => {
      node.scope('sessions').register(['user', 'ann'], { cart: 3 });
      await node.names.claim(['jobs', 'nightly']);
    });
    // A process that never ends what it began, and one that works.
    await second.run(({ node }) => {
      const stuck = node.processes.spawn({
        label: 'checkout',
        onMessage: () => new Promise(() => undefined),
      });
      for (let i = 0; i < 3; i += 1) node.processes.send(stuck.pid, i);
      const mailer = node.processes.spawn({
        label: 'mailer',
        onMessage: () => void setTimeout(() => node.processes.send(mailer.pid, 'more'), 5),
      });
      node.processes.send(mailer.pid, 'first');
    });
    gone.process.kill('SIGKILL');
    cluster.forget(gone);
    await cluster.agreeOnPeers();
    await cluster.agree({ scope: 'sessions' });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it('are ten', () => {
    expect(rows.length).toBe(10);
  });

  it.each(rows)('%s', async (_, command, answer) => {
    const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
    const { stdout, stderr, status } = await runInProcess([
      ...args,
      '--rounds',
      // Handlers are measured from the first look on.
      '2',
      '--server',
      cluster.server.url,
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(answer);
    // What the machine does beside is not the cluster's fault.
    expect(status === 0 || /BAD {2}load/.test(stdout)).toBe(true);
  });
});
