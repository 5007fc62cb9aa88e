/**
 * `npm run measure:collaboration`: how long an edit takes from one client to another, on one node and across nodes, also with many documents open, and
 * how much memory an open document takes. Three nodes (or `--nodes`) with a process each, a nats-server, PostgreSQL, and the clients, all on this machine. The
 * clients of the many documents have a process of their own. A few minutes; `-- --documents 1000 --edits 500 --nodes 3`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { CollaborationCluster } from './collaboration-cluster';
import { type Crowd, type CrowdNews, timeOfEdit } from './crowd';
import { databaseOf, startPostgres } from './database';
import { type Editor, Editors } from './editor';
import { residentKb } from './memory';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000' },
    edits: { type: 'string', default: '500' },
    nodes: { type: 'string', default: '3' },
  },
});
const [documents, edits, nodes] = [values.documents, values.edits, values.nodes].map(Number);

/** The milliseconds of each edit from one client to the other. */
async function latencies(from: Editor, to: Editor): Promise<number[]> {
  const times: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one edit after the other
  for (let i = 0; i < edits; i += 1) times.push(await timeOfEdit(from, to));
  return times;
}

function summary(what: string, times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  return `${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${times.length} edits)`;
}

/** Starts the clients of the many documents. */
function startCrowd(crowd: Crowd): ChildProcess {
  const register = require.resolve('../../support/register.cjs');
  return fork(require.resolve('./crowd.ts'), [JSON.stringify(crowd)], { execArgv: ['-r', register] });
}

async function next(crowd: ChildProcess): Promise<CrowdNews> {
  const [news] = (await once(crowd, 'message')) as [CrowdNews];
  return news;
}

/** Opens the many documents, and measures with them. */
async function measureWith(
  crowd: ChildProcess,
  cluster: CollaborationCluster,
  [ann, bob]: readonly [Editor, Editor],
): Promise<void> {
  const pids = cluster.nodes.map(({ pid }) => pid);
  const before = residentKb(...pids).now;
  const open = await next(crowd);
  if (open.type !== 'open') throw new Error('The crowd has edited before its documents were open.');
  const each = (residentKb(...pids).now - before) / documents;
  console.log(
    `${documents} documents of 1 KB with two sessions each, opened in ${(open.ms / 1000).toFixed(1)} s: ${each.toFixed(0)} KB for each, on ${nodes} nodes together`,
  );
  console.log(summary('with all of them open', await latencies(ann, bob)));
  crowd.send('edit');
  const edited = await next(crowd);
  if (edited.type === 'edited') console.log(summary('an edit in each of them', edited.times));
  const { now } = residentKb(...pids);
  console.log(
    `resident memory of the nodes: ${(before / 1024).toFixed(0)} MB before, ${(now / 1024).toFixed(0)} MB at the end`,
  );
}

async function main(): Promise<void> {
  const postgres = await startPostgres();
  const cluster = await CollaborationCluster.start({ nodes, env: databaseOf(postgres) });
  const editors = new Editors();
  let crowd: ChildProcess | undefined;
  try {
    const urls = cluster.nodes.map(({ url }) => url);
    let pair: [Editor, Editor] | undefined;
    for (const [what, second] of [
      ['on one node', 0],
      ['across nodes', 1],
    ] as const) {
      if (second >= nodes) continue;
      // oxlint-disable-next-line no-await-in-loop -- one measurement after the other
      const ann = await editors.open(urls[0], what, 'editor 0');
      // oxlint-disable-next-line no-await-in-loop -- one measurement after the other
      const bob = await editors.open(urls[second], what, 'editor 1');
      // oxlint-disable-next-line no-await-in-loop -- the first edits warm up
      await latencies(ann, bob);
      // oxlint-disable-next-line no-await-in-loop -- one measurement after the other
      console.log(summary(what, await latencies(ann, bob)));
      pair = [ann, bob];
    }
    crowd = startCrowd({ urls, documents });
    await measureWith(crowd, cluster, pair!);
  } finally {
    crowd?.disconnect();
    editors.close();
    await cluster[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  }
}

void main();
