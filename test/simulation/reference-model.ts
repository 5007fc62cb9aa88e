import type { Diff, Row } from '../../libs/pg-registry/src/table';
import {
  formatKey,
  samePid,
  sameKey,
  sameValue,
  type Key,
  type Pid,
  type Value,
} from '../../libs/pg-registry/src/term';
import { Violation } from './invariants';
import type { ScopeName, SimulatedNode } from './simulated-node';

/** One run of a scope on one incarnation of a node. */
interface Run {
  readonly scope: ScopeName;
  readonly since: number;
  readonly isFirst: boolean;
  over: boolean;
}

/** Every value that one entry ever had. */
interface EntryHistory {
  readonly key: Key;
  readonly pid: Pid;
  readonly run: Run;
  readonly values: Map<number, Value>;
  left: boolean;
}

/** A write of more entries is several operations. */
const ENTRIES_OF_OPERATION = 2000;

/** Everything that the owners wrote, to compare other nodes' entries with. */
export class ReferenceModel {
  readonly #entries = new Map<string, EntryHistory>();
  readonly #runs = new Map<string, Run>();

  /** A scope started on a node. */
  scopeStarted(node: SimulatedNode, scope: ScopeName, since: number): void {
    const id = runOf(node.incarnation, scope);
    this.#runs.set(id, { scope, since, isFirst: !this.#runs.has(id), over: false });
  }

  /** Returns since when the scope runs on the node without a break. */
  runsSince(node: SimulatedNode, scope: ScopeName): number {
    return this.#runs.get(runOf(node.incarnation, scope))?.since ?? Infinity;
  }

  /** Tells whether the scope has been running since the node's start. */
  isFirstRun(node: SimulatedNode, scope: ScopeName): boolean {
    return this.#runs.get(runOf(node.incarnation, scope))?.isFirst ?? false;
  }

  /** A scope stopped on a node; its entries ended with it. */
  scopeStopped(node: SimulatedNode, scope: ScopeName): void {
    const run = this.#runs.get(runOf(node.incarnation, scope));
    if (run !== undefined) run.over = true;
  }

  wrote(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void {
    const run = this.#runs.get(runOf(node.incarnation, scope))!;
    for (const { kind, rows } of diff) {
      for (const [at, row] of rows.entries()) {
        const itsRevision = revision + Math.floor(at / ENTRIES_OF_OPERATION);
        if (row.pid.incarnation !== node.incarnation)
          throw new Violation(1, `${node.name} wrote ${textOf(row)}, which is not its own.`);
        const id = idOf(row);
        if (kind === 'join') {
          const { key, pid, value } = row;
          this.#entries.set(id, { key, pid, run, values: new Map([[itsRevision, value]]), left: false });
        } else if (kind === 'leave') this.#entries.get(id)!.left = true;
        else this.#entries.get(id)!.values.set(itsRevision, row.value);
      }
    }
  }

  /** Tells whether the owner has the entry at present. */
  contains(row: Row): boolean {
    const entry = this.#entries.get(idOf(row));
    return entry !== undefined && !entry.left && !entry.run.over;
  }

  /** Checks that a node's copy of an entry is one that its owner wrote. @throws Violation */
  checkRow(node: SimulatedNode, scope: string, row: Row): void {
    const fail = (why: string): never => {
      throw new Violation(1, `${node.name} holds ${textOf(row)}, ${why}.`);
    };
    if (row.pid.incarnation === node.incarnation) fail('its own, by the word of a peer');
    const entry = this.#entries.get(idOf(row)) ?? fail('which nobody wrote');
    if (entry.run.scope !== scope) fail(`which was written in scope ${entry.run.scope}`);
    if (!sameKey(entry.key, row.key) || !samePid(entry.pid, row.pid))
      fail('which has another key or process');
    if (!entry.values.has(row.revision)) fail('a revision that never was');
    if (!sameValue(entry.values.get(row.revision), row.value)) fail('with a value that it never had then');
  }
}

export function idOf({ pid, number }: Row): string {
  return `${pid.incarnation}:${number}`;
}

export function textOf(row: Row): string {
  return `entry ${row.number} of ${row.pid.node} (${row.pid.incarnation.slice(-3)}) under ${formatKey(row.key)}, revision ${row.revision}`;
}

function runOf(incarnation: string, scope: ScopeName): string {
  return `${incarnation} ${scope}`;
}
