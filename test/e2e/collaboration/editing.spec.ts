import { eventually } from '../../support/eventually';
import { workingMs } from '../../support/working-ms';
import { Figures } from '../faults/figures';
import { CollaborationCluster, START_TIMEOUT_MS } from './collaboration-cluster';
import { databaseOf, startPostgres } from './database';
import { type Editor, Editors } from './editor';
import type { PostgresServer } from './postgres-server';

const IS_FULL = process.env['PG_REGISTRY_FAULTS'] === 'full';
/** In the fault suite, which has the machine for itself, as the sentence says; beside other tests only not much longer. */
const GO_ON_MS = IS_FULL ? 2000 : 10_000;
const RUNS = IS_FULL ? 10 : 1;

/** Several clients and several nodes, each a process, over a real nats-server and a real PostgreSQL. */
let postgres: PostgresServer | undefined;
let cluster: CollaborationCluster;
const editors = new Editors();
const figures = new Figures();

beforeAll(async () => {
  postgres = await startPostgres();
  cluster = await CollaborationCluster.start({
    nodes: 3,
    env: databaseOf(postgres),
    args: ['--save-after', '100'],
  });
}, START_TIMEOUT_MS);
afterEach(() => editors.close());
afterAll(async () => {
  figures.print();
  await cluster?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

/** Two editors of one document, by default on two nodes. */
async function pair(document: string, urls = cluster.nodes.map(({ url }) => url)): Promise<[Editor, Editor]> {
  return [await editors.open(urls[0], document, 'ann'), await editors.open(urls[1], document, 'bob')];
}

test('two clients on two nodes edit one document: equal within 200 ms, names are seen, and the list shows both', async () => {
  const [ann, bob] = await pair('equal');
  const times: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const [one, other] = i % 2 === 0 ? [ann, bob] : [bob, ann];
    const startedAt = performance.now();
    const arrived = new Promise<void>((resolve) => other.doc.once('update', () => resolve()));
    one.append(`line ${i}\n`);
    // oxlint-disable-next-line no-await-in-loop -- one edit after the other
    await arrived;
    times.push(performance.now() - startedAt);
    expect(other.content).toBe(one.content);
  }
  expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(200);
  await eventually(() =>
    expect([ann.names, bob.names]).toEqual([
      ['ann', 'bob'],
      ['ann', 'bob'],
    ]),
  );
  await eventually(async () => {
    const { documents } = await cluster.documents(cluster.nodes[2].url);
    const sessions = documents.find(({ name }) => name === 'equal')!.sessions;
    expect(sessions.map(({ node, user }) => `${user?.name} ${node}`).toSorted()).toEqual([
      'ann node-1',
      'bob node-2',
    ]);
  });
  await eventually(() => expect([ann.isSaved, bob.isSaved, bob.server?.saved]).toEqual([true, true, true]));
});

test('kill -9 of the holder while both type: both go on within 2 s, no acknowledged edit is lost, the text is equal, and there is one holder', async () => {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const document = `killed ${run}`;
    const [ann, bob] = await pair(document, [cluster.balancerUrl, cluster.balancerUrl]);
    ann.startTyping('ann');
    bob.startTyping('bob');
    await eventually(() => ann.linesOf('bob') > 20 && bob.linesOf('ann') > 20);
    const holder = cluster.node((await eventually(() => cluster.holderOf(document, cluster.balancerUrl)))!);
    cluster.kill(holder.name);
    const killedAt = performance.now();
    const [annAt, bobAt] = [ann.linesOf('bob'), bob.linesOf('ann')];
    await eventually(() => {
      const goOn = { ann: bob.linesOf('ann') > bobAt + 20, bob: ann.linesOf('bob') > annAt + 20 };
      expect({ goOn, ann: ann.server, bob: bob.server }).toMatchObject({ goOn: { ann: true, bob: true } });
    });
    const goneOnMs = performance.now() - killedAt;
    const [lines, others] = [ann.stopTyping(), bob.stopTyping()];
    await eventually(() => {
      expect([ann.linesOf('ann'), ann.linesOf('bob')]).toEqual([lines, others]);
      expect(bob.content).toBe(ann.content);
      expect([ann.isSaved, bob.isSaved]).toEqual([true, true]);
    });
    expect(ann.server?.holder).toEqual(expect.any(String));
    expect(ann.server?.holder).toBe(bob.server?.holder);
    times.push(goneOnMs);
    // oxlint-disable-next-line no-await-in-loop -- one kill after the other
    await cluster.restarted(holder);
    editors.close();
  }
  if (IS_FULL) figures.addTimes('kill -9 of the holder, until both typists went on', times);
  expect(workingMs(Math.max(...times))).toBeLessThan(GO_ON_MS);
}, 300_000);

test('kill -9 of all nodes, start again: every edit acknowledged as saved is there', async () => {
  const [ann, bob] = await pair('all killed', [cluster.balancerUrl, cluster.balancerUrl]);
  ann.startTyping('ann');
  await eventually(() => bob.linesOf('ann') > 20);
  const lines = ann.stopTyping();
  await eventually(() => ann.isSaved);
  const before = cluster.nodes;
  for (const { name } of before) cluster.kill(name);
  editors.close();
  await Promise.all(before.map((node) => cluster.restarted(node)));
  const carol = await editors.open(cluster.balancerUrl, 'all killed', 'carol');
  await eventually(() => expect(carol.linesOf('ann')).toBe(lines));
});
