/**
 * `npm run measure:floods -- [--only TEXT] [--seconds N]`: what a node goes through, and those that call it, while another one with the
 * permissions of the security page asks it for much. Three nodes and the hostile one in processes of their own, with 256 MB of heap each, and a real
 * nats-server that enforces the permissions. Status 1: a turn of an event loop takes longer than the 50 ms that docs/guide/security.md promises.
 * Storms of small frames come last, and for comparison one onto each client of NATS without a node, which is no part of the status.
 */
import { parseArgs } from 'node:util';
import type { NatsConnection } from 'nats';
import { permissionsOf } from 'nestjs-pg-registry';
import type { Sender } from '../../../libs/pg-registry/src/wire/frame';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import { type Flood, FLOODS, type Suffered } from './floods';
import {
  connectStorm,
  ofInventedSenders,
  ofNoFrames,
  ofOneSender,
  ofProbes,
  senderOf,
  storm,
} from './storms';

const HONEST = ['a', 'b', 'c'] as const;
const HOSTILE = 'm';
const MOST_MS = 50;
const WARM_UP_MS = 5000;
/** Longer than the time limit of a call, so that what fails is counted where it belongs. */
const SETTLING_MS = 16_000;
const NODE_ENV = { NODE_OPTIONS: '--max-old-space-size=256' };
const CLIENTS = ['nats', '@nats-io/transport-node'] as const;
const BARE_SUBJECT = 'bare';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seconds: { type: 'string', default: '15' } },
});

/** A storm fills the memory of the server with what a slow reader has still to take. */
const STORM_MS = Number(values.seconds) * 500;

async function start(name: string, url: string): Promise<NodeProcess> {
  const started = await NodeProcess.start('e2e/floods/flooded.fixture.ts', { env: NODE_ENV });
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
  for (const { node, longestTurnMs, slowestCallMs, failed, failure, congestions, megabytes } of suffered)
    console.log(
      `${when.padEnd(36)} ${node}: longest turn ${longestTurnMs.toFixed(0).padStart(4)} ms, slowest call ${slowestCallMs.toFixed(0).padStart(5)} ms, ` +
        `${failed} failed${failure === '' ? '' : ` (${failure})`}, ${congestions} congestions, ${megabytes.toFixed(0)} MB`,
    );
}

/** Starts a server that enforces the permissions, and the nodes. The user of storms has none to keep to. */
async function startServer(): Promise<NatsServer> {
  const users = [...HONEST, HOSTILE].map((user) => ({
    user,
    password: user,
    permissions: permissionsOf('pg', user),
  }));
  const storming = { user: 'storm', password: 'storm' };
  return NatsServer.start({
    config: `authorization { users: ${JSON.stringify([...users, storming])} }`,
  });
}

/** @returns The longest turn while the flood went on, in ms */
async function measure(flood: Flood): Promise<number> {
  await using server = await startServer();
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

/** Storms onto a node, and after it onto each client alone. @returns The longest turn of a node, in ms */
async function measureStorms(): Promise<number> {
  await using server = await startServer();
  // The server reads what each of them sends in a thread of its own.
  const connections = [await connectStorm(server.url), await connectStorm(server.url)];
  try {
    const { sender, longestTurnMs } = await stormNodes(server, connections);
    for (const client of CLIENTS) await stormClient(client, server, connections, sender);
    return longestTurnMs;
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
  }
}

/** @returns The hostile node's identity, of which the frames are, and the longest turn of the others */
async function stormNodes(
  server: NatsServer,
  connections: readonly NatsConnection[],
): Promise<{ sender: Sender; longestTurnMs: number }> {
  let longest = 0;
  const found = senderOf(connections[0], HOSTILE);
  const nodes = await Promise.all([...HONEST, HOSTILE].map((name) => start(name, server.url)));
  const honest = nodes.slice(0, HONEST.length);
  try {
    await Promise.all(
      honest.map((node, at) => node.ask('live', HONEST.filter((name) => name !== HONEST[at]))), // prettier-ignore
    );
    await pause(WARM_UP_MS);
    const sender = await found;
    for (const [title, messages] of [
      ['small frames of one node', ofOneSender(sender)],
      ['small frames of invented nodes', ofInventedSenders()],
      ['probes for another node', ofProbes(sender)],
      ['what is no frame', ofNoFrames(sender)],
    ] as const) {
      await sufferedBy(honest);
      const rate = await storm(connections, messages, STORM_MS);
      await pause(SETTLING_MS);
      const suffered = await sufferedBy(honest);
      print(`${title}, ${(rate / 1000).toFixed(0)},000/s`, suffered);
      longest = Math.max(longest, ...suffered.map(({ longestTurnMs }) => longestTurnMs));
    }
    return { sender, longestTurnMs: longest };
  } finally {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}

async function stormClient(
  client: string,
  server: NatsServer,
  connections: readonly NatsConnection[],
  sender: Sender,
): Promise<void> {
  await using alone = await NodeProcess.start('e2e/floods/bare.fixture.ts', { env: NODE_ENV });
  await alone.ask('start', client, server.url, BARE_SUBJECT);
  await pause(WARM_UP_MS / 2);
  await alone.ask('suffered');
  const rate = await storm(connections, ofOneSender(sender, BARE_SUBJECT), STORM_MS);
  await pause(WARM_UP_MS / 2);
  const longestTurnMs = (await alone.ask('suffered')) as number;
  const title = `${client} alone, ${(rate / 1000).toFixed(0)},000/s`;
  console.log(`${title.padEnd(39)} longest turn ${longestTurnMs.toFixed(0).padStart(4)} ms`);
}

async function main(): Promise<void> {
  let longest = 0;
  for (const flood of FLOODS)
    if (flood.title.includes(values.only)) longest = Math.max(longest, await measure(flood));
  if ('storms'.includes(values.only)) longest = Math.max(longest, await measureStorms());
  process.exit(longest > MOST_MS ? 1 : 0);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(2);
});
