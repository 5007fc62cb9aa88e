import {
  formatScopeOptions,
  type NormalScopeOptions,
  normalScopeOptions,
  PgRegistryService,
  sameScopeOptions,
  Scope,
  type ScopeDeps,
  type ReplicationPort,
  type ScopeOptions,
} from '../scope';
import { InvalidOptionError, ScopeAlreadyStartedError } from '../term';
import { isNameOnly } from './node-options';

/**
 * The scopes of one node: at most one run of each at a time, and one service per name, which outlives the runs.
 *
 * The service of a stopped scope is kept only as long as somebody holds it, or it has listeners for later runs: an
 * application may start and stop a scope for each document, for ever.
 */
export class NodeScopes {
  /** Of running scopes, and those with listeners. */
  readonly #services = new Map<string, PgRegistryService>();
  /** All others that may still be held by somebody. */
  readonly #idle = new Map<string, WeakRef<PgRegistryService>>();
  readonly #collected = new FinalizationRegistry((name: string) => {
    if (this.#idle.get(name)?.deref() === undefined) this.#idle.delete(name);
  });
  readonly #running = new Map<string, Scope>();

  readonly #deps: ScopeDeps;
  readonly #replicate: (scope: Scope) => ReplicationPort;
  readonly #maxScopes: number;

  /**
   * @param replicate Starts a run's stream to the peers
   * @param maxScopes How many may run at a time
   */
  constructor(deps: ScopeDeps, replicate: (scope: Scope) => ReplicationPort, maxScopes: number) {
    this.#deps = deps;
    this.#replicate = replicate;
    this.#maxScopes = maxScopes;
  }

  /** The service of a scope, running or not. The same object for the same name, as long as anybody holds it. */
  service(name: string): PgRegistryService {
    return this.#services.get(name) ?? this.#idle.get(name)?.deref() ?? this.#newService(name);
  }

  /** How many services are remembered, those included that were collected just now. */
  get remembered(): number {
    return this.#services.size + this.#idle.size;
  }

  /** The scope's present run. */
  running(name: string): Scope | undefined {
    return this.#running.get(name);
  }

  names(): readonly string[] {
    return [...this.#running.keys()];
  }

  /**
   * Starts a run.
   *
   * @throws ScopeAlreadyStartedError carrying the service of the run that goes on; its entries are untouched. InvalidOptionError if
   *   `maxScopes` run.
   */
  start(input: string | ScopeOptions): PgRegistryService {
    const options = normalScopeOptions(input);
    if (this.#running.has(options.name)) {
      throw new ScopeAlreadyStartedError(
        `Scope '${options.name}' is running on this node already; it goes on and keeps its entries.`,
        { running: this.service(options.name) },
      );
    }
    return this.#start(options);
  }

  /**
   * Starts a scope unless it runs. One that runs must have the same options, or the caller must give only its name.
   *
   * @throws InvalidOptionError naming both sets of options.
   */
  ensure(input: string | ScopeOptions): PgRegistryService {
    const options = normalScopeOptions(input);
    const running = this.#running.get(options.name);
    if (running === undefined) return this.#start(options);
    if (!isNameOnly(input) && !sameScopeOptions(running.options, options)) {
      throw new InvalidOptionError(
        `Scope '${options.name}' runs with ${formatScopeOptions(running.options)} and is asked for with ` +
          `${formatScopeOptions(options)}. Give the same options in both places, or only the name in one of them.`,
        { option: 'scopes' },
      );
    }
    return this.service(options.name);
  }

  /** Ends a run: its entries leave at the peers, its Observables complete here. False: it did not run. */
  stop(name: string): boolean {
    const scope = this.#running.get(name);
    if (scope === undefined) return false;
    this.#running.delete(name);
    scope.stop();
    // Race: an observer may have started the scope again while it stopped.
    if (!this.#running.has(name)) {
      const service = this.service(name);
      service.detach();
      this.#keep(service);
    }
    return true;
  }

  stopAll(): void {
    for (const name of this.names()) this.stop(name);
  }

  /** Every entry of this node leaves, in every scope. */
  leaveAll(): void {
    for (const scope of this.#running.values()) scope.leaveAll();
  }

  #start(options: NormalScopeOptions): PgRegistryService {
    const { name } = options;
    if (this.#running.size >= this.#maxScopes) {
      throw new InvalidOptionError(
        `Scope '${name}' was not started: ${this.#running.size} scopes run on this node, as many as option 'maxScopes' allows.`,
        { option: 'maxScopes' },
      );
    }
    const scope = new Scope(options, this.#deps, this.#replicate);
    this.#running.set(name, scope);
    const service = this.service(name);
    service.attach(scope);
    this.#keep(service);
    return service;
  }

  #newService(name: string): PgRegistryService {
    const service: PgRegistryService = new PgRegistryService(name, this.#deps, () => this.#keep(service));
    this.#collected.register(service, name);
    this.#keep(service);
    return service;
  }

  /** Holds a service as long as it has a run or listeners; otherwise whoever uses it has to. */
  #keep(service: PgRegistryService): void {
    const { scope: name } = service;
    if (this.#running.has(name) || service.hasListeners) {
      this.#services.set(name, service);
      this.#idle.delete(name);
    } else {
      this.#services.delete(name);
      this.#idle.set(name, new WeakRef(service));
    }
  }
}
