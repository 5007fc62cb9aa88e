import type { Effect } from '../cluster/effect';
import { incarnationOf } from '../wire/incarnation';
import { type NodeParameters, VirtualNode } from './virtual-node.fixture';

export { VirtualNode } from './virtual-node.fixture';

/** A message on its way, for those who want to lose it. */
export interface Passing {
  readonly from: string;
  /** The incarnation of the sender, which tells namesakes apart. */
  readonly speaker: string;
  readonly to: string;
  readonly subject: string;
}

const LATENCY_MS = 1;

/** A small deterministic generator (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A network of nodes, servers and virtual time for specs: messages take a millisecond, order per sender is kept, a
 * request to a subject without subscribers gets "no responders", and everything that can go wrong is a verb.
 */
export class VirtualNetwork {
  now = 0;
  readonly random: () => number;
  readonly nodes: VirtualNode[] = [];
  /** Return true to lose a message. */
  loses: (message: Passing) => boolean = () => false;
  /** Somebody subscribes to everything. */
  onlooker = false;
  readonly #queue: { at: number; run: () => void }[] = [];
  readonly #cuts = new Set<string>();
  readonly #probes = new Map<string, { node: VirtualNode; id: number }>();
  #incarnations = 0;

  constructor(seed = 1) {
    this.random = seeded(seed);
  }

  freshIncarnation(node: string): string {
    this.#incarnations += 1;
    return incarnationOf(node, this.#incarnations);
  }

  /** Starts a node and connects it. */
  start(parameters: NodeParameters | string): VirtualNode {
    const node = this.add(parameters);
    this.connect(node);
    return node;
  }

  /** So many nodes n0, n1, …, each with an entry under its name in scope `s`, some time after they met. */
  startCluster(count: number, settleMs = 10_000): VirtualNode[] {
    const nodes = Array.from({ length: count }, (_, index) => this.start(`n${index}`));
    for (const node of nodes) node.startScope('s');
    for (const node of nodes) node.join('s', node.name);
    this.run(settleMs);
    return nodes;
  }

  /** Makes a node that is not connected yet. */
  add(parameters: NodeParameters | string): VirtualNode {
    const given = typeof parameters === 'string' ? { name: parameters } : parameters;
    const node = new VirtualNode(this, given.name, given);
    this.nodes.push(node);
    node.do((now) => node.protocol.start(now));
    return node;
  }

  connect(node: VirtualNode, server = node.server): void {
    node.server = server;
    node.connected = true;
    node.do((now) => node.protocol.connected(server, now));
  }

  disconnect(node: VirtualNode): void {
    node.connected = false;
    node.do((now) => node.protocol.disconnected(now));
  }

  /** The process dies; its connection closes with it. */
  kill(node: VirtualNode): void {
    node.running = false;
    node.connected = false;
  }

  /** The process says goodbye and ends. */
  leave(node: VirtualNode): void {
    node.do((now) => node.protocol.goodbye(now));
    this.kill(node);
  }

  /** The process stands still, its connection open. */
  freeze(node: VirtualNode): void {
    node.frozen = true;
  }

  /** It goes on: overdue timers first, then what arrived meanwhile, as an event loop does. */
  thaw(node: VirtualNode): void {
    node.frozen = false;
    node.do((now) => node.protocol.tick(now));
    for (const run of node.backlog.splice(0)) run();
  }

  /** Cuts the route between two servers, both ways. */
  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Lets time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#takeNext(end);
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** Lets time pass until a condition holds; gives back how long it took, or Infinity. */
  until(condition: () => boolean, limitMs = 60_000): number {
    const start = this.now;
    while (!condition()) {
      if (this.now - start >= limitMs) return Infinity;
      this.run(5);
    }
    return this.now - start;
  }

  at(delayMs: number, run: () => void): void {
    // Latest first; of one moment, the last scheduled first: the next to run is at the end.
    const at = this.now + delayMs;
    let index = this.#queue.length;
    while (index > 0 && this.#queue[index - 1].at <= at) index -= 1;
    this.#queue.splice(index, 0, { at, run });
  }

  setTimer(node: VirtualNode): void {
    const timer = (node.timer += 1);
    const deadline = node.protocol.nextDeadline();
    if (deadline === Infinity) return;
    this.at(Math.max(0, deadline - this.now), () => {
      if (node.timer === timer && !node.frozen) node.do((now) => node.protocol.tick(now));
    });
  }

  publish(from: VirtualNode, subject: string, bytes: Uint8Array, reply: string): void {
    if (!from.connected) return;
    for (const to of this.#hearing(from, subject)) {
      if (this.loses({ from: from.name, speaker: from.incarnation, to: to.name, subject })) continue;
      this.at(LATENCY_MS, () => {
        if (to.connected) to.do((now) => to.protocol.receive(subject, bytes, reply, now));
      });
    }
    const asked = this.#probes.get(subject);
    if (asked === undefined || !this.#routed(from, asked.node)) return;
    if (this.loses({ from: from.name, speaker: from.incarnation, to: asked.node.name, subject })) return;
    this.at(LATENCY_MS, () => {
      const { node, id } = asked;
      this.#probes.delete(subject);
      node.do((now) => node.protocol.probeResult(id, { type: 'answer', subject, bytes }, now));
    });
  }

  flush(node: VirtualNode, id: number): void {
    this.at(LATENCY_MS, () => {
      if (node.connected) node.do((now) => node.protocol.flushed(id, now));
    });
  }

  probe(node: VirtualNode, probe: Extract<Effect, { type: 'probe' }>): void {
    const { id, subject, reply, bytes, timeoutMs } = probe;
    if (!node.connected) return;
    if (this.#hearing(node, subject).length === 0 && !this.onlooker) {
      this.at(LATENCY_MS, () =>
        node.do((now) => node.protocol.probeResult(id, { type: 'no-responders' }, now)),
      );
      return;
    }
    this.#probes.set(reply, { node, id });
    this.publish(node, subject, bytes, reply);
    this.at(timeoutMs, () => {
      if (this.#probes.delete(reply))
        node.do((now) => node.protocol.probeResult(id, { type: 'timeout' }, now));
    });
  }

  /** A message as if somebody had sent it. */
  inject(to: VirtualNode, subject: string, bytes: Uint8Array, reply = ''): void {
    to.do((now) => to.protocol.receive(subject, bytes, reply, now));
  }

  #hearing(from: VirtualNode, subject: string): VirtualNode[] {
    return this.nodes.filter((node) => this.#routed(from, node) && node.hears(subject));
  }

  #routed(from: VirtualNode, to: VirtualNode): boolean {
    return to.connected && !this.#cuts.has(`${from.server} ${to.server}`);
  }

  #takeNext(end: number): { at: number; run: () => void } | undefined {
    const next = this.#queue.at(-1);
    return next === undefined || next.at > end ? undefined : this.#queue.pop();
  }
}
