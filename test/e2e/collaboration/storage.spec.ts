import { eventually } from '../../support/eventually';
import { CollaborationCluster, START_TIMEOUT_MS } from './collaboration-cluster';
import { databaseOf, describeWithPostgres, startPostgres } from './database';
import { Editors } from './editor';
import type { PostgresServer } from './postgres-server';

/** What becomes of documents when the database is away, or full. Two nodes in one process. */
let postgres: PostgresServer | undefined;
let cluster: CollaborationCluster;
const editors = new Editors();

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres?.stop();
  const env = databaseOf(postgres);
  cluster = await CollaborationCluster.start({ nats: false, env, args: ['--save-after', '100'] });
}, START_TIMEOUT_MS);
afterEach(() => editors.close());
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

describeWithPostgres('a PostgreSQL server', () => {
  test('the application starts without its database, says so to who opens a document, and opens it when the database is there', async () => {
    const opening = editors.open(cluster.nodes[0].url, 'early', 'ann');
    const [ann] = editors.all;
    await eventually(() => expect(ann.server?.problem).toContain('No node holds the document'));
    ann.append('written before');
    await postgres!.start();
    await opening;
    await eventually(() => expect([ann.isSaved, ann.server?.problem]).toEqual([true, null]));
    const bob = await editors.open(cluster.nodes[1].url, 'early', 'bob');
    expect(bob.content).toBe('written before');
  });

  test('while the database is away edits go on and are called not saved, and all are saved when it is back', async () => {
    const ann = await editors.open(cluster.nodes[0].url, 'away', 'ann');
    const bob = await editors.open(cluster.nodes[1].url, 'away', 'bob');
    ann.append('before ');
    await eventually(() => ann.isSaved);
    await postgres!.stop();
    ann.append('during');
    await eventually(() => expect(bob.content).toBe('before during'));
    await eventually(() => expect(bob.server?.problem).toContain('does not take changes'));
    expect(ann.isSaved).toBe(false);
    await postgres!.start();
    await eventually(() =>
      expect([ann.isSaved, ann.server?.saved, bob.server?.problem]).toEqual([true, true, null]),
    );
  });

  test('a database that is full loses nothing: the edits are kept, called not saved, and saved when there is room', async () => {
    const ann = await editors.open(cluster.nodes[0].url, 'full', 'ann');
    await postgres!.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
    await postgres!.query(
      'CREATE TRIGGER full_disk BEFORE INSERT ON document_changes FOR EACH ROW EXECUTE FUNCTION full_disk()',
    );
    ann.append('kept');
    await eventually(() => expect(ann.server?.problem).toContain('No space left'));
    expect(ann.isSaved).toBe(false);
    await postgres!.query('DROP TRIGGER full_disk ON document_changes');
    await eventually(() => expect([ann.isSaved, ann.server?.problem]).toEqual([true, null]));
    const [row] = await postgres!.query(
      "SELECT count(*) AS rows FROM document_changes WHERE document = 'full'",
    );
    expect(Number(row['rows'])).toBe(1);
  });
});

test('after five hundred updates a checkpoint replaces the rows, and who opens the document later gets all of it', async () => {
  const ann = await editors.open(cluster.nodes[0].url, 'long', 'ann');
  const carol = await editors.open(cluster.nodes[1].url, 'long', 'carol');
  for (let i = 0; i < 520; i += 1) {
    const arrived = new Promise<void>((resolve) => carol.doc.once('update', () => resolve()));
    ann.append(`${i}\n`);
    // oxlint-disable-next-line no-await-in-loop -- what is sent together counts as one
    await arrived;
  }
  await eventually(() => ann.isSaved);
  const counts = async () => {
    if (postgres === undefined) return [1, true];
    const [row] = await postgres.query(
      "SELECT (SELECT count(*) FROM document_checkpoints WHERE document = 'long') AS checkpoints, (SELECT count(*) FROM document_changes WHERE document = 'long') AS rows",
    );
    return [Number(row['checkpoints']), Number(row['rows']) < 10];
  };
  await eventually(async () => expect(await counts()).toEqual([1, true]));
  const bob = await editors.open(cluster.nodes[1].url, 'long', 'bob');
  expect(bob.content).toBe(ann.content);
});
