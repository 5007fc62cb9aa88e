import { SeededRandom } from '../../../../test/support/seeded-random';
import { EventQueue } from '../../../../test/support/virtual-network/event-queue';
import type { Link, Server } from '../../../../test/support/virtual-network/link';
import { type NetworkFaults, VirtualBroker } from '../../../../test/support/virtual-network/virtual-broker';
import { type FrameKind, incarnationOf, type StreamKind, Writer } from '../wire';
import { type NodeOptions, type Published, VirtualNode } from './virtual-node.fixture';

export { VirtualNode } from './virtual-node.fixture';

/** One message on its way to one receiver. */
export interface Passing {
  readonly from: string;
  /** The incarnation of the sender, which tells namesakes apart. */
  readonly speaker: string;
  readonly to: string;
  readonly subject: string;
  /** The kind of frame, by the subject; `''` for probes and answers. */
  readonly kind: FrameKind | '';
  readonly bytes: Uint8Array;
}

const DEFAULT_LATENCY_MS = 1;
const UNIT_MS = 1000;
const STREAM_KINDS: ReadonlySet<string> = new Set<StreamKind>(['ops', 'repair', 'sync', 'applied']);

/**
 * A network of nodes, servers and virtual time for specs of the protocol. Messages take one millisecond and keep their order
 * per sender; a request without a subscriber gets "no responders"; every fault is a method. It is the network of the
 * simulator (test/support/virtual-network) with a constant latency and with methods for single nodes.
 */
export class VirtualNetwork {
  /** The random numbers that the nodes draw. */
  readonly random: () => number;
  readonly nodes: VirtualNode[] = [];
  readonly queue = new EventQueue();
  readonly broker: VirtualBroker;
  /** Return true to lose a message. */
  loses: (message: Passing) => boolean = () => false;
  /** Sees every message when it is published. */
  onPublish: (message: Published) => void = () => undefined;
  /** How many frames of streams (operations, repairs, syncs, acknowledgements) went to receivers. */
  streamFrames = 0;
  readonly #servers = new Map<string, Server>();
  readonly #owners = new WeakMap<Link, VirtualNode>();
  #incarnations = 0;

  constructor(seed = 1, latencyMs = DEFAULT_LATENCY_MS) {
    this.random = new SeededRandom(seed).next;
    this.broker = new VirtualBroker({
      queue: this.queue,
      random: new SeededRandom(~seed),
      servers: [],
      // One half to the server, one half from it.
      latency: { meanMs: latencyMs / 2, spread: 0 },
      unitMs: UNIT_MS,
    });
    this.broker.loses = (from, to, subject, bytes) => this.#loses(from, to, subject, bytes);
  }

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.queue.now;
  }

  /** Whether somebody subscribes to everything. */
  set onlooker(isThere: boolean) {
    this.broker.hasOnlooker = isThere;
  }

  set faults(faults: NetworkFaults) {
    this.broker.faults = faults;
  }

  /** How long a flush takes, in milliseconds. */
  set flushMs(ms: number) {
    this.broker.pongMs = ms - this.broker.latency.meanMs;
  }

  /** Starts a node and connects it. */
  start(options: NodeOptions | string): VirtualNode {
    const node = this.add(options);
    this.connect(node);
    return node;
  }

  /** Starts nodes n0, n1, …, each with an entry under its name in scope `s`, and lets them meet. */
  startCluster(count: number, runMs = 10_000): VirtualNode[] {
    const nodes = Array.from({ length: count }, (_, index) => this.start(`n${index}`));
    for (const node of nodes) node.startScope('s');
    for (const node of nodes) node.join('s', node.name);
    this.run(runMs);
    return nodes;
  }

  /** Starts a node without a connection. */
  add(options: NodeOptions | string): VirtualNode {
    const given = typeof options === 'string' ? { name: options } : options;
    const { queue, broker, random } = this;
    const incarnation = incarnationOf(given.name, (this.#incarnations += 1));
    const onPublish = (message: Published): void => this.onPublish(message);
    const node = new VirtualNode({ queue, broker, random, incarnation, onPublish }, given);
    this.nodes.push(node);
    node.do((now) => node.protocol.start(now));
    return node;
  }

  connect(node: VirtualNode, server = node.server): void {
    if (node.link !== undefined) this.broker.close(node.link);
    node.connect(server, this.#server(server));
    this.#owners.set(node.link!, node);
  }

  disconnect(node: VirtualNode): void {
    if (node.link !== undefined) this.broker.close(node.link);
    node.disconnect();
  }

  /** Ends the process; its connection closes with it. */
  kill(node: VirtualNode): void {
    if (node.link !== undefined) this.broker.close(node.link);
    node.end();
  }

  /** Says goodbye and ends the process. */
  leave(node: VirtualNode): void {
    node.do((now) => node.protocol.goodbye(now));
    const { link } = node;
    if (link !== undefined) this.broker.ping(link, () => this.broker.close(link));
    node.loop.end();
  }

  /** Stops the process while its connection stays open. */
  freeze(node: VirtualNode): void {
    node.loop.pause();
  }

  /** Lets a frozen process go on: `first`, then overdue timers, then the messages that arrived meanwhile. */
  thaw(node: VirtualNode, first?: () => void): void {
    node.loop.resume(first);
  }

  /** Cuts the route between two servers, both ways. */
  cut(a: string, b: string): void {
    this.broker.cut(this.#server(a), this.#server(b), 'known');
    this.broker.cut(this.#server(b), this.#server(a), 'known');
  }

  heal(): void {
    this.broker.heal();
  }

  /** Lets time pass. */
  run(ms: number): void {
    this.queue.advance(ms);
  }

  /** Lets time pass until a condition holds. @returns How long that took in steps of 5 ms, or Infinity */
  until(condition: () => boolean, limitMs = 60_000): number {
    const start = this.now;
    while (!condition()) {
      if (this.now - start >= limitMs) return Infinity;
      this.run(5);
    }
    return this.now - start;
  }

  at(delayMs: number, run: () => void): void {
    this.queue.after(delayMs, run);
  }

  /** Delivers a message as if somebody had sent it. */
  inject(to: VirtualNode, subject: string, bytes: Uint8Array, reply = ''): void {
    to.do((now) => to.protocol.receive(subject, bytes, reply, now));
  }

  /** Delivers a frame of a stream, whatever its body says, as if `from` had sent it. */
  injectStream(from: VirtualNode, to: VirtualNode, kind: StreamKind, body: Uint8Array, scope = 's'): void {
    const writer = new Writer();
    writer.string(scope);
    writer.raw(body);
    const { subjects } = from.protocol;
    const subject = kind === 'ops' ? subjects.ops(scope) : subjects.to(to.name, kind);
    this.inject(to, subject, from.frame(kind, writer.finish()));
  }

  /** Has `asker` ask `node` for a complete hello, which comes some milliseconds later. */
  discover(asker: VirtualNode, node: VirtualNode): void {
    this.inject(node, asker.protocol.subjects.to(node.name, 'discover'), asker.frame('discover'));
  }

  /** Has every connected node ask every other for a complete hello. */
  discoverAll(): void {
    const connected = this.nodes.filter((node) => node.connected);
    for (const asker of connected)
      for (const node of connected) if (asker !== node) this.discover(asker, node);
  }

  #loses(from: Link, to: Link, subject: string, bytes: Uint8Array): boolean {
    const [sender, receiver] = [this.#owners.get(from), this.#owners.get(to)];
    if (sender === undefined || receiver === undefined) return false;
    const kind = kindOf(subject);
    if (STREAM_KINDS.has(kind)) this.streamFrames += 1;
    const { name, incarnation: speaker } = sender;
    return this.loses({ from: name, speaker, to: receiver.name, subject, kind, bytes });
  }

  #server(name: string): Server {
    let server = this.#servers.get(name);
    if (server === undefined) this.#servers.set(name, (server = this.broker.addServer(name)));
    return server;
  }
}

/** Returns the kind of frame that a subject names: `pgr.<ns>.from.<node>.<kind>…` or `pgr.<ns>.to.<node>.<kind>.<from>`. */
function kindOf(subject: string): FrameKind | '' {
  const [, , route, , kind] = subject.split('.');
  return route === 'from' || route === 'to' ? (kind as FrameKind) : '';
}
