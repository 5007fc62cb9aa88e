/**
 * `npm run measure:floods -- [--only TEXT] [--seconds N]`: what a node goes through, and those that call it, while another one with the
 * permissions of the security page asks it for much. Three nodes and the hostile one in processes of their own, with 256 MB of heap each, and a real
 * nats-server that enforces the permissions. Status 1: a turn of an event loop takes longer than the 50 ms that docs/guide/security.md promises.
 */
import { parseArgs } from 'node:util';
import { permissionsOf } from 'nestjs-pg-registry';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import { type Flood, FLOODS, type Suffered } from './floods';

const HONEST = ['a', 'b', 'c'] as const;
const HOSTILE = 'm';
const MOST_MS = 50;
const WARM_UP_MS = 5000;

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seconds: { type: 'string', default: '15' } },
});

async function start(name: string, url: string): Promise<NodeProcess> {
  const env = { NODE_OPTIONS: '--max-old-space-size=256' };
  const started = await NodeProcess.start('e2e/floods/flooded.fixture.ts', { env });
  await started.ask('start', name, url);
  return started;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks all honest nodes what they went through. */
function sufferedBy(nodes: readonly NodeProcess[]): Promise<Suffered[]> {
  return Promise.all(nodes.map((node) => node.ask('suffered') as Promise<Suffered>));
}

function print(when: string, suffered: readonly Suffered[]): void {
  for (const { node, longestTurnMs, slowestCallMs, failed, congestions, megabytes } of suffered)
    console.log(
      `${when.padEnd(36)} ${node}: longest turn ${longestTurnMs.toFixed(0).padStart(4)} ms, slowest call ${slowestCallMs.toFixed(0).padStart(5)} ms, ` +
        `${failed} failed, ${congestions} congestions, ${megabytes.toFixed(0)} MB`,
    );
}

/** @returns The longest turn while the flood went on, in ms */
async function measure(flood: Flood): Promise<number> {
  const users = [...HONEST, HOSTILE].map((user) => ({
    user,
    password: user,
    permissions: permissionsOf('pg', user),
  }));
  await using server = await NatsServer.start({
    config: `authorization { users: ${JSON.stringify(users)} }`,
  });
  const nodes = await Promise.all([...HONEST, HOSTILE].map((name) => start(name, server.url)));
  const [honest, hostile] = [nodes.slice(0, HONEST.length), nodes[HONEST.length]];
  try {
    await Promise.all(
      honest.map((node, at) => node.ask('live', HONEST.filter((name) => name !== HONEST[at]))), // prettier-ignore
    );
    await pause(WARM_UP_MS);
    await sufferedBy(honest);
    await pause(WARM_UP_MS);
    print('before', await sufferedBy(honest));
    await hostile.ask('flood', flood);
    await pause(Number(values.seconds) * 1000);
    const during = await sufferedBy(honest);
    print(flood.title, during);
    return Math.max(...during.map(({ longestTurnMs }) => longestTurnMs));
  } finally {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}

async function main(): Promise<void> {
  let longest = 0;
  for (const flood of FLOODS)
    if (flood.title.includes(values.only)) longest = Math.max(longest, await measure(flood));
  process.exit(longest > MOST_MS ? 1 : 0);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(2);
});
