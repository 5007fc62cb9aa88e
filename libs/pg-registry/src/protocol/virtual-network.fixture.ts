import { DEFAULT_VALUE_LIMITS, Pid, PidInterner, type Key, type Value } from '../term';
import { type Entry, Table } from '../table';
import type { Effect, PeerEvent } from './effect';
import type { ProtocolOptions } from './options';
import { PeerProtocol } from './peer-protocol';
import type { VersionRange } from './version';

/** A message on its way, for those who want to lose it. */
export interface Passing {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
}

interface NodeParameters {
  readonly name: string;
  readonly incarnation?: string;
  readonly epoch?: number;
  readonly server?: string;
  readonly options?: Partial<ProtocolOptions>;
  readonly versions?: VersionRange;
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

/** A subscription with `*` and a final `>`, as a test of subjects. */
function subjectsOf(pattern: string): (subject: string) => boolean {
  const source = pattern.replace(/[.=]/g, '\\$&').replaceAll('*', '[^.]+').replace(/>$/, '.+');
  const matcher = new RegExp(`^${source}$`);
  return (subject) => matcher.test(subject);
}

/** One node of the virtual network: its protocol, its tables, and everything it was told. */
export class VirtualNode {
  readonly protocol: PeerProtocol;
  readonly tables = new Map<string, Table>();
  readonly events: (PeerEvent & { readonly at: number })[] = [];
  readonly told: Exclude<
    Effect,
    { type: 'send' | 'probe' | 'peer' | 'subscribe' | 'unsubscribe' | 'flush' }
  >[] = [];
  readonly subscriptions = new Map<string, (subject: string) => boolean>();
  readonly sent: string[] = [];
  server: string;
  connected = false;
  running = true;
  frozen = false;
  /** What arrived while it was frozen. */
  readonly backlog: (() => void)[] = [];
  timer = 0;
  #entryNumber = 0;

  constructor(
    readonly network: VirtualNetwork,
    readonly name: string,
    parameters: NodeParameters,
  ) {
    this.server = parameters.server ?? 'server-a';
    this.protocol = new PeerProtocol({
      node: name,
      incarnation: parameters.incarnation ?? network.freshIncarnation(),
      epoch: parameters.epoch ?? 1_000_000 + network.now,
      namespace: 'test',
      pids: new PidInterner(),
      limits: DEFAULT_VALUE_LIMITS,
      random: network.random,
      ...(parameters.options && { options: parameters.options }),
      ...(parameters.versions && { versions: parameters.versions }),
    });
  }

  get incarnation(): string {
    return this.protocol.incarnation;
  }

  hears(subject: string): boolean {
    if (!this.connected) return false;
    for (const matches of this.subscriptions.values()) if (matches(subject)) return true;
    return false;
  }

  /** Names of the peers, in order of name. */
  get peers(): string[] {
    return this.protocol
      .peers()
      .map(({ node }) => node)
      .toSorted();
  }

  startScope(scope: string, keys: 'duplicate' | 'unique' = 'duplicate'): void {
    const table = new Table({ node: this.name, incarnation: this.incarnation, keys });
    this.tables.set(scope, table);
    this.do((now) => this.protocol.startScope({ scope, keys, table }, now));
  }

  stopScope(scope: string): void {
    this.tables.delete(scope);
    this.do((now) => this.protocol.stopScope(scope, now));
  }

  join(scope: string, key: Key, value: Value = null): void {
    const revision = this.protocol.last(scope) + 1;
    const numbers = { next: () => ++this.#entryNumber };
    const pid = new Pid(this.name, this.incarnation, 1);
    const diff = this.tables.get(scope)!.join(key, [pid], value, numbers, revision);
    this.do((now) => this.protocol.write(scope, diff, now));
  }

  /** The keys of a scope here, as text, sorted. */
  keys(scope: string): string[] {
    return this.tables.get(scope)!.groups().map(String).toSorted();
  }

  entries(scope: string, key: Key): readonly Entry[] {
    return this.tables.get(scope)!.lookup(key);
  }

  /** Events about a node, in order, each as `type` or `type:reason`. */
  eventsOf(node: string): string[] {
    return this.events
      .filter((event) => event.node === node)
      .map((event) => ('reason' in event ? `${event.type}:${event.reason}` : event.type));
  }

  /** When an event of that type about a node happened last. */
  timeOf(type: PeerEvent['type'], node: string): number | undefined {
    return this.events.findLast((event) => event.type === type && event.node === node)?.at;
  }

  warnings(): string[] {
    return this.told.flatMap((effect) => (effect.type === 'warn' ? [effect.reason] : []));
  }

  do(call: (now: number) => Effect[]): void {
    if (!this.running) return;
    if (this.frozen) {
      this.backlog.push(() => this.do(call));
      return;
    }
    const effects = call(this.network.now);
    for (const effect of effects) this.#run(effect);
    this.network.setTimer(this);
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'subscribe':
        this.subscriptions.set(effect.subject, subjectsOf(effect.subject));
        return;
      case 'unsubscribe':
        this.subscriptions.delete(effect.subject);
        return;
      case 'send':
        this.sent.push(effect.subject);
        return this.network.publish(this, effect.subject, effect.bytes, '');
      case 'flush':
        return this.network.flush(this, effect.id);
      case 'probe':
        return this.network.probe(this, effect);
      case 'peer':
        this.events.push({ ...effect.event, at: this.network.now });
        return;
      default:
        this.told.push(effect);
    }
  }
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

  freshIncarnation(): string {
    this.#incarnations += 1;
    return this.#incarnations.toString(16).padStart(16, 'a');
  }

  /** Starts a node and connects it. */
  start(parameters: NodeParameters | string): VirtualNode {
    const node = this.add(parameters);
    this.connect(node);
    return node;
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
    while (index > 0 && this.#queue[index - 1]!.at <= at) index -= 1;
    this.#queue.splice(index, 0, { at, run });
  }

  setTimer(node: VirtualNode): void {
    const timer = ++node.timer;
    const deadline = node.protocol.nextDeadline();
    if (deadline === Infinity) return;
    this.at(Math.max(0, deadline - this.now), () => {
      if (node.timer === timer && !node.frozen) node.do((now) => node.protocol.tick(now));
    });
  }

  publish(from: VirtualNode, subject: string, bytes: Uint8Array, reply: string): void {
    if (!from.connected) return;
    for (const to of this.#hearing(from, subject)) {
      if (this.loses({ from: from.name, to: to.name, subject })) continue;
      this.at(LATENCY_MS, () => {
        if (to.connected) to.do((now) => to.protocol.receive(subject, bytes, reply, now));
      });
    }
    const asked = this.#probes.get(subject);
    if (asked === undefined || !this.#routed(from, asked.node)) return;
    if (this.loses({ from: from.name, to: asked.node.name, subject })) return;
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
