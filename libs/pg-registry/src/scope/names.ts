import {
  AlreadyRegisteredError,
  formatKey,
  isPid,
  NotRegisteredError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import { Via } from '../calls';
import { describe, invalid } from './arguments';
import type { KeyOf, Row } from './row';
import { RegistryWrites } from './writes';

/** The via protocol, on this node: processes under names, found and spoken to by them. Nothing here asks another node. */
export abstract class RegistryNames<R extends Row = Row> extends RegistryWrites<R> {
  /**
   * Registers a living process of this node under a name. Mirrors `PgRegistry.register_name/2`.
   *
   * @returns False if the scope has unique keys and this node has a holder.
   * @throws InvalidArgumentError for a name of another scope; otherwise like {@link join}.
   */
  registerName(name: Via, pid: Pid): boolean {
    const { key, value } = this.#own(name);
    const members = this.args.members([pid]);
    const run = this.running();
    try {
      run.join(key, this.args.living(members), value);
      return true;
    } catch (error) {
      if (error instanceof AlreadyRegisteredError) return false;
      throw error;
    }
  }

  /**
   * Removes every entry that processes of this node have under a name, in one operation, newest first for each process.
   * Mirrors `PgRegistry.unregister_name/1`.
   *
   * @throws InvalidArgumentError for a name of another scope.
   */
  unregisterName(name: Via): void {
    const { key } = this.#own(name);
    this.running().leaveKey(key);
  }

  /**
   * This node's holder of a name, or undefined. Mirrors `PgRegistry.whereis_name/1`.
   *
   * @throws InvalidArgumentError for a name of another scope; UniqueKeysRequiredError if the scope has duplicate keys.
   */
  whereisName(name: Via): Pid | undefined {
    const { key } = this.#own(name);
    return this.uniqueRun('whereisName').table.holder(key);
  }

  /**
   * Hands a message to a process and does not wait. A pid is always a destination, never a key; a name or key stands for
   * this node's holder. Mirrors `PgRegistry.send/2`.
   *
   * @returns The pid that the message went to.
   * @throws NotRegisteredError if this node has no holder; UniqueKeysRequiredError for a name or key in a scope with
   * duplicate keys; InvalidArgumentError for a name of another scope.
   */
  send(destination: Via | Pid | KeyOf<R>, message: unknown): Pid {
    const pid = isPid(destination) ? destination : this.#holder(destination);
    this.running();
    this.host.send(pid, message);
    return pid;
  }

  #holder(destination: unknown): Pid {
    const key = destination instanceof Via ? this.#own(destination).key : this.args.key(destination);
    const pid = this.uniqueRun('send').table.holder(key);
    if (pid !== undefined) return pid;
    throw new NotRegisteredError(
      `No process of this node is registered under ${formatKey(key)} in scope '${this.scope}'; nothing was sent.`,
      {},
    );
  }

  /** The key and value of a name of this scope. */
  #own(name: unknown): { key: Key; value: Value } {
    if (!(name instanceof Via))
      throw invalid(`Expected a name made by via(scope, key), not ${describe(name)}.`);
    if (name.scope === this.scope)
      return { key: this.args.key(name.key), value: this.args.value(name.value) };
    throw invalid(`The name belongs to scope '${name.scope}', and this is '${this.scope}'.`);
  }
}
