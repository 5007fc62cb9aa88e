import { eventually } from '../support/eventually';
import { NatsServer } from '../support/nats-server';
import { NodeProcess } from '../support/node-process';
import { type Bench, verify } from './support/bench';
import type { Asked } from './support/contender';
import { monotonicMs } from './support/monotonic';
import type { Limit } from './support/result';

const RIVAL = 'bench/support/moleculer-contender.fixture.ts';
const FIXTURES = {
  here: { file: 'bench/support/pg-contender.fixture.ts', env: {} },
  moleculer: { file: RIVAL, env: { MOLECULER: 'moleculer' } },
  // Asks for Node.js 22, and does its work on 20 as well.
  'moleculer 0.15': { file: RIVAL, env: { MOLECULER: 'moleculer-0.15' } },
  // No framework: the least that a question through this client and this broker takes.
  'bare client': { file: 'bench/support/bare-contender.fixture.ts', env: {} },
} as const;
type Library = keyof typeof FIXTURES;
const LIBRARIES: readonly Library[] = ['here', 'moleculer', 'moleculer 0.15', 'bare client'];
/** What is called: the bare handler, or the one behind guard, pipe and interceptor, and Moleculer's hooks and validator. */
type HandlerName = 'echo' | 'guarded';

/**
 * Moleculer counts heartbeats in whole seconds, and each of its nodes beats at its interval ± 500 ms: with a timeout below two
 * seconds it would call living nodes dead.
 */
const SHARPEST = { HEARTBEAT_S: '1', TIMEOUT_S: '2' };
const UNTIL_KNOWN = { timeoutMs: 20_000 };

/**
 * Side by side with Moleculer, the framework of Node.js that does most of the same: on one nats-server, every node in a process
 * of its own, with the same client `nats`. Defaults on both sides; what differs from them stands in the name of the figure.
 */
export async function moleculer(bench: Bench): Promise<void> {
  const server = await NatsServer.start();
  try {
    const [here, theirs] = await Promise.all([Side.start(server, 'here'), Side.start(server, 'moleculer')]);
    await visibility(bench, here, theirs);
    await here.stop();
    await theirs.stop();
    await crashes(bench, server);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** Calls from one process to another, side by side with both versions of Moleculer that are in use, and with a bare client. */
export async function moleculerCalls(bench: Bench): Promise<void> {
  // Their nodes would take each other for peers.
  const servers = await Promise.all(LIBRARIES.map(() => NatsServer.start()));
  try {
    // A brief run has one other library, by which its figures are called.
    const libraries = bench.brief ? LIBRARIES.slice(0, 2) : LIBRARIES;
    const sides = await Promise.all(libraries.map((library, index) => Side.start(servers[index], library)));
    for (const inFlight of [1000, 64, 1]) await remoteCalls(bench, sides, inFlight, 'echo');
    const guarded = sides.slice(0, LIBRARIES.indexOf('bare client'));
    for (const inFlight of [1000, 64]) await remoteCalls(bench, guarded, inFlight, 'guarded');
    for (const side of sides) await side.stop();
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}

interface Goals {
  readonly rate: readonly Limit[];
  readonly p50: readonly Limit[];
  readonly processor: readonly Limit[];
}

const HALF_THE_PROCESSOR: readonly Limit[] = [{ of: 'ratio', atMost: 0.5 }];
/** What calls are held to, by the number in flight: clearly better than the framework that a user would take instead. */
const GOALS: Readonly<Record<number, Goals>> = {
  1000: { rate: [{ of: 'ratio', atLeast: 4 }], p50: [], processor: HALF_THE_PROCESSOR },
  64: { rate: [{ of: 'ratio', atLeast: 2 }], p50: [], processor: HALF_THE_PROCESSOR },
  1: { rate: [], p50: [{ of: 'ratio', atMost: 0.9 }], processor: HALF_THE_PROCESSOR },
};
const GUARDED_GOALS: Goals = { rate: [{ of: 'ratio', atLeast: 1.2 }], p50: [], processor: [] };
/** A bare client is no alternative: it shows how much is left to win. */
const NO_GOALS: Goals = { rate: [], p50: [], processor: [] };

function goalsOf(inFlight: number, handler: HandlerName): Goals {
  return handler === 'echo' ? GOALS[inFlight] : GUARDED_GOALS;
}

/** Two nodes of one library: one that asks and watches, and one that answers and registers. */
class Side {
  private constructor(
    readonly asker: NodeProcess,
    readonly answerer: NodeProcess,
  ) {}

  static async start(server: NatsServer, library: Library): Promise<Side> {
    const [asker, answerer] = await Promise.all([
      startNode(server, library, 'asker', false),
      startNode(server, library, 'answerer', true),
    ]);
    await eventually(() => asker.ask('knowsEcho'), UNTIL_KNOWN);
    return new Side(asker, answerer);
  }

  /** @returns Ms from a registration at the one node to its event at the other */
  async registration(key: string): Promise<number> {
    const seen = this.asker.ask('seen', key) as Promise<number>;
    const from = (await this.answerer.ask('register', key)) as number;
    const took = (await seen) - from;
    await this.answerer.ask('unregister', key);
    return took;
  }

  async ask(
    times: number,
    inFlight: number,
    handler: HandlerName,
  ): Promise<Asked & { readonly processorUs: number }> {
    const before = await this.#processorUs();
    const asked = (await this.asker.ask('ask', times, inFlight, handler)) as Asked;
    const processorUs = (await this.#processorUs()) - before;
    verify(asked.right === times, `${asked.right} of ${times} calls were answered rightly`);
    return { ...asked, processorUs: processorUs / times };
  }

  /** Of both ends. */
  async #processorUs(): Promise<number> {
    const ends = await Promise.all([this.asker.ask('processorUs'), this.answerer.ask('processorUs')]);
    return (ends as number[]).reduce((sum, us) => sum + us, 0);
  }

  async stop(): Promise<void> {
    await this.asker[Symbol.asyncDispose]();
    await this.answerer[Symbol.asyncDispose]();
  }
}

async function visibility(bench: Bench, here: Side, theirs: Side): Promise<void> {
  const values: number[] = [];
  const baselines: number[] = [];
  for (let round = 0; round < bench.rounds(15, 1); round += 1) {
    values.push(await here.registration(`job-${round}`));
    baselines.push(await theirs.registration(`job-${round}`));
  }
  bench.report({
    name: 'registered → visible at another node, p50 (moleculer)',
    unit: 'ms',
    values,
    baselines,
  });
}

async function remoteCalls(
  bench: Bench,
  sides: readonly Side[],
  inFlight: number,
  handler: HandlerName,
): Promise<void> {
  const times = bench.size(inFlight === 1 ? 3000 : 20_000, 64);
  const found = sides.map((): Awaited<ReturnType<Side['ask']>>[] => []);
  const warmUp = bench.size(3, 0);
  for (let round = 0; round < warmUp + bench.rounds(9, 1); round += 1) {
    // Each time another one begins.
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (round + turn) % sides.length;
      const asked = await sides[index].ask(times, inFlight, handler);
      if (round >= warmUp) found[index].push(asked);
    }
  }
  const what = handler === 'echo' ? '' : ' behind guard, pipe and interceptor';
  const [ours] = found;
  for (const [index, theirs] of found.entries()) {
    const library = LIBRARIES[index];
    if (library === 'here') continue;
    const goals = library === 'bare client' ? NO_GOALS : goalsOf(inFlight, handler);
    bench.report({
      name: `remote calls${what}, ${inFlight} in flight (${library})`,
      unit: 'calls/s',
      values: ours.map(({ rate }) => rate),
      baselines: theirs.map(({ rate }) => rate),
      limits: goals.rate,
    });
    bench.report({
      name: `remote call${what}, ${inFlight} in flight, p50 (${library})`,
      unit: 'µs',
      values: ours.map(({ p50Us }) => p50Us),
      baselines: theirs.map(({ p50Us }) => p50Us),
      limits: goals.p50,
    });
    bench.report({
      name: `remote call${what}, ${inFlight} in flight, processor time of both ends (${library})`,
      unit: 'µs',
      values: ours.map(({ processorUs }) => processorUs),
      baselines: theirs.map(({ processorUs }) => processorUs),
      limits: goals.processor,
    });
  }
}

/** kill -9, until another node counts the dead one out: here its entries have left by then, there its services. */
async function crashes(bench: Bench, server: NatsServer): Promise<void> {
  const rounds = bench.rounds(5, 1);
  const values = await detections(server, 'here', rounds);
  const sharp = await detections(server, 'moleculer', rounds, SHARPEST);
  bench.report({
    name: 'kill -9 → counted out (moleculer, heartbeat 1 s, timeout 2 s)',
    unit: 's',
    values,
    baselines: sharp,
  });
  // Up to a minute each, by its defaults.
  if (bench.quick || bench.brief) return;
  bench.report({
    name: 'kill -9 → counted out (moleculer, its defaults)',
    unit: 's',
    values,
    baselines: await detections(server, 'moleculer', rounds),
  });
}

/** Starts nodes and kills one after another, without waiting. @returns How many seconds each death took to be noticed */
async function detections(
  server: NatsServer,
  library: Library,
  rounds: number,
  env: NodeJS.ProcessEnv = {},
): Promise<number[]> {
  const victims = Array.from({ length: rounds }, (_, round) => `victim-${round}`);
  const [watcher, ...processes] = await Promise.all(
    ['watcher', ...victims].map((name) => startNode(server, library, name, false, env)),
  );
  for (const name of victims) await eventually(() => watcher.ask('knows', name), UNTIL_KNOWN);
  const found: Promise<number>[] = [];
  for (const [round, name] of victims.entries()) {
    // Any phase of the watcher's clock.
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, 1700 + 300 * round));
    const from = monotonicMs();
    processes[round].kill('SIGKILL');
    found.push((watcher.ask('gone', name) as Promise<number>).then((at) => (at - from) / 1000));
  }
  const took = await Promise.all(found);
  await watcher[Symbol.asyncDispose]();
  return took;
}

async function startNode(
  server: NatsServer,
  library: Library,
  name: string,
  answers: boolean,
  env: NodeJS.ProcessEnv = {},
): Promise<NodeProcess> {
  const { file, env: own } = FIXTURES[library];
  const node = await NodeProcess.start(file, { env: { ...own, ...env } });
  await node.ask('start', server.url, name, answers);
  return node;
}
