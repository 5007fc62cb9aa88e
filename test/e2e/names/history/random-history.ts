import { FixtureError } from '../../../support/node-process';
import { SeededRandom } from '../../../support/seeded-random';
import { Cluster } from '../../cluster/cluster';
import type { ClusterNode } from '../../cluster/cluster-node';
import type { Fault, KeyOperation, RecordedOperation } from './linearizability';

const NAMES = ['a', 'b', 'c', 'd'];
const KEYS = ['x', 'y', 'z'];
const TTL_MS = 1000;
/**
 * A call that takes longer may have met the end of its node's session. What a claim wrote before is in the store until that session is over, and nobody
 * was told of it; and a release that the store did not get ends with the session, which the others see a margin later.
 */
const LONGEST_CALL_MS = TTL_MS / 3;
/** A node may be started while the server is killed and started again, on a busy machine. */
const LONGEST_CONNECT_MS = 60_000;

/** What happened to one key. */
export interface KeyHistory {
  readonly operations: RecordedOperation[];
  readonly faults: Fault[];
}

/** What a worker holds under a key. */
interface Holding {
  readonly token: number;
  /** When the last call began that found it held. After that, nobody but its process knows whether it still was. */
  seenAt: number;
}

/** A node whose process is killed and started anew, and what it holds. */
interface Worker {
  readonly name: string;
  node: ClusterNode;
  readonly held: Map<string, Holding>;
  lastFaultAt: number;
}

/**
 * Four nodes in processes of their own that claim, update, release and ask for names at random, while processes are killed, stopped and
 * blocked, and the nats-server is killed and started again. It records what each call saw, and when.
 */
export class RandomHistory {
  readonly keys = new Map<string, KeyHistory>(KEYS.map((key) => [key, { operations: [], faults: [] }]));
  /** How many faults of each kind there were. */
  readonly injected: Record<string, number> = {};
  readonly #cluster: Cluster;
  readonly #random: SeededRandom;
  readonly #workers: Worker[] = [];
  readonly #end = new AbortController();

  private constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster;
    this.#random = new SeededRandom(seed);
  }

  /** Runs until so many operations were recorded. */
  static async run(operations: number, seed: number): Promise<RandomHistory> {
    await using cluster = await Cluster.start(1, { config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const history = new RandomHistory(cluster, seed);
    for (const name of NAMES)
      history.#workers.push({
        name,
        node: await history.#join(name),
        held: new Map(),
        lastFaultAt: -Infinity,
      });
    const working = history.#workers.map((worker) => history.#work(worker));
    const troubling = history.#trouble();
    while (history.size < operations) await pause(50);
    history.#end.abort();
    await Promise.all([troubling, ...working]);
    for (const worker of history.#workers) history.#noteFault(worker);
    return history;
  }

  /** The number of operations recorded. */
  get size(): number {
    return [...this.keys.values()].reduce((sum, { operations }) => sum + operations.length, 0);
  }

  #join(name: string): Promise<ClusterNode> {
    return this.#cluster.join(name, { names: { ttlMs: TTL_MS }, connectTimeoutMs: LONGEST_CONNECT_MS });
  }

  async #work(worker: Worker): Promise<void> {
    while (!this.#end.signal.aborted) {
      const key = this.#random.pick(KEYS);
      const token = worker.held.get(key)?.token;
      const action =
        token === undefined
          ? this.#random.pick(['claim', 'claim', 'holder'])
          : this.#random.pick(['update', 'release', 'holder']);
      await this.#act(worker, key, action, token);
      await pause(this.#random.below(20));
    }
  }

  async #act(worker: Worker, key: string, action: string, token: number | undefined): Promise<void> {
    const { operations, faults } = this.keys.get(key)!;
    const begin = performance.now();
    const record = (operation: KeyOperation, end = performance.now()): RecordedOperation => {
      const recorded = { operation, begin, end };
      operations.push(recorded);
      return recorded;
    };
    try {
      const seen = await worker.node.run(perform, [key, action] as const);
      if (seen.type === 'claimed') {
        record({ type: 'claim', token: seen.token });
        worker.held.set(key, { token: seen.token, seenAt: begin });
        // Its process may have been stopped while it claimed.
        if (worker.lastFaultAt >= begin) faults.push({ holder: seen.token, at: begin });
      } else if (seen.type === 'lost') {
        worker.held.delete(key);
        faults.push({ holder: token!, at: begin - LONGEST_LOSS_MS });
      } else if (seen.type === 'released') {
        worker.held.delete(key);
        if (performance.now() - begin > LONGEST_CALL_MS) faults.push({ holder: token!, at: begin });
        else record({ type: 'release', token: token! });
      } else if (seen.type === 'updated') {
        worker.held.get(key)!.seenAt = begin;
        record({ type: 'update', token: token! });
      } else if (seen.type === 'busy') {
        const { end } = record({ type: 'busy' });
        if (end - begin > LONGEST_CALL_MS)
          faults.push({ holder: record({ type: 'claim' }, Infinity), at: begin });
      } else record(seen.token === undefined ? { type: 'holder' } : { type: 'holder', token: seen.token });
    } catch (error) {
      // A store that did not answer, or a process that was killed.
      if (error instanceof FixtureError && error.code !== 'TRANSPORT') throw error;
      if (action === 'claim') faults.push({ holder: record({ type: 'claim' }, Infinity), at: begin });
      if (action === 'release') faults.push({ holder: token!, at: begin });
      if (token !== undefined) faults.push({ holder: token, at: begin });
      worker.held.delete(key);
      if (error instanceof FixtureError) return;
      // The process was killed, with everything that it held: the fault has been noted.
      worker.held.clear();
      worker.node = await this.#join(worker.name);
    }
  }

  /** Brings about one fault after the other. */
  async #trouble(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await pause(300 + this.#random.below(700));
      const worker = this.#random.pick(this.#workers);
      const kind = this.#random.pick(['kill', 'stop', 'block', 'server'] as const);
      this.injected[kind] = (this.injected[kind] ?? 0) + 1;
      for (const affected of kind === 'server' ? this.#workers : [worker]) this.#noteFault(affected);
      if (kind === 'kill') worker.node.process.kill('SIGKILL');
      if (kind === 'block') await worker.node.block(this.#random.below(2 * TTL_MS)).catch(() => undefined);
      if (kind === 'stop') {
        worker.node.process.kill('SIGSTOP');
        await pause(this.#random.below(3 * TTL_MS));
        worker.node.process.kill('SIGCONT');
      }
      if (kind === 'server') {
        await this.#cluster.server.stop('SIGKILL');
        await this.#cluster.server.start();
      }
    }
  }

  /** From now on the worker may lose what it holds. It may have lost it since it was seen to hold it, and if it is killed, it never says so. */
  #noteFault(worker: Worker): void {
    worker.lastFaultAt = performance.now();
    for (const [key, { token, seenAt }] of worker.held)
      this.keys.get(key)!.faults.push({ holder: token, at: seenAt });
  }
}

/** A holder that reports a loss may have lost the key so long before: far more than a session lasts. */
const LONGEST_LOSS_MS = 60_000;

type Seen =
  | { readonly type: 'claimed'; readonly token: number }
  | { readonly type: 'busy' | 'lost' | 'released' | 'updated'; readonly token?: undefined }
  | { readonly type: 'holder'; readonly token?: number | undefined };

/** Runs in the process of a node. */
async function perform(
  { node, kept }: Parameters<Parameters<ClusterNode['run']>[0]>[0],
  [key, action]: readonly [string, string],
): Promise<Seen> {
  interface Held {
    readonly held: boolean;
    readonly token: number;
    update(value: number): Promise<void>;
    release(): Promise<void>;
  }
  if (action === 'holder') return { type: 'holder', token: (await node.names.holder(key))?.token };
  if (action === 'claim') {
    const claim = await node.names.tryClaim(key);
    if (claim === undefined) return { type: 'busy' };
    kept.set(key, claim);
    return { type: 'claimed', token: claim.token };
  }
  const claim = kept.get(key) as Held;
  if (!claim.held) return { type: 'lost' };
  try {
    if (action === 'update') await claim.update(Date.now());
    else await claim.release();
  } catch (error) {
    if ((error as { code?: string }).code === 'CLAIM_LOST') return { type: 'lost' };
    throw error;
  }
  return { type: action === 'update' ? 'updated' : 'released' };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
