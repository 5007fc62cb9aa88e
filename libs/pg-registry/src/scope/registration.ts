import type { Row as TableRow } from '../table';
import type { Key, Pid } from '../term';
import type { Arguments } from './arguments';
import type { Scope } from './scope';

/**
 * One entry that `register` made: what the caller keeps to change or remove exactly this entry, whatever else its process
 * has under the key. Ends with the entry: afterwards {@link update} and {@link unregister} answer false.
 */
export class Registration<K = Key, V = unknown> implements Disposable {
  readonly #scope: Scope;
  readonly #args: Arguments;
  /** The entry's newest row that this object has seen. */
  #row: TableRow;

  /** @internal */
  constructor(scope: Scope, row: TableRow, args: Arguments) {
    this.#scope = scope;
    this.#row = row;
    this.#args = args;
  }

  /** Names the entry in the whole cluster, for ever. */
  get id(): string {
    return this.#row.entry.id;
  }

  get key(): K {
    return this.#row.key as K;
  }

  get pid(): Pid {
    return this.#row.pid;
  }

  /** The value now; the last one once the entry has gone. */
  get value(): V {
    this.#row = this.#scope.table.rowByNumber(this.#row.pid.incarnation, this.#row.number) ?? this.#row;
    return this.#row.value as V;
  }

  /**
   * Gives this entry another value; it keeps its place in every lookup. Delivered when the call returns.
   *
   * @returns false if the entry has gone; nothing happens then.
   * @throws InvalidValueError, ValueTooLargeError for a value that cannot be stored.
   * @throws ScopeNotRunningError if the scope's run has ended.
   */
  update(value: V): boolean {
    const normal = this.#args.value(value);
    this.#scope.checkRunning();
    return this.#scope.updateEntry(this.#row.number, normal);
  }

  /** Removes this entry. @returns false if it had gone already, with its process or its scope for example. */
  unregister(): boolean {
    return this.#scope.running && this.#scope.leaveEntry(this.#row.number);
  }

  /** Removes the entry at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.unregister();
  }
}
