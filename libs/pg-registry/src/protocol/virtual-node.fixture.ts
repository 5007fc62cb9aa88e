import type { EventLoop } from '../../../../test/support/virtual-network/event-loop';
import type { EventQueue } from '../../../../test/support/virtual-network/event-queue';
import type { Link, Server } from '../../../../test/support/virtual-network/link';
import type { VirtualBroker } from '../../../../test/support/virtual-network/virtual-broker';
import { VirtualProcess } from '../../../../test/support/virtual-network/virtual-process';
import type { NodeIdentity } from '../calls';
import type { DiffReceiver, Effect, PeerEvent, ProtocolOptions } from '../cluster';
import type { ScopeStart } from '../replication';
import type { NodeEffect } from '../node/protocol-driver';
import { type Diff, type Entry, Table } from '../table';
import { DEFAULT_VALUE_LIMITS, type Key, type Pid, PidInterner, type Value, type ValueLimits } from '../term';
import { encodeFrame, type FrameKind, type ProcessKind, type VersionRange } from '../wire';
import type { PeerProtocol } from './peer-protocol';
import { TableReplay } from './table-replay.fixture';

/** What a virtual node is started with. */
export interface NodeOptions {
  readonly name: string;
  readonly incarnation?: string;
  readonly epoch?: number;
  readonly server?: string;
  /** Bytes that the server takes in one message. */
  readonly maxPayload?: number;
  /** How many entries of peers it removes in one turn, at most. */
  readonly rowsPerTurn?: number | undefined;
  readonly options?: Partial<ProtocolOptions>;
  readonly versions?: VersionRange;
  readonly limits?: ValueLimits;
}

/** How long one turn of an event loop takes, in milliseconds. */
export const TURN_MS = 0.1;

/** What the clock of every node shows at virtual time 0. */
const WALL_MS = 1_000_000;

/** What a {@link VirtualNode} needs of its network. */
export interface NodeDeps {
  readonly queue: EventQueue;
  readonly broker: VirtualBroker;
  readonly random: () => number;
  /** Used unless the options name an incarnation. */
  readonly incarnation: string;
  /** Called with every message when it is published. */
  readonly onPublish: (message: Published) => void;
}

/** One message as it was published. */
export interface Published {
  readonly from: VirtualNode;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

type RemoteDiff = Pick<Extract<Effect, { type: 'diff' }>, 'scope' | 'diff' | 'cause'>;

/** One node of a {@link VirtualNetwork}: its protocol, its tables, and every effect that it had. */
export class VirtualNode {
  readonly name: string;
  readonly tables = new Map<string, Table>();
  readonly events: (PeerEvent & { readonly at: number })[] = [];
  /** Every effect that is neither about the connection nor about a peer. */
  readonly told: Exclude<NodeEffect, { type: 'peer' }>[] = [];
  /** Diffs of remote causes, the oldest first. */
  readonly diffs: RemoteDiff[] = [];
  /** The frames for its processes. */
  readonly delivered: { readonly kind: ProcessKind; readonly from: NodeIdentity }[] = [];
  /** Subjects of everything that it published. */
  readonly sent: string[] = [];
  server: string;
  readonly #queue: EventQueue;
  readonly #process: VirtualProcess;
  readonly #pids = new PidInterner();
  readonly #replays = new Map<string, TableReplay>();
  /** Scopes that a peer changed in the batch of effects under way. */
  readonly #changedScopes = new Set<string>();
  readonly #numbers = { last: 0 };

  constructor(deps: NodeDeps, options: NodeOptions) {
    const { queue, broker, random, onPublish } = deps;
    const { name, epoch, versions } = options;
    this.name = name;
    this.#queue = queue;
    this.server = options.server ?? 'server-a';
    this.#process = new VirtualProcess({
      queue,
      broker,
      random,
      node: name,
      incarnation: options.incarnation ?? deps.incarnation,
      namespace: 'test',
      pids: this.#pids,
      limits: options.limits ?? DEFAULT_VALUE_LIMITS,
      ...(options.options && { options: options.options }),
      ...(versions && { versions }),
      ...(epoch !== undefined && { epoch }),
      wallMs: WALL_MS,
      turnMs: TURN_MS,
      maxPayload: options.maxPayload ?? Infinity,
      rowsPerTurn: options.rowsPerTurn,
      onEffect: (effect) => this.#onEffect(effect),
      onDelivery: ({ kind, from }) => this.delivered.push({ kind, from }),
      onMessage: (_subject, _bytes, receive) => receive(),
      onTurnEnd: () => undefined,
      onSettled: () => this.#checkReplays(),
    });
    this.#process.client.onPublish = (subject, bytes) => {
      this.sent.push(subject);
      onPublish({ from: this, subject, bytes });
    };
  }

  get protocol(): PeerProtocol {
    return this.#process.protocol;
  }

  get loop(): EventLoop {
    return this.#process.loop;
  }

  get link(): Link | undefined {
    return this.#process.client.link;
  }

  get connected(): boolean {
    return this.link !== undefined && !this.loop.hasEnded;
  }

  get incarnation(): string {
    return this.protocol.incarnation;
  }

  /** Subjects that it subscribes to. */
  get subscriptions(): readonly string[] {
    return this.#process.client.subscriptions;
  }

  /** How often each thing was counted, by name. */
  get counts(): Readonly<Record<string, number>> {
    return this.protocol.stats().counters;
  }

  /** Names of the peers, sorted. */
  get peers(): string[] {
    return this.protocol
      .peers()
      .map(({ node }) => node)
      .toSorted();
  }

  connect(name: string, server: Server): void {
    this.server = name;
    this.#process.connect(server, 0);
  }

  /** The server takes messages of another size from now on. */
  limit(maxPayload: number): void {
    this.#process.limit(maxPayload);
  }

  disconnect(): void {
    this.#process.disconnect();
  }

  end(): void {
    this.#process.client.detach();
    this.loop.end();
  }

  /** Makes a frame of this node. */
  frame(kind: FrameKind, body?: Uint8Array): Uint8Array {
    const { incarnation, protocol } = this;
    const versions = { min: 1, max: 1 };
    return encodeFrame(
      { version: 1, node: this.name, incarnation, epoch: protocol.epoch, kind, versions },
      body,
    );
  }

  startScope(
    scope: string,
    keys: 'duplicate' | 'unique' = 'duplicate',
    rules: Pick<ScopeStart, 'onePerKey'> = {},
  ): void {
    const table = new Table({ node: this.name, incarnation: this.incarnation, keys });
    this.tables.set(scope, table);
    this.#replays.set(scope, new TableReplay(this.name, table));
    const receiver: DiffReceiver = { applyDiff: (diff, cause) => this.#onDiff({ scope, diff, cause }) };
    this.do((now) => this.protocol.startScope({ scope, keys, table, receiver, ...rules }, now).effects);
  }

  stopScope(scope: string): void {
    this.tables.delete(scope);
    this.#replays.delete(scope);
    this.do((now) => this.protocol.stream(scope).stop(now));
  }

  pid(id: number): Pid {
    return this.#pids.intern(this.name, this.incarnation, id);
  }

  table(scope = 's'): Table {
    return this.tables.get(scope)!;
  }

  /** Registers processes under a key, in one operation: so many, or those with these ids. */
  join(scope: string, key: Key, value: Value = null, processes: number | readonly number[] = 1): void {
    const ids =
      typeof processes === 'number' ? Array.from({ length: processes }, (_, id) => id + 1) : processes;
    const pids = ids.map((id) => this.pid(id));
    this.#write(scope, this.table(scope).join(key, pids, value, this.#numbers, this.#revision(scope)));
  }

  leave(scope: string, key: Key, id = 1): void {
    this.#write(scope, this.table(scope).leave(key, [this.pid(id)]));
  }

  update(scope: string, key: Key, value: Value, id = 1): void {
    this.#write(
      scope,
      this.table(scope).update(key, this.pid(id), () => value, this.#revision(scope)),
    );
  }

  /** Ends a process: its entries leave. */
  exit(scope: string, id: number): void {
    this.#write(scope, this.table(scope).leaveProcess(this.pid(id)));
  }

  /** Asks whether every peer has applied what was written before; ends in a `replicated` effect. */
  replicated(scope: string, timeoutMs = 1000): void {
    this.do((now) => this.protocol.stream(scope).replicated(timeoutMs, now).effects);
  }

  /** The keys of a scope here, as text, sorted. */
  keys(scope: string): string[] {
    return this.table(scope).groups().map(String).toSorted();
  }

  entries(scope: string, key: Key): readonly Entry[] {
    return this.table(scope).lookup(key);
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

  /** Reasons of all warnings so far. */
  warnings(): string[] {
    return this.toldOf('warn').map(({ reason }) => reason);
  }

  /** The effects of one type so far. */
  toldOf<T extends VirtualNode['told'][number]['type']>(
    type: T,
  ): Extract<VirtualNode['told'][number], { type: T }>[] {
    return this.told.filter((effect): effect is Extract<typeof effect, { type: T }> => effect.type === type);
  }

  /** Calls the protocol and runs its effects: now, or when the process goes on. */
  do(call: (now: number) => Effect[]): void {
    this.loop.message(() => this.#process.run(call(this.#queue.now)));
  }

  #revision(scope: string): number {
    return this.protocol.stream(scope).operations.last + 1;
  }

  #write(scope: string, diff: Diff): void {
    this.#replays.get(scope)!.apply(diff);
    this.do((now) => this.protocol.stream(scope).write(diff, now));
  }

  #onEffect(effect: NodeEffect): void {
    if (effect.type === 'peer') this.events.push({ ...effect.event, at: this.#queue.now });
    else this.told.push(effect);
  }

  #onDiff(change: RemoteDiff): void {
    this.diffs.push(change);
    this.#replays.get(change.scope)?.apply(change.diff);
    this.#changedScopes.add(change.scope);
  }

  #checkReplays(): void {
    for (const scope of this.#changedScopes) this.#replays.get(scope)?.check();
    this.#changedScopes.clear();
  }
}
