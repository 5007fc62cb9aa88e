import { eventually } from '../support/eventually';
import { NodeProcess } from '../support/node-process';
import { Broker } from './broker';
import { type Load, nameOf, type Point } from './load';
import type { Memory, Usage } from './loaded-node.fixture';

const FIXTURE = 'sizing/loaded-node.fixture.ts';
/** So many start at once that neither machine nor broker is swamped. */
const AT_ONCE = 4;
/** After the last write its stream sends the number again, up to 1.6 s later; then it is quiet. */
const QUIET_MS = 2000;

/** A part of a measurement: what a running cluster does for a while. */
export type Phase = Pick<Load, 'writes' | 'calls'> & { readonly entries?: number };

/** Processes with one node each, all of which are measured, behind one server; or one of them with a crowd of peers in another process. */
export class RealCluster {
  #entries = 0;
  #isWarm = false;

  private constructor(
    readonly broker: Broker,
    /** Those that are measured. */
    readonly nodes: readonly NodeProcess[],
    readonly crowd: NodeProcess | undefined,
    readonly size: number,
    readonly bytes: number,
  ) {}

  /** Starts so many processes, and waits until each knows all others. */
  static async start(size: number, bytes: number): Promise<RealCluster> {
    const broker = await Broker.start();
    const nodes: NodeProcess[] = [];
    while (nodes.length < size) {
      const some = Array.from({ length: Math.min(AT_ONCE, size - nodes.length) }, async (_, i) => {
        const process = await NodeProcess.start(FIXTURE);
        await process.ask('start', broker.server.url, nameOf(nodes.length + i));
        return process;
      });
      nodes.push(...(await Promise.all(some)));
    }
    const cluster = new RealCluster(broker, nodes, undefined, size, bytes);
    await cluster.#verify();
    return cluster;
  }

  /** Starts one process, and so many peers in another that it has a cluster of that size around it. */
  static async startWithCrowd(size: number, bytes: number): Promise<RealCluster> {
    const broker = await Broker.start();
    const { url } = broker.server;
    const [node, crowd] = await Promise.all([
      NodeProcess.start(FIXTURE),
      NodeProcess.start('sizing/crowd.fixture.ts'),
    ]);
    await node.ask('start', url, nameOf(0));
    await crowd.ask('start', url, nameOf(0), size - 1);
    const cluster = new RealCluster(broker, [node], crowd, size, bytes);
    await cluster.#verify();
    return cluster;
  }

  /** Does what a phase says for so many seconds, and measures it. */
  async measure({ writes, calls, entries = this.#entries }: Phase, seconds: number): Promise<Point> {
    await this.#grow(entries);
    await this.#verify();
    await this.#work(writes, calls);
    await pause(QUIET_MS);
    const before = await this.#usages();
    await pause(seconds * 1000);
    const after = await this.#usages();
    await this.#work(0, 0);
    await pause(QUIET_MS);
    await this.#verify();
    const memories = (await this.#askAll('memory')) as Memory[];
    return this.#point(
      { nodes: this.size, entries, writes, calls, bytes: this.bytes },
      before,
      after,
      memories,
    );
  }

  async stop(): Promise<void> {
    for (const process of [...this.nodes, ...(this.crowd === undefined ? [] : [this.crowd])])
      await process[Symbol.asyncDispose]();
    await this.broker.stop();
  }

  #point(load: Load, before: Usages, after: Usages, memories: readonly Memory[]): Point {
    const seconds = (after.at - before.at) / 1000;
    const rate = (figure: keyof Usage): number =>
      after.nodes.reduce((sum, usage, i) => sum + usage[figure] - before.nodes[i][figure], 0) / seconds;
    if (rate('failed') > 0) throw new Error(`${rate('failed')} calls failed each second.`);
    const isWhole = this.crowd === undefined;
    // Just after their start processes collect garbage and compile code: their first figures of processor time are a third too high.
    const isWarm = this.#isWarm;
    this.#isWarm = true;
    if (isWhole) {
      verifyRate('writes', load.writes, rate('written'), seconds);
      verifyRate('calls', load.calls, rate('called'), seconds);
    }
    return {
      kind: isWhole ? 'real' : 'crowd',
      // What was done: arrivals are random. Writes of a crowd are not counted by those that are measured.
      load: isWhole ? { ...load, writes: round(rate('written')), calls: round(rate('called')) } : load,
      cost: {
        memoryBytes: mean(memories.map(({ usedBytes }) => usedBytes)),
        sentBytes: round(rate('sentBytes') / this.nodes.length),
        receivedBytes: round(rate('receivedBytes') / this.nodes.length),
        ...(isWarm && { cpuMs: round(rate('cpuMs') / this.nodes.length) }),
        ...(isWhole && {
          brokerMessagesIn: round((after.broker.messagesIn - before.broker.messagesIn) / seconds),
          brokerMessagesOut: round((after.broker.messagesOut - before.broker.messagesOut) / seconds),
          ...(isWarm && { brokerCpuMs: round((after.broker.cpuMs - before.broker.cpuMs) / seconds) }),
          brokerMemoryBytes: after.broker.memoryBytes,
        }),
      },
      residentBytes: mean(memories.map(({ residentBytes }) => residentBytes)),
    };
  }

  async #grow(entries: number): Promise<void> {
    const more = entries - this.#entries;
    if (more === 0) return;
    this.#entries = entries;
    if (this.crowd !== undefined) return void (await this.crowd.ask('register', more, this.bytes));
    await Promise.all(
      this.nodes.map((node, i) =>
        node.ask('register', Math.floor(more / this.size) + (i < more % this.size ? 1 : 0), this.bytes),
      ),
    );
  }

  async #work(writes: number, calls: number): Promise<void> {
    if (this.crowd !== undefined) return void (await this.crowd.ask('work', writes, this.bytes));
    await Promise.all(
      this.nodes.map((node) => node.ask('work', writes / this.size, calls / this.size, this.bytes)),
    );
  }

  async #usages(): Promise<Usages> {
    const [nodes, broker] = await Promise.all([this.#askAll('usage'), this.broker.usage()]);
    return { at: performance.now(), nodes: nodes as Usage[], broker };
  }

  #askAll(command: string): Promise<unknown[]> {
    return Promise.all(this.nodes.map((node) => node.ask(command)));
  }

  async #verify(): Promise<void> {
    await eventually(
      async () => {
        for (const seen of (await this.#askAll('see')) as { peers: number; entries: number }[]) {
          if (seen.peers === this.size - 1 && seen.entries === this.#entries) continue;
          throw new Error(`A node of ${this.size} sees ${seen.peers} peers and ${seen.entries} entries.`);
        }
      },
      { timeoutMs: 120_000 },
    );
  }
}

interface Usages {
  readonly at: number;
  readonly nodes: readonly Usage[];
  readonly broker: Awaited<ReturnType<Broker['usage']>>;
}

/** Arrivals are random, so five standard deviations are allowed; a machine that cannot keep up is not measured. */
function verifyRate(what: string, asked: number, done: number, seconds: number): void {
  if (Math.abs(done - asked) <= 5 * Math.sqrt(asked / seconds)) return;
  throw new Error(`The nodes did ${done} ${what} a second instead of ${asked}.`);
}

function mean(figures: readonly number[]): number {
  return Math.round(figures.reduce((sum, figure) => sum + figure, 0) / figures.length);
}

function round(figure: number): number {
  return Number(figure.toPrecision(5));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
