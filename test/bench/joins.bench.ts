import type { INestApplicationContext } from '@nestjs/common';
import { ProcessService, via } from 'nestjs-pg-registry';
import { NatsServer } from '../support/nats-server';
import { NodeProcess } from '../support/node-process';
import { type Bench, verify } from './support/bench';
import { startApplication } from './support/echo';

const FIXTURE = 'bench/support/newcomers.fixture.ts';
const NODES = 50;
const ENTRIES_OF_EACH = 200;
/** As many as there are processors: more would only share them. */
const PROCESSES = 2;
const CALLS_PER_SECOND = 1000;

/** What nodes that come cost: many at once, one among others, and one that reads a million entries of a node that answers calls. */
export async function joins(bench: Bench): Promise<void> {
  const server = await NatsServer.start();
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => NodeProcess.start(FIXTURE)));
  try {
    await atOnce(bench, server, processes);
    await newcomer(bench, server, processes);
    await besideCalls(bench, server, processes);
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}

/** All nodes connect at the same moment, and each needs the entries of all others. */
async function atOnce(bench: Bench, { url }: NatsServer, processes: readonly NodeProcess[]): Promise<void> {
  const each = bench.size(NODES, 4) / processes.length;
  const entries = each * processes.length * ENTRIES_OF_EACH;
  const seconds: number[] = [];
  for (let round = bench.quick ? 0 : -1; round < bench.rounds(5, 1); round += 1) {
    await Promise.all(
      processes.map((process, index) => process.ask('prepare', url, index * each, each, ENTRIES_OF_EACH)),
    );
    const took = await Promise.all(processes.map((process) => process.ask('joinAll', entries)));
    await Promise.all(processes.map((process) => process.ask('leaveAll')));
    // The code of the first round is not compiled yet.
    if (round >= 0) seconds.push(Math.max(...(took as number[])) / 1000);
  }
  bench.report({
    name: '50 nodes that join at once: until each has the entries of all',
    unit: 's',
    values: seconds,
    limits: [{ of: 'value', atMost: 1 }],
  });
}

/** Of two nodes the one that came first and the newcomer hear of each other. */
async function newcomer(
  bench: Bench,
  { url }: NatsServer,
  [one, other]: readonly NodeProcess[],
): Promise<void> {
  const values: number[] = [];
  for (let round = 0; round < bench.rounds(15, 1); round += 1) {
    await one.ask('prepare', url, 0, 1, ENTRIES_OF_EACH);
    await one.ask('joinAll', ENTRIES_OF_EACH);
    await other.ask('prepare', url, 1, 1, ENTRIES_OF_EACH);
    const meetings = [one, other].map((process) => process.ask('meet'));
    await other.ask('joinAll', 2 * ENTRIES_OF_EACH);
    const met = await Promise.all(meetings);
    values.push(Math.max(...(met as number[])));
    await Promise.all([one, other].map((process) => process.ask('leaveAll')));
  }
  bench.report({
    name: 'a newcomer: from peer-up to the first entry, the slower side',
    unit: 'ms',
    values,
    limits: [{ of: 'value', atMost: 20 }],
  });
}

async function besideCalls(
  bench: Bench,
  { url }: NatsServer,
  [holder, late]: readonly NodeProcess[],
): Promise<void> {
  const entries = bench.size(1_000_000, 2000);
  await holder.ask('hold', url, entries);
  const application = await startApplication('caller', url, false);
  const seconds: number[] = [];
  const p99s: number[] = [];
  const stalls: number[] = [];
  // The code of both ends is compiled by then.
  await CallsAtARate.during(application, () => pause(bench.size(2000, 20)));
  for (let round = 0; round < bench.rounds(5, 1); round += 1) {
    for (const process of [holder, late]) await process.ask('watch');
    const { result, latencies } = await CallsAtARate.during(application, () => late.ask('sync', url));
    const { ms, entries: arrived } = result as { ms: number; entries: number };
    const stood = (await Promise.all([holder, late].map((process) => process.ask('watched')))) as number[];
    verify(arrived === entries, `${entries} entries have arrived, not ${arrived}`);
    verify(latencies.length > 0, 'calls were answered');
    seconds.push(ms / 1000);
    p99s.push(latencies[Math.floor(latencies.length * 0.99)]);
    stalls.push(Math.max(...stood));
    await late.ask('leaveAll');
  }
  await application.close();
  const beside = 'while its holder answers 1,000 calls/s';
  bench.report({ name: `a late node syncs 1 M entries ${beside}`, unit: 's', values: seconds });
  bench.report({
    name: `p99 of the calls meanwhile`,
    unit: 'ms',
    values: p99s,
    limits: [{ of: 'value', atMost: 5 }],
  });
  bench.report({
    name: 'longest stall of holder and late node meanwhile',
    unit: 'ms',
    values: stalls,
    limits: [{ of: 'value', atMost: 25 }],
  });
}

/** Calls that begin at a steady rate, whether or not those before have been answered. */
class CallsAtARate {
  readonly #processes: ProcessService;
  readonly #latencies: number[] = [];
  readonly #inFlight = new Set<Promise<void>>();

  private constructor(application: INestApplicationContext) {
    this.#processes = application.get(ProcessService);
  }

  /** Calls as long as `run` takes. @returns What it resolved with, and how long each call took, in ms, sorted */
  static async during<T>(
    application: INestApplicationContext,
    run: () => Promise<T>,
  ): Promise<{ result: T; latencies: readonly number[] }> {
    const calls = new CallsAtARate(application);
    const from = performance.now();
    let begun = 0;
    const timer = setInterval(() => {
      const due = ((performance.now() - from) / 1000) * CALLS_PER_SECOND;
      for (; begun < due; begun += 1) calls.#begin(begun);
    }, 1);
    const result = await run();
    clearInterval(timer);
    await Promise.all(calls.#inFlight);
    return { result, latencies: calls.#latencies.toSorted((a, b) => a - b) };
  }

  #begin(question: number): void {
    const call = this.#time(question).finally(() => this.#inFlight.delete(call));
    this.#inFlight.add(call);
  }

  async #time(question: number): Promise<void> {
    const from = performance.now();
    const answer = await this.#processes.call<{ question: number }>(via('echoes', 'echo'), 'echo', {
      question,
    });
    this.#latencies.push(performance.now() - from);
    verify(answer.question === question, 'every call has its own answer');
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
