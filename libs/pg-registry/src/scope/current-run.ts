import { UniqueKeysRequiredError } from '../term';
import type { ListenerNotifier } from './listener-notifier';
import { notRunning, type Scope } from './scope';

/**
 * The run that a {@link PgRegistryService} works on: a new one with each start of the scope, none while it is stopped.
 * Also keeps the listeners that were added at the service, which outlive the runs.
 */
export class CurrentRun {
  /** The name of the scope. */
  readonly scope: string;
  readonly #runningScopes: () => readonly string[];
  readonly #listeners = new Set<ListenerNotifier>();
  readonly #onListeners: () => void;
  #run: Scope | undefined;

  /**
   * @param runningScopes Names the scopes that run on the node now, for errors.
   * @param onListeners Called when the first listener was added, and when the last one was removed.
   */
  constructor(scope: string, runningScopes: () => readonly string[], onListeners: () => void) {
    this.scope = scope;
    this.#runningScopes = runningScopes;
    this.#onListeners = onListeners;
  }

  /** Makes `run` the current one, until the next. */
  attach(run: Scope): void {
    this.#run = run;
    for (const listener of this.#listeners) run.feed.listeners.add(listener);
  }

  /** Forgets the run, which has ended: its entries need not stay in memory as long as somebody holds the service. */
  detach(): void {
    this.#run = undefined;
  }

  /** Whether listeners wait for later runs. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** The run; undefined while the scope is stopped. */
  get run(): Scope | undefined {
    return this.#run?.running === true ? this.#run : undefined;
  }

  /** @throws ScopeNotRunningError while the scope is stopped. */
  require(): Scope {
    const run = this.#run;
    if (run === undefined || !run.running) throw notRunning(this.scope, this.#runningScopes());
    return run;
  }

  /**
   * The run of a scope with unique keys.
   *
   * @param operation The name of the method that needs them, for the message.
   * @throws ScopeNotRunningError while the scope is stopped; UniqueKeysRequiredError if its keys are duplicate.
   */
  requireUnique(operation: string): Scope {
    const run = this.require();
    if (run.options.keys === 'unique') return run;
    throw new UniqueKeysRequiredError(
      `${operation}() needs a scope with unique keys, and scope '${this.scope}' has duplicate keys. Start it with { keys: 'unique' }.`,
    );
  }

  /**
   * Adds a listener to this run and all later ones.
   *
   * @returns A function that removes it again.
   */
  addListener(listener: ListenerNotifier): () => void {
    this.#listeners.add(listener);
    this.run?.feed.listeners.add(listener);
    if (this.#listeners.size === 1) this.#onListeners();
    return () => {
      this.#run?.feed.listeners.delete(listener);
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onListeners();
    };
  }
}
