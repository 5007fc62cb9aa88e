import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { TcpDoor } from '../../support/tcp-door';
import { CollaborationCluster, START_TIMEOUT_MS } from './collaboration-cluster';
import { databaseOf, startPostgres } from './database';
import { Editors } from './editor';
import type { PostgresServer } from './postgres-server';

/** Who holds a document when nodes come, go, and do not see each other. Two nodes are on one side of a network that can be cut, one is on the other. */
const IS_FULL = process.env['PG_REGISTRY_FAULTS'] === 'full';
const SPLIT_MS = IS_FULL ? 20_000 : 6000;
const RUNS = IS_FULL ? 10 : 1;
const RECONNECT_MS = IS_FULL ? 1000 : 5000;

let postgres: PostgresServer | undefined;
let nats: NatsServer;
let door: TcpDoor;
let cluster: CollaborationCluster;
const editors = new Editors();

beforeAll(async () => {
  postgres = await startPostgres();
  nats = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
  door = await TcpDoor.to(nats.url);
  const options = { nodes: 3, nats: [nats.url, nats.url, door.url], env: databaseOf(postgres) };
  cluster = await CollaborationCluster.start({ ...options, args: ['--save-after', '100'] });
}, START_TIMEOUT_MS);
afterEach(() => editors.close());
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await door?.[Symbol.asyncDispose]();
  await nats?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

test('two hundred concurrent opens of one new document from three nodes: one SharedDoc, one writer, one row set', async () => {
  const urls = cluster.nodes.map(({ url }) => url);
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, i) => editors.open(urls[i % urls.length], 'crowd', `editor ${i}`)),
  );
  const holders = new Set(all.map(({ server }) => server?.holder));
  expect(holders.size).toBe(1);
  for (const editor of all.slice(0, 10)) editor.append('x');
  await eventually(() =>
    expect(new Set(all.map(({ content }) => content))).toEqual(new Set(['x'.repeat(10)])),
  );
  await eventually(async () => {
    const views = await Promise.all(urls.map((url) => cluster.documents(url)));
    for (const { documents } of views) {
      const [crowd] = documents.filter(({ name }) => name === 'crowd');
      expect([crowd.holder, crowd.sessionCount]).toEqual([...holders, 200]);
    }
  });
  await eventually(() => all.every(({ isSaved }) => isSaved));
  const tokens = await postgres?.query(
    "SELECT DISTINCT token FROM document_changes WHERE document = 'crowd'",
  );
  expect(tokens ?? [1]).toHaveLength(1);
}, 120_000);

test('a rolling restart of three nodes under typing: no long reconnect, nothing lost, and documents move with their state', async () => {
  for (let run = 0; run < RUNS; run += 1) {
    const document = `rolling ${run}`;
    const ann = await editors.open(cluster.balancerUrl, document, 'ann');
    const bob = await editors.open(cluster.balancerUrl, document, 'bob');
    ann.startTyping('ann');
    bob.startTyping('bob');
    for (const { name } of cluster.nodes) {
      const before = cluster.node(name);
      cluster.kill(name, 'SIGTERM');
      await cluster.restarted(before);
      const [annAt, bobAt] = [ann.linesOf('bob'), bob.linesOf('ann')];
      await eventually(() => ann.linesOf('bob') > annAt && bob.linesOf('ann') > bobAt);
    }
    const [lines, others] = [ann.stopTyping(), bob.stopTyping()];
    await eventually(() => {
      expect([ann.linesOf('ann'), ann.linesOf('bob')]).toEqual([lines, others]);
      expect(bob.content).toBe(ann.content);
      expect([ann.isSaved, bob.isSaved]).toEqual([true, true]);
    });
    expect(Math.max(ann.longestGapMs, bob.longestGapMs)).toBeLessThan(RECONNECT_MS);
    editors.close();
  }
}, 600_000);

test('a split with writers on both halves: at most one half writes rows, the other says that it does not save; afterwards all edits are there, and one holder', async () => {
  const [ann, bob] = [
    await editors.open(cluster.node('node-1').url, 'split', 'ann'),
    await editors.open(cluster.node('node-3').url, 'split', 'bob'),
  ];
  await eventually(() => ann.server?.holder ?? false);
  door.silence();
  const startedAt = performance.now();
  ann.startTyping('ann', 50);
  bob.startTyping('bob', 50);
  // The half of the store takes over when the lease of the other one is over.
  await eventually(() =>
    expect({ ann: ann.server, bob: bob.server }).toEqual({
      ann: expect.objectContaining({ holder: expect.any(String) as string, problem: null }) as object,
      bob: expect.objectContaining({ holder: null, problem: expect.any(String) as string }) as object,
    }),
  );
  await eventually(() => ann.isSaved || ann.server?.saved);
  await eventually(() => performance.now() - startedAt > SPLIT_MS);
  expect(bob.isSaved).toBe(false);
  const duringSplit = await postgres?.query(
    "SELECT token, max(sequence) AS last FROM document_changes WHERE document = 'split' GROUP BY token ORDER BY token",
  );
  door.open();
  const [lines, others] = [ann.stopTyping(), bob.stopTyping()];
  await eventually(() => {
    expect([ann.linesOf('ann'), ann.linesOf('bob')]).toEqual([lines, others]);
    expect(bob.content).toBe(ann.content);
    expect([ann.isSaved, bob.isSaved]).toEqual([true, true]);
  });
  expect(ann.server?.holder).toBe(bob.server?.holder);
  // Rows of a token come before those of every higher one: nobody wrote with an older token after a newer one.
  const rows = await postgres?.query(
    "SELECT token FROM document_changes WHERE document = 'split' ORDER BY sequence",
  );
  const tokens = rows?.map(({ token }) => Number(token)) ?? [];
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  expect(duringSplit?.length ?? 1).toBeLessThanOrEqual(2);
}, 180_000);
