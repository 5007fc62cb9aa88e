import { DEFAULT_VALUE_LIMITS, Pid, PidInterner, type Key, type Value, type ValueLimits } from '../term';
import { type Entry, Table } from '../table';
import type { Effect, PeerEvent } from '../cluster/effect';
import type { ProtocolOptions } from '../cluster/options';
import { PeerProtocol } from './peer-protocol';
import type { VersionRange } from '../wire/version';
import type { VirtualNetwork } from './virtual-network.fixture';

/** What a virtual node is started with. */
export interface NodeParameters {
  readonly name: string;
  readonly incarnation?: string;
  readonly epoch?: number;
  readonly server?: string;
  readonly options?: Partial<ProtocolOptions>;
  readonly versions?: VersionRange;
  readonly limits?: ValueLimits;
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
      incarnation: parameters.incarnation ?? network.freshIncarnation(name),
      epoch: parameters.epoch ?? Math.floor(1_000_000 + network.now),
      namespace: 'test',
      pids: new PidInterner(),
      limits: parameters.limits ?? DEFAULT_VALUE_LIMITS,
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

  /** Registers so many processes under a key, in one operation. */
  join(scope: string, key: Key, value: Value = null, processes = 1): void {
    const revision = this.protocol.last(scope) + 1;
    const numbers = { next: () => (this.#entryNumber += 1) };
    const pids = Array.from({ length: processes }, (_, id) => new Pid(this.name, this.incarnation, id + 1));
    const diff = this.tables.get(scope)!.join(key, pids, value, numbers, revision);
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

  /** Names of the peers that were removed here. */
  removals(): string[] {
    return this.events.flatMap(({ type, node }) => (type === 'peer-removed' ? [node] : []));
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
      case 'diff':
      case 'deliver':
      case 'replicated':
      case 'drained':
      case 'lag':
      case 'synced':
      case 'fenced':
      case 'warn':
        this.told.push(effect);
    }
  }
}
