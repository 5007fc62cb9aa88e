import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';

/** The ways in which a holder loses a name. */
export const FAILOVERS = [
  'release',
  'goodbye',
  'drain',
  "kill -9, takeover 'lease'",
  "kill -9, takeover 'crash'",
  'SIGSTOP',
  'event loop block',
] as const;

/** One of {@link FAILOVERS}. */
export type FailoverKind = (typeof FAILOVERS)[number];

/** What one fail-over showed. */
export interface FailoverResult {
  /** From the cause to the claim of the next holder, in milliseconds. */
  readonly ms: number;
  /** How long the former holder believed beyond the claim of the next one, in milliseconds: negative if it stopped before. */
  readonly overlapMs: number;
  /** By how much the token rose. */
  readonly tokenRise: number;
  /** How long the messages of a release took right before, without this library, in milliseconds; see {@link bareHandover}. */
  readonly bareMs: number;
}

/** How long a silent holder keeps its names here, in milliseconds: the shortest that is allowed. */
export const TTL_MS = 1000;
/** How often the nodes probe their neighbours here, in milliseconds: the default. */
const PROBE_INTERVAL_MS = 250;
/** Far more than any fail-over takes. */
const TIMEOUT_MS = 60_000;

/** What functions that run on a node get of it here. */
interface Kept {
  readonly kept: Map<string, unknown>;
}

interface Claimed {
  /** On the monotonic clock of the machine, which all its processes share, in nanoseconds. */
  readonly at: bigint;
  readonly token: number;
}

/**
 * Two nodes that stay, and a holder in a process of its own that is lost again and again; with one nats-server and its JetStream. A holder that only
 * releases stays, too: it is the same one in all such runs.
 */
export class FailoverCluster {
  #runs = 0;
  #releaser: ClusterNode | undefined;

  private constructor(
    readonly cluster: Cluster,
    readonly waiter: ClusterNode,
  ) {}

  /** Starts the server and the nodes that stay. */
  static async start(): Promise<FailoverCluster> {
    const cluster = await Cluster.start(1, { config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const [waiter] = await cluster.joinAll(['b', 'c'], { names: { ttlMs: TTL_MS } });
    return new FailoverCluster(cluster, waiter);
  }

  /** Lets a holder lose a name, and another node wait for it. */
  async run(kind: FailoverKind): Promise<FailoverResult> {
    this.#runs += 1;
    const { cluster, waiter } = this;
    const holder = await this.#holderFor(kind);
    const key = `key-${this.#runs}`;
    const file = join(cluster.server.directory, `believed-${this.#runs}`);
    const bareMs = await bareHandover(holder, waiter, cluster.server.url, this.#runs);
    const token = await claimAndWatch(holder, key, file);
    await startWaiting(waiter, key);
    await listens(waiter);
    // Asked before: the question would reach the waiter in the middle of the fail-over.
    const waiting = waited(waiter, key);
    const from = await this.#lose(holder, kind);
    const next = await waiting;
    if (kind === 'SIGSTOP') holder.process.kill('SIGCONT');
    if (kind === 'SIGSTOP' || kind === 'event loop block') await holder.run(stopsBelieving, key);
    const believed = readFileSync(file).readBigInt64LE();
    await release(waiter, key);
    if (holder !== this.#releaser) {
      cluster.forget(holder);
      await holder.process[Symbol.asyncDispose]();
    }
    return {
      ms: Number(next.at - from) / 1e6,
      overlapMs: Number(believed - next.at) / 1e6,
      tokenRise: next.token - token,
      bareMs,
    };
  }

  async #holderFor(kind: FailoverKind): Promise<ClusterNode> {
    if (kind === 'release' && this.#releaser !== undefined) return this.#releaser;
    const takeover = kind === "kill -9, takeover 'crash'" ? 'crash' : 'lease';
    const holder = await this.cluster.join(`a${this.#runs}`, { names: { ttlMs: TTL_MS, takeover } });
    await this.cluster.agreeOnPeers();
    await warmUp(holder);
    if (kind === 'release') {
      this.#releaser = holder;
      await warmUpHandover(holder, this.waiter);
    }
    return holder;
  }

  /** Brings the loss about. Returns when, on the clock of the machine. */
  async #lose(holder: ClusterNode, kind: FailoverKind): Promise<bigint> {
    // Without this, each crash comes at the same moment between two probes: a run begins with the end of the one before, which a probe brought about.
    if (kind !== 'release') await delay(Math.random() * PROBE_INTERVAL_MS);
    switch (kind) {
      case 'release':
        return await holder.run(async ({ kept }) => {
          const from = process.hrtime.bigint();
          await (kept.get('claim') as { release(): Promise<void> }).release();
          return from;
        });
      case 'goodbye':
        return await holder.run(async ({ node }) => {
          const from = process.hrtime.bigint();
          await node.close();
          return from;
        });
      case 'drain':
        return await holder.run(async ({ node }) => {
          const from = process.hrtime.bigint();
          await node.drain();
          return from;
        });
      case 'event loop block': {
        const from = process.hrtime.bigint();
        await holder.block(3 * TTL_MS);
        return from;
      }
      case 'SIGSTOP':
      case "kill -9, takeover 'lease'":
      case "kill -9, takeover 'crash'":
      default: {
        const from = process.hrtime.bigint();
        holder.process.kill(kind === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL');
        return from;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** The part of the client `nats` that {@link bareHandover} uses. */
interface BareClient {
  subscribe(subject: string, options: { max: number; callback: () => void }): unknown;
  publish(subject: string, payload: string): void;
  request(subject: string, payload: string): Promise<unknown>;
  flush(): Promise<void>;
}

/**
 * The messages of a fail-over by release between the same processes, by plain calls of the client and without this library: a write that the waiting
 * process hears, and a write after it with the question about the stream behind it.
 *
 * @returns How long they took, in milliseconds.
 */
async function bareHandover(
  holder: ClusterNode,
  waiter: ClusterNode,
  url: string,
  run: number,
): Promise<number> {
  const subject = `bare.${run}`;
  const connect = async ({ kept }: Kept, [server, file]: readonly string[]): Promise<void> => {
    if (kept.has('bare')) return;
    const { createRequire } = process.getBuiltinModule('node:module');
    const nats = createRequire(file)('nats') as {
      connect(options: { servers: string }): Promise<BareClient>;
    };
    const client = await nats.connect({ servers: server });
    kept.set('bare', client);
    await client.request(
      '$JS.API.STREAM.CREATE.bare',
      JSON.stringify({ name: 'bare', subjects: ['bare.*'] }),
    );
    for (let nth = 0; nth < 50; nth += 1) await client.request('bare.warm', 'x'.repeat(150));
  };
  await holder.run(connect, [url, __filename]);
  await waiter.run(connect, [url, __filename]);
  await waiter.run(async ({ kept }: Kept, of: string) => {
    const client = kept.get('bare') as BareClient;
    const done = new Promise<bigint>((resolve, reject) => {
      const claim = async (): Promise<void> => {
        await Promise.all([
          client.request(of, 'x'.repeat(150)),
          client.request('$JS.API.STREAM.INFO.bare', ''),
        ]);
        resolve(process.hrtime.bigint());
      };
      client.subscribe(of, { max: 1, callback: () => void claim().catch(reject) });
    });
    kept.set('bare-done', done);
    await client.flush();
    // As long as listens() takes: what has rested for a moment is slower.
    await new Promise((resolve) => setTimeout(resolve, 40));
  }, subject);
  const waiting = waiter.run(({ kept }: Kept) => kept.get('bare-done') as Promise<bigint>);
  const from = await holder.run(({ kept }: Kept, of: string) => {
    const started = process.hrtime.bigint();
    (kept.get('bare') as BareClient).publish(of, 'x'.repeat(150));
    return started;
  }, subject);
  return Number((await waiting) - from) / 1e6;
}

/** Lets the process of a holder run its code a few times, as one has that runs for a while: the first release of a process takes milliseconds more. */
function warmUp(holder: ClusterNode): Promise<void> {
  return holder.run(async ({ node }) => {
    for (let nth = 0; nth < 50; nth += 1) {
      const claim = await node.names.claim(['warm', node.name, nth], { timeoutMs: 60_000 });
      await claim.release();
    }
  });
}

/** The same for the way from a release to the next claim. */
async function warmUpHandover(holder: ClusterNode, waiter: ClusterNode): Promise<void> {
  for (let nth = 0; nth < 50; nth += 1) {
    const key = `warm-${nth}`;
    await holder.run(async ({ node, kept }, name) => {
      kept.set('claim', await node.names.claim(name, { timeoutMs: 60_000 }));
    }, key);
    await startWaiting(waiter, key);
    await listens(waiter);
    await holder.run(({ kept }) => (kept.get('claim') as { release(): Promise<void> }).release());
    await waited(waiter, key);
    await release(waiter, key);
  }
}

/** Claims a key, and writes down every millisecond when the process last believed that it holds it: a file outlives the process. */
function claimAndWatch(holder: ClusterNode, key: string, file: string): Promise<number> {
  return holder.run(
    async ({ node, kept }, [name, path]) => {
      const fs = process.getBuiltinModule('node:fs');
      const claim = await node.names.claim(name, { timeoutMs: 60_000 });
      const descriptor = fs.openSync(path, 'w');
      const sample = (): void => {
        const now = BigInt64Array.of(process.hrtime.bigint());
        if (claim.held) fs.writeSync(descriptor, now, 0, 8, 0);
      };
      sample();
      clearInterval(kept.get('sampling') as NodeJS.Timeout | undefined);
      kept.set('sampling', setInterval(sample, 1).unref());
      kept.set('claim', claim);
      return claim.token;
    },
    [key, file] as const,
  );
}

function startWaiting(waiter: ClusterNode, key: string): Promise<void> {
  return waiter.run(
    ({ node, kept }, [name, timeoutMs]) => {
      const claiming = node.names
        .claim(name, { timeoutMs })
        .then((claim) => ({ claim, at: process.hrtime.bigint(), token: claim.token }));
      claiming.catch(() => undefined); // It is awaited later.
      kept.set(name, claiming);
    },
    [key, TIMEOUT_MS] as const,
  );
}

/** Resolves when the waiter has its session and asks the store for nothing: it only listens. */
function listens(waiter: ClusterNode): Promise<void> {
  return waiter.run(async ({ node }) => {
    for (let [before, now] = [-1, 0]; before !== now;) {
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { session, storeRequests } = node.names.stats();
      if (session === 'open') now = storeRequests;
      else before = -1;
    }
  });
}

function waited(waiter: ClusterNode, key: string): Promise<Claimed> {
  return waiter.run(async ({ kept }, name) => {
    const { at, token } = await (kept.get(name) as Promise<Claimed>);
    return { at, token };
  }, key);
}

function release(waiter: ClusterNode, key: string): Promise<void> {
  return waiter.run(async ({ kept }, name) => {
    const { claim } = await (kept.get(name) as Promise<{ claim: { release(): Promise<void> } }>);
    kept.delete(name);
    await claim.release();
  }, key);
}

/** Samples for a few turns more, after a stall. */
function stopsBelieving(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
}
