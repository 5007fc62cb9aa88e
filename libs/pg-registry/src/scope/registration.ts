import type { Row as TableRow } from '../table';
import type { Key, Pid, Value } from '../term';
import type { ArgumentChecks } from './argument-checks';
import type { Scope } from './scope';

/**
 * The entry that a call of `register` made. Changes or removes exactly this entry, whatever else its process has under the
 * key. Once the entry is removed, {@link update} and {@link unregister} return false.
 */
export interface Registration<K = Key, V = unknown> extends Disposable {
  /** Identifies the entry in the whole cluster; never used again. */
  readonly id: string;
  /** The key of the entry, in normal form. */
  readonly key: K;
  /** The process that is registered. */
  readonly pid: Pid;
  /** The value now; the last value once the entry is removed. */
  readonly value: V;

  /**
   * Replaces the value of this entry, which keeps its place in every lookup. The event is delivered when the call returns.
   *
   * @returns False if the entry was removed; nothing happens then.
   * @throws InvalidValueError, ValueTooLargeError for a value that cannot be stored.
   * @throws ScopeNotRunningError if the scope was stopped since, even if it runs again.
   */
  update(value: V): boolean;

  /**
   * Removes this entry. The end of a `using` block does the same.
   *
   * @returns False if it was removed before, with its process or its scope for example.
   */
  unregister(): boolean;
}

/** The {@link Registration} of an entry of this node in one run of a scope. */
export class OwnEntry implements Registration {
  readonly #scope: Scope;
  readonly #checks: ArgumentChecks;
  /** The row of the entry when it was last read: the table replaces the row at each update. */
  #row: TableRow;

  constructor(scope: Scope, row: TableRow, checks: ArgumentChecks) {
    this.#scope = scope;
    this.#row = row;
    this.#checks = checks;
  }

  get id(): string {
    return this.#row.entry.id;
  }

  get key(): Key {
    return this.#row.key;
  }

  get pid(): Pid {
    return this.#row.pid;
  }

  get value(): Value {
    this.#row = this.#scope.table.rowByNumber(this.pid.incarnation, this.#row.number) ?? this.#row;
    return this.#row.value;
  }

  update(value: unknown): boolean {
    const stored = this.#checks.value(value);
    this.#scope.checkRunning();
    return this.#scope.updateEntry(this.#row.number, stored);
  }

  unregister(): boolean {
    return this.#scope.running && this.#scope.leaveEntry(this.#row.number);
  }

  [Symbol.dispose](): void {
    this.unregister();
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { id, key, pid, value } = this;
    return { id, key, pid, value };
  }
}
