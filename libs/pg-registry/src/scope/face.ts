import { UniqueKeysRequiredError } from '../term';
import { Arguments } from './arguments';
import type { ScopeHost } from './host';
import type { ListenerToken, RegistryListener } from './listener';
import { MountedListener } from './mounted-listener';
import type { KeysMode } from './options';
import { notRunning, type Scope } from './scope';

/** What every layer of the public face stands on: the checks of arguments, and the run that it speaks to. */
export abstract class RegistryFace {
  /** The scope's name. */
  readonly scope: string;
  /** @internal */
  protected readonly host: ScopeHost;
  /** @internal */
  protected readonly args: Arguments;
  /** Those that were added here: every run tells them. */
  readonly #listeners = new Set<MountedListener>();
  #run: Scope | undefined;

  /** @internal Made by node/, one per name. */
  constructor(scope: string, host: ScopeHost) {
    this.scope = scope;
    this.host = host;
    this.args = new Arguments(host);
  }

  /**
   * Whether a key may have many entries on this node, or one.
   *
   * @throws ScopeNotRunningError, for the mode belongs to the run.
   */
  get keysMode(): KeysMode {
    return this.running().options.keys;
  }

  /**
   * Adds a listener behind those that the scope was configured with, for this run and all later ones. It is called as
   * the process that adds it.
   *
   * @returns What removes it again.
   */
  addListener(listener: ListenerToken | RegistryListener): () => void {
    const mounted = new MountedListener(listener, this.host);
    this.#listeners.add(mounted);
    this.run()?.feed.listeners.add(mounted);
    return () => {
      this.#listeners.delete(mounted);
      this.#run?.feed.listeners.delete(mounted);
    };
  }

  /** @internal Makes `run` the one that this object speaks to, until the next. */
  attach(run: Scope): void {
    this.#run = run;
    for (const listener of this.#listeners) run.feed.listeners.add(listener);
  }

  /** @internal The run, or undefined while the scope is stopped. */
  protected run(): Scope | undefined {
    return this.#run?.running === true ? this.#run : undefined;
  }

  /** @internal The run, or ScopeNotRunningError. */
  protected running(): Scope {
    const run = this.#run;
    if (run === undefined || !run.running) throw notRunning(this.scope);
    return run;
  }

  /** @internal The run, if its keys are unique. */
  protected uniqueRun(operation: string): Scope {
    const run = this.running();
    if (run.options.keys === 'unique') return run;
    throw new UniqueKeysRequiredError(
      `${operation} needs unique keys, and scope '${this.scope}' has duplicate ones; start it with { keys: 'unique' }.`,
      {},
    );
  }
}
