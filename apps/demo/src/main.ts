/** The demo: a small cluster counts words. This program is the coordinator or, with {@link WORKER_FLAG}, a worker. */
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PgRegistryError, PgRegistryNode } from 'nestjs-pg-registry';
import {
  type Cluster,
  connectionTo,
  startLocalCluster,
  startNatsCluster,
  startNode,
  WORKER_FLAG,
} from './cluster';
import { Coordinator, type MembershipChange } from './coordinator';
import { DemoError } from './demo-error';
import { Display, type Result } from './display';
import { WorkerModule } from './modules';
import { type DemoOptions, HELP, readOptions } from './options';
import { findTextFiles, segmentsOf } from './segments';
import { countWords, topOf, totalOf, type WordCounts } from './words';

const WORKERS_START_TIMEOUT_MS = 20_000;
const LEAVE_TIMEOUT_MS = 20_000;
const TOP = 20;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), resolve(__dirname, '../../../docs'));
  if (options === 'help') return console.log(HELP);
  const display = new Display(process.stdout, { silent: options.json, noColor: process.env['NO_COLOR'] });
  const where = options.nats === undefined ? 'in this process' : 'as processes of their own, over NATS';
  display.line(`Starting ${options.workers} workers ${where} …`);
  const files = await findTextFiles(options.directory);
  const cluster = await (options.nats === undefined ? startLocalCluster : startNatsCluster)(options);
  try {
    const { result, equal } = await run(options, files, cluster, display);
    if (options.json) console.log(JSON.stringify(result));
    else display.table(result, equal);
    process.exitCode = equal ? 0 : 1;
  } finally {
    await cluster.stop();
  }
}

async function run(options: DemoOptions, files: readonly string[], cluster: Cluster, display: Display) {
  const coordinator = cluster.coordinator.get(Coordinator);
  const events: MembershipChange[] = [];
  const following = coordinator.follow((change) => {
    events.push(change);
    display.membership(change);
  });
  await coordinator
    .workersAre((workers) => workers.length === options.workers, WORKERS_START_TIMEOUT_MS)
    .catch(() => {
      const seconds = WORKERS_START_TIMEOUT_MS / 1000;
      throw new DemoError(`Not all of the ${options.workers} workers started within ${seconds} s.`);
    });
  const nodes = nodesOf(cluster);
  const segments = (await Promise.all(files.map(segmentsOf))).flat();
  display.line(`${files.length} text files in ${segments.length} pieces, ${options.workers} workers`);

  let victim: string | undefined;
  const counts = await coordinator.count(segments, (done) => {
    display.progress(done, segments.length);
    if (!options.kill || victim !== undefined || done * 2 < segments.length) return;
    victim = cluster.killOne();
    display.line(`kill -9 ${victim}`);
  });
  if (victim !== undefined) await leaveOf(victim, coordinator);
  following.unsubscribe();

  const expected = await countAlone(files);
  const result: Result = {
    files: files.length,
    words: totalOf(counts),
    distinct: counts.size,
    top: topOf(counts, TOP),
    expectedWords: totalOf(expected),
    nodes,
    events,
  };
  return { result, equal: sameCounts(counts, expected) };
}

/** Waits until the registry has removed the killed node. With little work, the count may be over before. */
async function leaveOf(victim: string, coordinator: Coordinator): Promise<void> {
  await coordinator
    .workersAre((workers) => !workers.includes(victim), LEAVE_TIMEOUT_MS)
    .catch(() => {
      throw new DemoError(
        `${victim} was killed, but ${LEAVE_TIMEOUT_MS / 1000} s later the registry still lists it.`,
      );
    });
}

function nodesOf(cluster: Cluster): string[] {
  const node = cluster.coordinator.get(PgRegistryNode);
  return [node.name, ...node.peers().map((peer) => peer.node)].toSorted();
}

/** Counts the same files without a cluster, for comparison. */
async function countAlone(files: readonly string[]): Promise<WordCounts> {
  const counts: WordCounts = new Map();
  for (const path of files) countWords(await readFile(path, 'utf8'), counts);
  return counts;
}

function sameCounts(a: WordCounts, b: WordCounts): boolean {
  return a.size === b.size && [...a].every(([word, count]) => b.get(word) === count);
}

async function workerProcess([name, url]: string[]): Promise<void> {
  const application = await startNode(WorkerModule.on(name, connectionTo(url)));
  // The parent is gone.
  process.once('disconnect', () => void application.close());
}

function fail(error: unknown): void {
  const expected = error instanceof DemoError || error instanceof PgRegistryError;
  console.error(expected ? error.message : error);
  process.exitCode = 2;
}

if (process.argv[2] === WORKER_FLAG) workerProcess(process.argv.slice(3)).catch(fail);
else main().catch(fail);
