/**
 * `npm run measure:collaboration`: how long an edit takes from one client to another, on one node and across nodes, and how much memory an open document
 * takes. Three nodes with a process each, a nats-server, PostgreSQL, and the clients, all on this machine. About a minute; `-- --documents 200`.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CollaborationCluster } from './collaboration-cluster';
import { databaseOf, startPostgres } from './database';
import { type Editor, Editors } from './editor';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '200' }, edits: { type: 'string', default: '500' } },
});
const [documents, edits] = [Number(values.documents), Number(values.edits)];

/** The milliseconds of each edit from one client to the other. */
async function latencies(from: Editor, to: Editor): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < edits; i += 1) {
    const arrived = new Promise<void>((resolve) => to.doc.once('update', () => resolve()));
    const startedAt = performance.now();
    from.append('x');
    // oxlint-disable-next-line no-await-in-loop -- one edit after the other
    await arrived;
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b);
}

function summary(what: string, times: readonly number[]): string {
  const at = (share: number): string =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  return `${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${times.length} edits)`;
}

/** The resident memory of all nodes, in KB (Linux). */
function residentKb(cluster: CollaborationCluster): number {
  return cluster.nodes
    .map(({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]))
    .reduce((sum, kb) => sum + kb, 0);
}

async function main(): Promise<void> {
  const postgres = await startPostgres();
  const cluster = await CollaborationCluster.start({ nodes: 3, env: databaseOf(postgres) });
  const editors = new Editors();
  try {
    const urls = cluster.nodes.map(({ url }) => url);
    for (const [what, second] of [
      ['on one node', 0],
      ['across nodes', 1],
    ] as const) {
      const pair = [0, second].map((node, i) => editors.open(urls[node], what, `editor ${i}`));
      // oxlint-disable-next-line no-await-in-loop -- one measurement after the other
      const [ann, bob] = await Promise.all(pair);
      // oxlint-disable-next-line no-await-in-loop -- the first edits warm up
      await latencies(ann, bob);
      // oxlint-disable-next-line no-await-in-loop -- one measurement after the other
      console.log(summary(what, await latencies(ann, bob)));
    }
    const before = residentKb(cluster);
    for (let i = 0; i < documents; i += 1) {
      const two = [0, 1].map((n) =>
        editors.open(urls[(i + n) % urls.length], `document ${i}`, `editor ${n}`),
      );
      // oxlint-disable-next-line no-await-in-loop -- a crowd of clients would measure their own starts
      const [ann] = await Promise.all(two);
      ann.append('Some text of a document. '.repeat(40));
    }
    const after = residentKb(cluster);
    console.log(
      `${documents} documents of 1 KB with two sessions each: ${((after - before) / documents).toFixed(0)} KB for each, on three nodes together`,
    );
    const crowd = editors.all.slice(-2);
    console.log(summary('across nodes, with all of them open', await latencies(crowd[0], crowd[1])));
  } finally {
    editors.close();
    await cluster[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  }
}

void main();
