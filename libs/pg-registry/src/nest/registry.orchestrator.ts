import { Injectable } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { PgRegistryNode } from '../node';
import { type LocalProcess, thenOf } from '../lifetime';
import { ProcessService } from '../process';
import type { PgRegistryService } from '../scope';
import { AlreadyRegisteredError, formatKey, KeyMap, messageOfThrown, type Key, type Value } from '../term';
import { type DecoratedProvider, identityOf } from './decorated-provider';
import type { ViaRegistration } from './decorators/register-via.decorator';
import { guardBy } from './decorators/on-leader.decorator';
import { decoratorError } from './decorator-checks';
import { GuardedHandlers } from './handlers/guarded-handlers';
import { singletonOf } from './singleton-provider';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** What was made for providers that were mounted together. */
class Mounted {
  readonly processes: LocalProcess[] = [];
  readonly subscriptions: Subscription[] = [];
  readonly listeners: (() => void)[] = [];

  /** Ends all of it. Idempotent. */
  end(): void {
    for (const process of this.processes.splice(0)) process.exit('shutdown');
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    for (const remove of this.listeners.splice(0)) remove();
  }
}

/** Mounts the providers that the explorer found, and unmounts them: their processes, entries, listeners and subscriptions. */
@Injectable()
export class RegistryOrchestrator {
  readonly #mounted: Mounted[] = [];
  /** The identities of providers that are mounted. */
  readonly #known = new Set<object>();

  readonly #node: PgRegistryNode;
  readonly #processes: ProcessService;
  readonly #handlers: GuardedHandlers;

  constructor(node: PgRegistryNode, processes: ProcessService, handlers: GuardedHandlers) {
    this.#node = node;
    this.#processes = processes;
    this.#handlers = handlers;
  }

  /**
   * Mounts those providers that are not mounted yet: listeners and subscriptions first, so that they hear of the registrations that
   * follow. If one fails, none of them is mounted.
   *
   * @throws AlreadyRegisteredError naming holder and class; InvalidOptionError naming class and method for a scope that
   *   nobody started, a key or value without a normal form, or a function that throws.
   */
  mount(providers: readonly DecoratedProvider[]): void {
    const mounted = new Mounted();
    const missing = providers.filter((provider) => !this.#known.has(identityOf(provider)));
    this.#mounted.push(mounted);
    try {
      const elections = this.#elections(missing);
      const leaderKeys = missing.flatMap((provider) => this.#leaderKeys(provider));
      for (const provider of missing) this.#listen(provider, mounted);
      for (const provider of missing) this.#subscribe(provider, mounted);
      for (const provider of missing) this.#register(provider, mounted);
      for (const { isEntity, type } of missing)
        if (isEntity) at(`@Entity of ${type.name}`, () => this.#node.mountEntity(type));
      // First: methods with @OnLeader of the same key then share its campaign.
      for (const [key, provider] of elections) this.#elect(key, provider);
      for (const key of leaderKeys) this.#node.names.lead(key);
    } catch (error) {
      mounted.end();
      throw error;
    }
    for (const provider of missing) this.#known.add(identityOf(provider));
  }

  /** Ends every process, subscription and listener that {@link mount} made. Idempotent. */
  unmount(): void {
    for (const mounted of this.#mounted.splice(0)) mounted.end();
    this.#known.clear();
  }

  /** The cluster singletons among providers, by their keys. @throws InvalidOptionError for two of one key */
  #elections(providers: readonly DecoratedProvider[]): KeyMap<DecoratedProvider> {
    const elections = new KeyMap<DecoratedProvider>();
    for (const provider of providers) {
      const { election, type } = provider;
      if (election === undefined) continue;
      const place = `@ClusterSingleton of ${type.name}`;
      const key = at(place, () => this.#node.names.singletonKey(election.key));
      const other = elections.get(key);
      if (other !== undefined)
        throw decoratorError(
          `${place}: ${formatKey(key)} is the key of ${other.type.name}, too. Choose another key.`,
        );
      elections.set(key, provider);
    }
    return elections;
  }

  #elect(key: Key, provider: DecoratedProvider): void {
    const handlers = this.#handlers.ofProvider(provider);
    this.#node.names.elect(key, singletonOf(provider, handlers, this.#processes));
  }

  /** Opens the methods with `@OnLeader`, which run nevertheless only once their keys are held. */
  #leaderKeys({ leads, wrapper, type }: DecoratedProvider): readonly Key[] {
    const { names } = this.#node;
    return leads.map(({ method, metadata }) => {
      const key = at(`${type.name}.${method}`, () => names.leaderKey(metadata.key));
      guardBy(names, wrapper.instance as object);
      return key;
    });
  }

  #listen({ listeners, wrapper, type }: DecoratedProvider, mounted: Mounted): void {
    for (const { method, metadata } of listeners) {
      const name = `${type.name}.${method}`;
      const instance = wrapper.instance as Methods;
      const call = (entry: unknown): void =>
        this.#logErrors(metadata.scope, name, () => instance[method](entry));
      const remove = at(name, () => this.#running(metadata.scope).addListener({ [metadata.event]: call }));
      mounted.listeners.push(remove);
    }
  }

  #subscribe({ memberships, wrapper, type }: DecoratedProvider, mounted: Mounted): void {
    for (const { method, metadata } of memberships) {
      const name = `${type.name}.${method}`;
      const instance = wrapper.instance as Methods;
      const events = at(name, () => this.#running(metadata.scope).monitor(metadata.key));
      const call = (event: unknown): void =>
        this.#logErrors(metadata.scope, name, () => instance[method](event));
      mounted.subscriptions.push(events.subscribe(call));
    }
  }

  #register(provider: DecoratedProvider, mounted: Mounted): void {
    const { registrations, type, wrapper, requestScoped } = provider;
    if (registrations.length === 0) return;
    const instance = requestScoped ? undefined : (wrapper.instance as object);
    const process = this.#processes.mount({
      label: type.name,
      handlers: this.#handlers.ofProvider(provider),
      serial: registrations.some(({ serial }) => serial),
    });
    mounted.processes.push(process);
    for (const registration of registrations) {
      at(`@RegisterVia('${registration.scope}', …) of ${type.name}`, () =>
        this.#join(process, registration, instance, type.name),
      );
    }
  }

  #join(
    process: LocalProcess,
    registration: ViaRegistration,
    instance: object | undefined,
    owner: string,
  ): void {
    const { scope } = registration;
    const key = valueFor<Key>(registration.key, instance);
    const value = valueFor<Value>(registration.value, instance);
    try {
      this.#running(scope).join(key, process.pid, value);
    } catch (error) {
      if (!(error instanceof AlreadyRegisteredError)) throw error;
      throw new AlreadyRegisteredError(
        `@RegisterVia('${scope}', ${formatKey(key)}) of ${owner}: the key is unique, and ${this.#nameOf(error.pid.id)} ` +
          `${String(error.pid)} on this node holds it already. Choose another key, or start the scope with keys: 'duplicate'.`,
        { pid: error.pid },
      );
    }
  }

  /** The class of the process with this id, if the orchestrator mounted it. */
  #nameOf(id: number): string {
    const processes = this.#mounted.flatMap((mounted) => mounted.processes);
    return processes.find(({ pid }) => pid.id === id)?.label ?? 'a process';
  }

  /** @throws ScopeNotRunningError now, because adding a listener would not throw it. */
  #running(scope: string): PgRegistryService {
    const registry = this.#node.scope(scope);
    void registry.keysMode;
    return registry;
  }

  /** Runs a decorated method, and logs what it throws or rejects with. */
  #logErrors(scope: string, name: string, run: () => unknown): void {
    const log = (error: unknown): void => this.#node.logFailure(scope, name, `${name} threw`, error);
    try {
      const result = run();
      if (thenOf(result) === 'callable') Promise.resolve(result).catch(log);
    } catch (error) {
      log(error);
    }
  }
}

/** Runs a step of mounting. Adds to its errors the place in the user's code that they come from. */
function at<T>(place: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof AlreadyRegisteredError) throw error;
    throw decoratorError(`${place}: ${messageOfThrown(error)}`, error);
  }
}

function valueFor<T>(given: T | ((instance: object) => T), instance: object | undefined): T {
  return typeof given === 'function' ? (given as (instance: object) => T)(instance!) : given;
}
