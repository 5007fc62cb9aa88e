import { type Diff, type Row, Table } from '../table';
import { DEFAULT_VALUE_LIMITS, formatKey, type Pid, PidInterner, sameValue, type Value } from '../term';
import type { StreamKind } from '../wire/frame';
import type { ProtocolOptions } from '../cluster/options';
import { ReplicationBudget } from './budget';
import type { ReplicationEffect, StreamPeer } from './effect';
import { Replicator } from './replicator';
import type { TestMesh } from './test-mesh.fixture';

/** Entries as `number → "key=value@revision"`, for comparing what two nodes hold of one owner. */
export type Picture = ReadonlyMap<number, string>;

const textOfValue = (value: Value): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value;

const textOf = (row: Row): string =>
  `${formatKey(row.key)} ${row.pid.id} ${textOfValue(row.value)}@${row.revision}`;

/** One node with one scope: table, Replicator, and a picture that is kept by folding the diffs, checked against the table at every step. */
export class TestNode implements StreamPeer {
  readonly incarnation: string;
  readonly pids = new PidInterner();
  readonly budget: ReplicationBudget;
  readonly counts: Record<string, number> = {};
  readonly warnings: string[] = [];
  readonly replies: Extract<ReplicationEffect, { type: 'replicated' }>[] = [];
  readonly timed: Extract<ReplicationEffect, { type: 'lag' | 'synced' }>[] = [];
  readonly diffs: { diff: Diff; cause: string }[] = [];
  table!: Table;
  replicator!: Replicator;
  run = 0;
  connected = false;
  #numbers = 0;
  #folded = new Map<string, Row>();

  constructor(
    readonly node: string,
    index: number,
    readonly mesh: TestMesh,
    options: ProtocolOptions,
    maxBodyBytes: number,
  ) {
    this.incarnation = index.toString(16).padStart(16, '0');
    this.budget = new ReplicationBudget(options);
    this.budget.limitBodies(maxBodyBytes);
    this.start();
  }

  /** Starts a new run of the scope. */
  start(): void {
    this.run += 1;
    this.#folded = new Map();
    this.table = new Table({ node: this.node, incarnation: this.incarnation, keys: 'duplicate' });
    this.replicator = new Replicator({
      scope: 'test',
      run: this.run,
      node: this.node,
      incarnation: this.incarnation,
      table: this.table,
      pids: this.pids,
      limits: DEFAULT_VALUE_LIMITS,
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
    const next = (): number => (this.#numbers += 1);
    this.#wrote(this.table.join(key, pids, value, { next }, this.replicator.last + 1));
  }

  leave(key: string, id = 1): void {
    this.#wrote(this.table.leave(key, [this.pid(id)]));
  }

  exit(id: number): void {
    this.#wrote(this.table.leaveProcess(this.pid(id)));
  }

  update(key: string, value: string | number, id = 1): void {
    this.#wrote(this.table.update(key, this.pid(id), () => value, this.replicator.last + 1));
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
      if (effect.type === 'send') this.mesh.carry(this, effect.to, effect.kind, effect.body);
      else if (effect.type === 'diff') this.#changed(effect.diff, effect.cause);
      else if (effect.type === 'count')
        this.counts[effect.name] = (this.counts[effect.name] ?? 0) + effect.by;
      else if (effect.type === 'warn') this.warnings.push(effect.reason);
      else if (effect.type === 'replicated') this.replies.push(effect);
      else if (effect.type === 'lag' || effect.type === 'synced') this.timed.push(effect);
      else if (effect.type === 'flush') this.mesh.later(this.mesh.flushMs, () => this.#flushDone());
    }
    if (effects.some(({ type }) => type === 'diff')) this.#check();
  }

  /** What this node holds of an owner. */
  picture(owner: string): Picture {
    const rows = [...this.table.rows()].filter((row) => row.pid.incarnation === owner);
    return new Map(rows.toSorted((a, b) => a.number - b.number).map((row) => [row.number, textOf(row)]));
  }

  /** The diffs of remote causes since the last call, as short text: `join k v`, … */
  events(): string[] {
    return this.diffs
      .splice(0)
      .flatMap(({ diff, cause }) =>
        diff.map(
          ({ kind, key, rows }) =>
            `${cause} ${kind} ${textOfValue(key)} ${rows.map((row) => textOfValue(row.value)).join(',')}`,
        ),
      );
  }

  #flushDone(): void {
    this.budget.flushed();
    this.perform(this.replicator.flushed(this.mesh.now));
  }

  #wrote(diff: Diff): void {
    if (diff.length === 0) return;
    this.#fold(diff);
    this.perform(this.replicator.write(diff, this.mesh.now));
  }

  #changed(diff: Diff, cause: string): void {
    this.diffs.push({ diff, cause });
    this.#fold(diff);
  }

  /** Applies a diff to the picture; an event that does not fit it is the failure the tests are after. */
  #fold(diff: Diff): void {
    for (const change of diff) {
      change.rows.forEach((row, at) => {
        const id = `${row.pid.incarnation}:${row.number}`;
        const known = this.#folded.get(id);
        if (change.kind === 'join') {
          if (known !== undefined) throw new Error(`${this.node}: join of ${id}, which is there`);
          this.#folded.set(id, row);
        } else if (known === undefined) {
          throw new Error(`${this.node}: ${change.kind} of ${id}, which is not there`);
        } else if (change.kind === 'leave') {
          this.#folded.delete(id);
        } else {
          if (!sameValue(known.value, change.old[at].value))
            throw new Error(`${this.node}: update of ${id} from a wrong value`);
          this.#folded.set(id, row);
        }
      });
    }
  }

  /** Invariant: snapshot plus diffs is what the table says, row for row. */
  #check(): void {
    const rows = this.table.rows();
    for (const row of rows) {
      const known = this.#folded.get(`${row.pid.incarnation}:${row.number}`);
      if (known === row) continue;
      throw new Error(`${this.node}: the table has ${textOf(row)}, the events say ${known && textOf(known)}`);
    }
    if (rows.length !== this.#folded.size) {
      throw new Error(`${this.node}: ${this.#folded.size} by events, ${rows.length} in the table`);
    }
  }
}
