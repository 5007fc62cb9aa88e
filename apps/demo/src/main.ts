import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PgRegistryNode } from 'nestjs-pg-registry';
import {
  type Cluster,
  connectionTo,
  startLocalCluster,
  startNatsCluster,
  startNode,
  WORKER_FLAG,
} from './cluster';
import { Coordinator } from './coordinator';
import { Display, type Result } from './display';
import { WorkerModule } from './modules';
import { type DemoOptions, readOptions, UsageError } from './options';
import { findTextFiles, segmentsOf } from './segments';
import { countWords, topOf, totalOf, type WordCounts } from './words';

const WORKERS_START_TIMEOUT_MS = 20_000;
const TOP = 20;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), resolve(__dirname, '../../../docs'));
  const files = await findTextFiles(options.directory);
  const display = new Display(process.stdout, options.json);
  const cluster = await (options.nats === undefined ? startLocalCluster : startNatsCluster)(options);
  try {
    const { result, sameWords } = await run(options, files, cluster, display);
    if (options.json) console.log(JSON.stringify(result));
    else display.table(result);
    process.exitCode = sameWords ? 0 : 1;
  } finally {
    await cluster.stop();
  }
}

async function run(options: DemoOptions, files: readonly string[], cluster: Cluster, display: Display) {
  const coordinator = cluster.coordinator.get(Coordinator);
  await coordinator.workersReady(options.workers, WORKERS_START_TIMEOUT_MS, () => {
    return new UsageError(
      `Not all of the ${options.workers} workers started within ${WORKERS_START_TIMEOUT_MS / 1000} s.`,
    );
  });
  const nodes = nodesOf(cluster);
  const segments = (await Promise.all(files.map(segmentsOf))).flat();
  display.line(`${files.length} text files in ${segments.length} pieces, ${options.workers} workers`);

  let killed = !options.kill;
  const counts = await coordinator.count(segments, {
    membership: (...change) => display.membership(...change),
    progress: (done, total) => {
      display.progress(done, total);
      if (killed || done * 2 < total) return;
      killed = true;
      display.line(`kill -9 ${cluster.killOne()}`);
    },
  });

  const expected = await countAlone(files);
  const result: Result = {
    files: files.length,
    words: totalOf(counts),
    distinct: counts.size,
    top: topOf(counts, TOP),
    expectedWords: totalOf(expected),
    nodes,
    events: display.events,
  };
  return { result, sameWords: same(counts, expected) };
}

function nodesOf(cluster: Cluster): string[] {
  const node = cluster.coordinator.get(PgRegistryNode);
  return [node.name, ...node.peers().map((peer) => peer.node)].toSorted();
}

/** The same count without any cluster, to compare with. */
async function countAlone(files: readonly string[]): Promise<WordCounts> {
  const counts: WordCounts = new Map();
  for (const path of files) countWords(await readFile(path, 'utf8'), counts);
  return counts;
}

function same(a: WordCounts, b: WordCounts): boolean {
  return a.size === b.size && [...a].every(([word, count]) => b.get(word) === count);
}

async function workerProcess([name, url]: string[]): Promise<void> {
  const application = await startNode(WorkerModule.on(name, connectionTo(url)));
  // A worker whose parent is gone has nothing left to do.
  process.once('disconnect', () => void application.close());
}

function fail(error: unknown): void {
  const known = error instanceof UsageError;
  console.error(known ? error.message : error);
  process.exitCode = 2;
}

if (process.argv[2] === WORKER_FLAG) workerProcess(process.argv.slice(3)).catch(fail);
else main().catch(fail);
