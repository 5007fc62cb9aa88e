import { Via } from '../calls';
import {
  AlreadyRegisteredError,
  describeValue,
  formatKey,
  isPid,
  NotRegisteredError,
  type Key,
  type Pid,
  type Value,
  isInstanceOf,
} from '../term';
import { invalid, type ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';
import type { ScopeDeps } from './scope-deps';

/** The via protocol of a {@link PgRegistryService}: registers, finds and messages processes of this node by name. */
export class ViaNames {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;
  readonly #deps: ScopeDeps;

  constructor(current: CurrentRun, checks: ArgumentChecks, deps: ScopeDeps) {
    this.#current = current;
    this.#checks = checks;
    this.#deps = deps;
  }

  registerName(name: unknown, pid: unknown): boolean {
    const { key, value } = this.#ofThisScope(name);
    const members = this.#checks.members([pid]);
    const run = this.#current.require();
    try {
      run.join(key, this.#checks.living(members), value);
      return true;
    } catch (error) {
      if (error instanceof AlreadyRegisteredError) return false;
      throw error;
    }
  }

  unregisterName(name: unknown): void {
    const { key } = this.#ofThisScope(name);
    this.#current.require().leaveKey(key);
  }

  whereisName(name: unknown): Pid | undefined {
    const { key } = this.#ofThisScope(name);
    return this.#current.requireUnique('whereisName').table.holder(key);
  }

  send(destination: unknown, message: unknown): Pid {
    const pid = isPid(destination) ? destination : this.#holder(destination);
    this.#current.require();
    this.#deps.send(pid, message);
    return pid;
  }

  #holder(destination: unknown): Pid {
    const key = isInstanceOf(destination, Via)
      ? this.#ofThisScope(destination).key
      : this.#checks.key(destination);
    const pid = this.#current.requireUnique('send').table.holder(key);
    if (pid !== undefined) return pid;
    throw new NotRegisteredError(
      `No process of this node is registered under ${formatKey(key)} in scope '${this.#current.scope}'. Nothing was sent.`,
      {},
    );
  }

  /** Returns the key and value of a name, which must belong to this scope. */
  #ofThisScope(name: unknown): { key: Key; value: Value } {
    const { scope } = this.#current;
    if (!isInstanceOf(name, Via))
      throw invalid(`A name must be made by via(scope, key) (got ${describeValue(name)}).`);
    if (name.scope === scope)
      return { key: this.#checks.key(name.key), value: this.#checks.value(name.value) };
    throw invalid(`The name must belong to scope '${scope}' (got one of scope '${name.scope}').`);
  }
}
