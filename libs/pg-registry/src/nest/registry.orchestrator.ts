import { Injectable } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { PgRegistryNode } from '../node';
import { type LocalProcess } from '../lifetime';
import { ProcessService } from '../process';
import type { PgRegistryService } from '../scope';
import { AlreadyRegisteredError, formatKey, type Key, type Value } from '../term';
import type { ViaRegistration } from './decorators/register-via.decorator';
import type { Finding } from './finding';
import { HandlerMount } from './handler-mount';
import { misuse } from './misuse';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** Mounts what the explorer found, and takes it down again: processes, entries, listeners, subscriptions. */
@Injectable()
export class RegistryOrchestrator {
  readonly #mounted: LocalProcess[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #subscriptions: Subscription[] = [];

  readonly #node: PgRegistryNode;
  readonly #processes: ProcessService;
  readonly #handlers: HandlerMount;

  constructor(node: PgRegistryNode, processes: ProcessService, handlers: HandlerMount) {
    this.#node = node;
    this.#processes = processes;
    this.#handlers = handlers;
  }

  /**
   * Listeners and subscriptions first, so that they hear of the registrations that follow.
   *
   * @throws AlreadyRegisteredError naming holder and class; InvalidOptionError naming class and method for a scope that
   *   nobody started, a key or value without a normal form, or a function that throws.
   */
  mount(findings: readonly Finding[]): void {
    for (const finding of findings) this.#listen(finding);
    for (const finding of findings) this.#subscribe(finding);
    for (const finding of findings) this.#register(finding);
  }

  /** Idempotent. */
  unmount(): void {
    for (const process of this.#mounted.splice(0)) process.exit('shutdown');
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    for (const remove of this.#listeners.splice(0)) remove();
  }

  #listen({ listeners, wrapper, type }: Finding): void {
    for (const { method, metadata } of listeners) {
      const name = `${type.name}.${method}`;
      const instance = wrapper.instance as Methods;
      const call = (entry: unknown): void =>
        this.#guarded(metadata.scope, name, () => instance[method](entry));
      const remove = at(name, () => this.#running(metadata.scope).addListener({ [metadata.event]: call }));
      this.#listeners.push(remove);
    }
  }

  #subscribe({ memberships, wrapper, type }: Finding): void {
    for (const { method, metadata } of memberships) {
      const name = `${type.name}.${method}`;
      const instance = wrapper.instance as Methods;
      const events = at(name, () => this.#running(metadata.scope).monitor(metadata.key));
      const call = (event: unknown): void =>
        this.#guarded(metadata.scope, name, () => instance[method](event));
      this.#subscriptions.push(events.subscribe(call));
    }
  }

  #register(finding: Finding): void {
    const { registrations, type, wrapper, requestScoped } = finding;
    if (registrations.length === 0) return;
    const instance = requestScoped ? undefined : (wrapper.instance as object);
    const process = this.#processes.mount({
      label: type.name,
      handlers: this.#handlers.ofProvider(finding),
      serial: registrations.some(({ serial }) => serial),
    });
    this.#mounted.push(process);
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
        `@RegisterVia('${scope}', ${formatKey(key)}) of ${owner}: the key is unique and ${this.#nameOf(error.pid.id)} ` +
          `${String(error.pid)} on this node holds it already. Choose another key, or start the scope with keys: 'duplicate'.`,
        { pid: error.pid },
      );
    }
  }

  /** The class behind a pid of this node, if it was mounted here. */
  #nameOf(id: number): string {
    return this.#mounted.find(({ pid }) => pid.id === id)?.label ?? 'a process';
  }

  /** @throws ScopeNotRunningError, which a listener would not cause. */
  #running(scope: string): PgRegistryService {
    const registry = this.#node.scope(scope);
    void registry.keysMode;
    return registry;
  }

  /** What a decorated method throws, at once or later, is logged and harms nobody. */
  #guarded(scope: string, name: string, run: () => unknown): void {
    const log = (error: unknown): void => this.#node.logFailure(scope, name, `${name} threw`, error);
    try {
      const result = run();
      if (result instanceof Promise) result.catch(log);
    } catch (error) {
      log(error);
    }
  }
}

/** Says of everything that goes wrong in a step of mounting where in the user's code it began. */
function at<T>(place: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof AlreadyRegisteredError) throw error;
    throw misuse(`${place}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function valueFor<T>(given: T | ((instance: object) => T), instance: object | undefined): T {
  return typeof given === 'function' ? (given as (instance: object) => T)(instance!) : given;
}
