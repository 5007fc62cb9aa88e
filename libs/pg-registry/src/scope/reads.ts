import type { Entry } from '../table';
import { OptionChecks, type Key, type Pid } from '../term';
import { UNCHANGED, type ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';

const DISPATCH_CHECKS: OptionChecks = new OptionChecks(UNCHANGED, 'dispatch()');

/** The options of `dispatch`. */
export interface DispatchOptions {
  /** Whether to wait for what the callback returns: a promise, or an array of them. Default false. */
  readonly parallel?: boolean | undefined;
}

/** The reads of a {@link PgRegistryService} that need a check of their arguments, which then ask the run's table. */
export class Reads {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;

  constructor(current: CurrentRun, checks: ArgumentChecks) {
    this.#current = current;
    this.#checks = checks;
  }

  lookup(key: unknown): readonly Entry[] {
    const normal = this.#checks.key(key);
    return this.#current.require().table.lookup(normal);
  }

  lookupLocal(key: unknown): readonly Entry[] {
    const normal = this.#checks.key(key);
    return this.#current.require().table.lookupLocal(normal);
  }

  members(key: unknown): readonly Pid[] {
    const normal = this.#checks.key(key);
    return this.#current.require().table.members(normal);
  }

  membersLocal(key: unknown): readonly Pid[] {
    const normal = this.#checks.key(key);
    return this.#current.require().table.membersLocal(normal);
  }

  whereis(key: unknown): Pid | undefined {
    const normal = this.#checks.key(key);
    return this.#current.requireUnique('whereis').table.holder(normal);
  }

  keys(pid: unknown): readonly Key[] {
    const member = this.#checks.pid(pid);
    return this.#current.require().table.keysOf(member);
  }

  values(key: unknown, pid: unknown): readonly unknown[] {
    const normal = this.#checks.key(key);
    const member = this.#checks.pid(pid);
    return this.#current.require().table.valuesOf(normal, member);
  }

  groups(): readonly Key[] {
    return this.#current.require().table.groups();
  }

  groupsLocal(): readonly Key[] {
    return this.#current.require().table.groupsLocal();
  }

  dispatch(key: unknown, callback: unknown, options: DispatchOptions | undefined): Promise<void> | void {
    const normal = this.#checks.key(key);
    this.#checks.callback(callback, 'callback');
    if (options !== undefined) DISPATCH_CHECKS.names(options, ['parallel']);
    if (options?.parallel !== undefined) DISPATCH_CHECKS.boolean('parallel', options.parallel);
    const { table } = this.#current.require();
    const call = (): unknown => {
      const pids = table.members(normal);
      return pids.length > 0 ? callback(pids, table.lookup(normal)) : undefined;
    };
    if (options?.parallel === true) return settled(call);
    call();
  }
}

async function settled(call: () => unknown): Promise<void> {
  const result = await call();
  if (Array.isArray(result)) await Promise.all(result);
}
