/**
 * `npm run measure:names`: how long each way of losing a cluster name takes until the next node holds it, in 50 runs each (`--runs N`), or only the
 * ways that begin with a text (`--way release`). Three
 * nodes in processes of their own, one nats-server, the shortest allowed time of a session. A holder that releases has run for a while; all others start
 * for each run. Before each run the same processes exchange the messages
 * of a release by plain calls of the client, for comparison. It ends with status 1 if two nodes ever believed at one time.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { FailoverCluster, FAILOVERS, TTL_MS } from './failover';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '50' }, way: { type: 'string', default: '' } },
});
const RUNS = Number(values.runs);
const WAYS = FAILOVERS.filter((kind) => kind.startsWith(values.way));

async function measure(): Promise<boolean> {
  await using failovers = await FailoverCluster.start();
  let isSafe = true;
  console.log(`ttlMs ${TTL_MS}, ${RUNS} runs each`);
  console.log('| cause | p50 | p99 | longest | two believers |');
  console.log('| --- | --- | --- | --- | --- |');
  const bare: number[] = [];
  for (const kind of WAYS) {
    const times: number[] = [];
    let doubles = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const { ms, overlapMs, tokenRise, bareMs } = await failovers.run(kind);
      times.push(ms);
      bare.push(bareMs);
      if (overlapMs >= 0 || tokenRise <= 0) doubles += 1;
    }
    if (doubles > 0) isSafe = false;
    console.log(`| ${kind} | ${row(times)} | ${doubles} of ${RUNS} |`);
  }
  console.log(`| the messages of a release without the library, ${bare.length} times | ${row(bare)} | |`);
  return isSafe;
}

function row(times: number[]): string {
  times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => times[Math.ceil(share * times.length) - 1]);
  return [p50, p99, times.at(-1)].map(shown).join(' | ');
}

function shown(ms: number | undefined): string {
  return `${(ms ?? NaN).toFixed(1)} ms`;
}

measure().then(
  (isSafe) => process.exit(isSafe ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
