import type { ProtocolOptions } from '../../libs/pg-registry/src/cluster';
import { Table } from '../../libs/pg-registry/src/table';
import { DEFAULT_VALUE_LIMITS, PidInterner } from '../../libs/pg-registry/src/term';
import { incarnationOf } from '../../libs/pg-registry/src/wire';
import { SeededRandom } from '../support/seeded-random';
import { EventQueue } from '../support/virtual-network/event-queue';
import type { Link } from '../support/virtual-network/link';
import { VirtualProcess } from '../support/virtual-network/virtual-process';
import { CountingBroker, Traffic } from './counting-broker';
import { type Load, nameOf, type Point, valueOf } from './load';

const WALL_MS = 1_700_000_000_000;
/** Those of a node with a provider: the default one, and that of the provider's name. */
const SCOPES = ['pg', 'echoes'];
/** Between two nodes that join: as in a deploy that takes a while, or a thousand would ask each other at once. */
const JOIN_MS = 20;

/** One node: the protocol as the library runs it, with tables and without the scopes, feeds and applications above them. */
class CountedNode {
  readonly name: string;
  readonly #process: VirtualProcess;
  readonly #queue: EventQueue;
  readonly #tables = new Map<string, Table>();
  readonly #pids = new PidInterner();
  readonly #numbers = { last: 0 };

  constructor(
    index: number,
    broker: CountingBroker,
    queue: EventQueue,
    random: SeededRandom,
    options: Partial<ProtocolOptions>,
  ) {
    this.name = nameOf(index);
    this.#queue = queue;
    const incarnation = incarnationOf(this.name, index + 1);
    this.#process = new VirtualProcess({
      queue,
      broker,
      random: random.next,
      node: this.name,
      incarnation,
      namespace: 'pg',
      pids: this.#pids,
      limits: DEFAULT_VALUE_LIMITS,
      options,
      wallMs: WALL_MS,
      turnMs: 0.1,
      maxPayload: 1_048_576,
      onEffect: () => undefined,
      onMessage: (_subject, _bytes, receive) => receive(),
      onTurnEnd: () => undefined,
      onSettled: () => undefined,
    });
    const { protocol } = this.#process;
    this.#run((now) => protocol.start(now));
    for (const scope of SCOPES) {
      const table = new Table({ node: this.name, incarnation, keys: 'duplicate' });
      this.#tables.set(scope, table);
      const receiver = { applyDiff: () => undefined };
      this.#run((now) => protocol.startScope({ scope, keys: 'duplicate', table, receiver }, now).effects);
    }
  }

  get link(): Link {
    return this.#process.client.link!;
  }

  get peers(): number {
    return this.#process.protocol.peers().length;
  }

  get entries(): number {
    return this.#tables.get('pg')!.count;
  }

  connect(broker: CountingBroker): void {
    this.#process.connect(broker.servers[0], 0);
    this.join('echoes', 'echo', null);
  }

  join(scope: string, key: string, value: string | null): void {
    const { protocol } = this.#process;
    const pid = this.#pids.intern(this.name, protocol.incarnation, 1);
    const stream = protocol.stream(scope);
    const diff = this.#tables.get(scope)!.join(key, [pid], value, this.#numbers, stream.operations.last + 1);
    this.#run((now) => stream.write(diff, now));
  }

  update(key: string, value: string): void {
    const { protocol } = this.#process;
    const pid = this.#pids.intern(this.name, protocol.incarnation, 1);
    const stream = protocol.stream('pg');
    const diff = this.#tables.get('pg')!.update(key, pid, () => value, stream.operations.last + 1);
    this.#run((now) => stream.write(diff, now));
  }

  #run(call: (now: number) => Parameters<VirtualProcess['run']>[0]): void {
    this.#process.loop.message(() => this.#process.run(call(this.#queue.now)));
  }
}

/** Larger clusters are counted from one node: all pairs of a thousand nodes take a quarter of an hour to meet. */
const LARGEST_WHOLE = 20;
/** By the protocol nobody hears more than one hello in this time, however many nodes there are. */
const HELLO_MS_PER_PEER = 50;
/** By the protocol each node is probed by so many others. */
const NEIGHBOURS = 3;
const NEVER_MS = 3_600_000;

/**
 * Runs a cluster on a virtual clock and counts what its nodes send and receive. Calls are left out: they cost each pair of nodes the same in a
 * cluster of any size.
 *
 * Up to 20 nodes hear each other, as behind a real server. In a larger cluster the first node is counted, and the others hear only this one:
 * they say hello as often as there, and no more of them probe it. All nodes are alike, so the server's messages are those of one node times
 * their number.
 *
 * @param watchedMs How long it counts, in milliseconds of virtual time.
 * @param isWhole Whether all nodes hear each other.
 */
export function count(load: Load, watchedMs: number, isWhole = load.nodes <= LARGEST_WHOLE): Point {
  const queue = new EventQueue();
  const random = new SeededRandom(load.nodes);
  const broker = new CountingBroker({ queue, random });
  const nodes = Array.from(
    { length: load.nodes },
    (_, i) => new CountedNode(i, broker, queue, random, isWhole || i === 0 ? {} : ofCrowd(i, load.nodes)),
  );
  if (!isWhole) broker.carries = (from, to) => from === nodes[0].link || to === nodes[0].link;
  for (const node of nodes) {
    node.connect(broker);
    queue.advance(JOIN_MS);
  }
  for (let i = 0; i < load.entries; i += 1)
    nodes[i % nodes.length].join('pg', `entry:${i}`, valueOf(load.bytes, i));
  const counted = isWhole ? nodes : nodes.slice(0, 1);
  // Hellos after the meetings and tails after the entries are over by then.
  queue.advance(10_000);
  verify(counted, load);
  const writing = write(load, nodes, queue, random);
  queue.advance(3000);
  const before = sum(broker, counted);
  queue.advance(watchedMs);
  const after = sum(broker, counted);
  writing.stop();
  verify(counted, load);
  const perNode = (figure: keyof Traffic): number =>
    ((after[figure] - before[figure]) / watchedMs / counted.length) * 1000;
  return {
    kind: 'simulated',
    load,
    cost: {
      sentBytes: round(perNode('sentBytes')),
      receivedBytes: round(perNode('receivedBytes')),
      brokerMessagesIn: round(perNode('sentMessages') * load.nodes),
      brokerMessagesOut: round(perNode('receivedMessages') * load.nodes),
    },
  };
}

/** A peer that hears only one node does what it would do in a cluster of that size. */
function ofCrowd(index: number, nodes: number): Partial<ProtocolOptions> {
  return {
    helloIntervalMs: Math.max(2000, (nodes - 1) * HELLO_MS_PER_PEER),
    ...(index > NEIGHBOURS && { probeIntervalMs: NEVER_MS }),
  };
}

function round(figure: number): number {
  return Number(figure.toPrecision(5));
}

function write(
  { writes, entries, bytes }: Load,
  nodes: readonly CountedNode[],
  queue: EventQueue,
  random: SeededRandom,
): { stop(): void } {
  let isOver = false;
  let written = 0;
  const next = (): void => {
    if (isOver) return;
    queue.after((-Math.log(1 - random.next()) / writes) * 1000, () => {
      const entry = random.below(entries);
      nodes[entry % nodes.length].update(`entry:${entry}`, valueOf(bytes, (written += 1)));
      next();
    });
  };
  if (writes > 0) next();
  return { stop: () => void (isOver = true) };
}

function sum(broker: CountingBroker, nodes: readonly CountedNode[]): Traffic {
  const all = new Traffic();
  for (const { link } of nodes) {
    const each = broker.traffic.get(link)!;
    for (const figure of Object.keys(all) as (keyof Traffic)[]) all[figure] += each[figure];
  }
  return all;
}

function verify(nodes: readonly CountedNode[], load: Load): void {
  const wrong = nodes.find(({ peers, entries }) => peers !== load.nodes - 1 || entries !== load.entries);
  if (wrong === undefined) return;
  throw new Error(`${wrong.name} sees ${wrong.peers} peers and ${wrong.entries} entries, not all.`);
}
