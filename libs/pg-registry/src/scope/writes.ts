import type { Processes } from '../lifetime';
import type { Expression, Pattern, Predicate } from '../match';
import { OptionChecks, type Key, type Pid, type Value } from '../term';
import { invalid, type ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';
import type { Queries } from './queries';
import { OwnEntry, type Registration } from './registration';

const REPLICATED_CHECKS: OptionChecks = new OptionChecks(
  'What was written goes on to the peers.',
  'replicated()',
);
const DEFAULT_TIMEOUT_MS = 5000;

/** The writes of a {@link PgRegistryService}: checks every argument before the run changes anything. */
export class Writes {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;
  readonly #queries: Queries;
  readonly #processes: Processes;

  constructor(current: CurrentRun, checks: ArgumentChecks, queries: Queries, processes: Processes) {
    this.#current = current;
    this.#checks = checks;
    this.#queries = queries;
    this.#processes = processes;
  }

  register(key: unknown, value: unknown): Registration {
    const normal = this.#checks.key(key);
    const stored = this.#checks.value(value);
    const run = this.#current.require();
    const { pid } = this.#checks.self();
    return new OwnEntry(run, run.join(normal, [pid], stored)[0].rows[0], this.#checks);
  }

  unregister(key: unknown): void {
    const normal = this.#checks.key(key);
    const { pid } = this.#processes.self();
    this.#current.require().leave(normal, [pid]);
  }

  join(key: unknown, pids: unknown, value: unknown): void {
    const normal = this.#checks.key(key);
    const stored = this.#checks.value(value);
    const members = this.#checks.members(pids);
    this.#current.require().join(normal, this.#checks.living(members), stored);
  }

  leave(key: unknown, pids: unknown): boolean {
    const normal = this.#checks.key(key);
    const members = this.#checks.localPids(pids);
    const left = this.#current.require().leave(normal, members);
    return left || members.length === 0;
  }

  updateValue(key: unknown, next: unknown, pid: unknown): boolean {
    const normal = this.#checks.key(key);
    const member = this.#checks.localPid(pid);
    if (isUpdater(next)) return this.#updateBy(normal, member, next);
    const stored = this.#checks.value(next);
    return this.#current.require().update(normal, member, () => stored);
  }

  unregisterMatch(
    key: unknown,
    pattern: Pattern | Predicate<never>,
    guards: readonly Expression[] | undefined,
    pid: unknown,
  ): number {
    const normal = this.#checks.key(key);
    const member = this.#checks.localPid(pid);
    const rows = this.#queries.matchingRows(normal, pattern, guards, member);
    return this.#current.require().leaveEntries(rows);
  }

  async replicated(options: { readonly timeoutMs?: number | undefined }): Promise<void> {
    REPLICATED_CHECKS.names(options, ['timeoutMs']);
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const limitMs = REPLICATED_CHECKS.timeout('timeoutMs', timeoutMs);
    return this.#current.require().replication.replicated(limitMs);
  }

  /** Calls the function for every entry before the first changes, so that all values change or none does. */
  #updateBy(key: Key, pid: Pid, next: (old: Value) => unknown): boolean {
    const run = this.#current.require();
    const before = run.replication.operations.last;
    const values = run.table.valuesOf(key, pid).map((old) => this.#checks.value(next(old)));
    run.checkRunning();
    if (run.replication.operations.last !== before) {
      throw invalid(`The function given to updateValue() must not write to scope '${run.name}'.`);
    }
    let index = 0;
    return run.update(key, pid, () => values[index++]!);
  }
}

/** Functions cannot be stored, so a function here is an updater. */
function isUpdater(next: unknown): next is (old: Value) => unknown {
  return typeof next === 'function';
}
