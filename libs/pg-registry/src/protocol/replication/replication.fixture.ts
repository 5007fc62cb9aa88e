import { type Diff, type Row, Table } from '../../table';
import { DEFAULT_VALUE_LIMITS, formatKey, type Pid, PidInterner, sameValue } from '../../term';
import { protocolOptions, type ProtocolOptions } from '../options';
import type { StreamKind } from '../frame';
import { ReplicationBudget } from './budget';
import type { ReplicationEffect, StreamPeer } from './effect';
import { Replicator } from './replicator';

/** A small deterministic generator (mulberry32), so that a seed names a history. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a link does to frames; all zero is a perfect one. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  /** Frames take up to so long, each its own time, so they overtake each other. */
  readonly delayMs: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplication: 0, delayMs: 0 };

/** Entries as `number → "key=value@revision"`, for comparing what two nodes hold of one owner. */
export type Picture = ReadonlyMap<number, string>;

const textOf = (row: Row): string =>
  `${formatKey(row.key)} ${row.pid.id} ${formatKey(row.value as string)}@${row.revision}`;

/** One node with one scope: table, Replicator, and a picture that is kept by folding the diffs, checked against the table at every step. */
export class TestNode implements StreamPeer {
  readonly incarnation: string;
  readonly pids = new PidInterner();
  readonly budget: ReplicationBudget;
  readonly counts: Record<string, number> = {};
  readonly warnings: string[] = [];
  readonly replies: Extract<ReplicationEffect, { type: 'replicated' }>[] = [];
  readonly diffs: { diff: Diff; cause: string }[] = [];
  table!: Table;
  replicator!: Replicator;
  run = 0;
  connected = false;
  private numbers = 0;
  private folded = new Map<string, Row>();

  constructor(
    readonly node: string,
    index: number,
    readonly mesh: TestMesh,
    options: ProtocolOptions,
    private readonly maxBodyBytes: number,
  ) {
    this.incarnation = index.toString(16).padStart(16, '0');
    this.budget = new ReplicationBudget(options);
    this.start();
  }

  /** Starts a new run of the scope. */
  start(): void {
    this.run++;
    this.folded = new Map();
    this.table = new Table({ node: this.node, incarnation: this.incarnation, keys: 'duplicate' });
    this.replicator = new Replicator({
      scope: 'test',
      run: this.run,
      node: this.node,
      incarnation: this.incarnation,
      table: this.table,
      pids: this.pids,
      limits: DEFAULT_VALUE_LIMITS,
      maxBodyBytes: this.maxBodyBytes,
      budget: this.budget,
      random: this.mesh.random,
    });
  }

  pid(id: number): Pid {
    return this.pids.intern(this.node, this.incarnation, id);
  }

  connect(): void {
    if (this.connected) return;
    this.connected = true;
    this.budget.connected();
    this.perform(this.replicator.connected(this.mesh.now));
  }

  disconnect(): void {
    this.connected = false;
    this.budget.disconnected();
    this.perform(this.replicator.disconnected());
  }

  /** Registers processes; ids default to process 1. */
  join(key: string, value: string | number | null = null, ...ids: number[]): void {
    const pids = (ids.length === 0 ? [1] : ids).map((id) => this.pid(id));
    const next = (): number => ++this.numbers;
    this.wrote(this.table.join(key, pids, value, { next }, this.replicator.last + 1));
  }

  leave(key: string, id = 1): void {
    this.wrote(this.table.leave(key, [this.pid(id)]));
  }

  exit(id: number): void {
    this.wrote(this.table.leaveProcess(this.pid(id)));
  }

  update(key: string, value: string | number, id = 1): void {
    this.wrote(this.table.update(key, this.pid(id), () => value, this.replicator.last + 1));
  }

  /** Tells `to` what a hello says of this scope, at once and without faults. */
  announceTo(to: TestNode): void {
    this.perform(this.replicator.flush(this.mesh.now));
    to.perform(to.replicator.announced(this, this.replicator.digest(), this.mesh.now));
  }

  tick(): void {
    this.perform(this.replicator.tick(this.mesh.now));
  }

  receive(from: TestNode, kind: StreamKind, body: Uint8Array): void {
    if (this.connected) this.perform(this.replicator.receive(from, kind, body, this.mesh.now));
  }

  perform(effects: readonly ReplicationEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send')
        this.mesh.carry(this, effect.to as TestNode | undefined, effect.kind, effect.body);
      else if (effect.type === 'diff') this.changed(effect.diff, effect.cause);
      else if (effect.type === 'count')
        this.counts[effect.name] = (this.counts[effect.name] ?? 0) + effect.by;
      else if (effect.type === 'warn') this.warnings.push(effect.reason);
      else if (effect.type === 'replicated') this.replies.push(effect);
      else if (effect.type === 'flush') this.mesh.later(this.mesh.flushMs, () => this.flushDone());
    }
    this.check();
  }

  /** What this node holds of an owner. */
  picture(owner: string): Picture {
    const rows = [...this.table.rows()].filter((row) => row.pid.incarnation === owner);
    return new Map(rows.sort((a, b) => a.number - b.number).map((row) => [row.number, textOf(row)]));
  }

  /** The diffs of remote causes since the last call, as short text: `join k v`, … */
  events(): string[] {
    return this.diffs
      .splice(0)
      .flatMap(({ diff, cause }) =>
        diff.map(
          ({ kind, key, rows }) =>
            `${cause} ${kind} ${String(key)} ${rows.map((row) => String(row.value)).join(',')}`,
        ),
      );
  }

  private flushDone(): void {
    this.budget.flushed();
    this.perform(this.replicator.flushed(this.mesh.now));
  }

  private wrote(diff: Diff): void {
    if (diff.length === 0) return;
    this.fold(diff);
    this.perform(this.replicator.write(diff, this.mesh.now));
  }

  private changed(diff: Diff, cause: string): void {
    this.diffs.push({ diff, cause });
    this.fold(diff);
  }

  /** Applies a diff to the picture; an event that does not fit it is the failure the tests are after. */
  private fold(diff: Diff): void {
    for (const change of diff) {
      change.rows.forEach((row, at) => {
        const id = `${row.pid.incarnation}:${row.number}`;
        const known = this.folded.get(id);
        if (change.kind === 'join') {
          if (known !== undefined) throw new Error(`${this.node}: join of ${id}, which is there`);
          this.folded.set(id, row);
        } else if (known === undefined) {
          throw new Error(`${this.node}: ${change.kind} of ${id}, which is not there`);
        } else if (change.kind === 'leave') {
          this.folded.delete(id);
        } else {
          if (!sameValue(known.value, change.old[at]!.value))
            throw new Error(`${this.node}: update of ${id} from a wrong value`);
          this.folded.set(id, row);
        }
      });
    }
  }

  /** Invariant: snapshot plus diffs is what the table says. */
  private check(): void {
    let rows = 0;
    for (const row of this.table.rows()) {
      rows++;
      const known = this.folded.get(`${row.pid.incarnation}:${row.number}`);
      if (known === undefined || textOf(known) !== textOf(row)) {
        throw new Error(
          `${this.node}: the table has ${textOf(row)}, the events say ${known && textOf(known)}`,
        );
      }
    }
    if (rows !== this.folded.size)
      throw new Error(`${this.node}: ${this.folded.size} by events, ${rows} in the table`);
  }
}

/** Nodes joined by links with faults, in virtual time. */
export class TestMesh {
  now = 0;
  faults: Faults = NO_FAULTS;
  flushMs = 1;
  readonly nodes: TestNode[];
  readonly random: () => number;
  /** Every frame that was handed to the link. */
  sent = 0;
  /** Intercepts frames: return false to drop one. */
  filter: (from: TestNode, to: TestNode, kind: StreamKind, body: Uint8Array) => boolean = () => true;
  private readonly due: { at: number; order: number; run: () => void }[] = [];
  private order = 0;

  constructor(
    names: readonly string[],
    {
      seed = 1,
      maxBodyBytes = 500_000,
      ...options
    }: Partial<ProtocolOptions> & { seed?: number; maxBodyBytes?: number } = {},
  ) {
    this.random = randomFrom(seed);
    const all = protocolOptions(options);
    this.nodes = names.map((name, index) => new TestNode(name, index + 1, this, all, maxBodyBytes));
    for (const node of this.nodes) node.connect();
  }

  /** Everybody tells everybody what a hello would. */
  announceAll(): void {
    for (const from of this.nodes)
      for (const to of this.nodes) if (from.connected && to.connected) if (from !== to) from.announceTo(to);
  }

  carry(from: TestNode, to: TestNode | undefined, kind: StreamKind, body: Uint8Array): void {
    for (const receiver of to === undefined ? this.nodes : [to])
      if (receiver !== from) this.carryTo(from, receiver, kind, body);
  }

  later(delay: number, run: () => void): void {
    this.due.push({ at: this.now + delay, order: this.order++, run });
  }

  /** Runs everything up to `ms` from now. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      if (steps > 200_000) throw new Error('no rest: something is due again and again');
      const event = this.nextEvent();
      const node = this.nextNode();
      const at = Math.max(
        this.now,
        Math.min(event?.at ?? Infinity, node?.replicator.nextDeadline() ?? Infinity),
      );
      if (at > end) break;
      this.now = at;
      if (event !== undefined && event.at <= at) {
        this.due.splice(this.due.indexOf(event), 1);
        event.run();
      } else {
        node!.tick();
      }
    }
    this.now = end;
  }

  /** Do all nodes hold of each owner what the owner has? Returns the first difference in words. */
  difference(): string | undefined {
    for (const owner of this.nodes) {
      const truth = [...owner.picture(owner.incarnation)].join('\n');
      for (const node of this.nodes) {
        const view = [...node.picture(owner.incarnation)].join('\n');
        if (view !== truth) return `${node.node} holds of ${owner.node}:\n${view}\nbut it has:\n${truth}`;
      }
    }
    return undefined;
  }

  private carryTo(from: TestNode, to: TestNode, kind: StreamKind, body: Uint8Array): void {
    this.sent++;
    if (!from.connected || !this.filter(from, to, kind, body)) return;
    const { loss, duplication, delayMs } = this.faults;
    const copies = (this.random() < loss ? 0 : 1) + (this.random() < duplication ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) {
      this.later(0.2 + this.random() * delayMs, () => to.receive(from, kind, body.slice()));
    }
  }

  private nextEvent(): (typeof this.due)[number] | undefined {
    let first = this.due[0];
    for (const event of this.due) {
      if (event.at < first!.at || (event.at === first!.at && event.order < first!.order)) first = event;
    }
    return first;
  }

  private nextNode(): TestNode | undefined {
    let first: TestNode | undefined;
    for (const node of this.nodes) {
      if (first === undefined || node.replicator.nextDeadline() < first.replicator.nextDeadline())
        first = node;
    }
    return first;
  }
}
