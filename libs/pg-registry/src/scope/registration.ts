import type { Row } from '../table';
import type { Key, Pid, Value } from '../term';
import type { ArgumentChecks } from './argument-checks';
import type { Scope } from './scope';

/**
 * One entry that `register` made: what the caller keeps to change or remove exactly this entry, whatever else its process
 * has under the key. Once the entry has gone, {@link update} and {@link unregister} answer false.
 */
export interface Registration<K = Key, V = unknown> extends Disposable {
  /** Names the entry in the whole cluster, for ever. */
  readonly id: string;
  /** Under what it is registered, in normal form. */
  readonly key: K;
  /** The process that it is registered for. */
  readonly pid: Pid;
  /** The value now; the last one once the entry has gone. */
  readonly value: V;

  /**
   * Gives this entry another value; it keeps its place in every lookup. Delivered when the call returns.
   *
   * @returns False if the entry has gone; nothing happens then.
   * @throws InvalidValueError, ValueTooLargeError for a value that cannot be stored.
   * @throws ScopeNotRunningError if the run in which the entry was made has ended.
   */
  update(value: V): boolean;

  /**
   * Removes this entry. The end of a `using` block does the same.
   *
   * @returns False if it had gone already, with its process or its scope for example.
   */
  unregister(): boolean;
}

/** A registration in a run of a scope. */
export class OwnEntry implements Registration {
  readonly #scope: Scope;
  readonly #args: ArgumentChecks;
  /** The newest row of the entry that this object has seen. */
  #row: Row;

  constructor(scope: Scope, row: Row, args: ArgumentChecks) {
    this.#scope = scope;
    this.#row = row;
    this.#args = args;
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
    const stored = this.#args.value(value);
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
