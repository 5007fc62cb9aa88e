import { Injectable, Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { PgRegistryNode } from '../node';
import { type LocalProcess, ProcessService } from '../process';
import { AlreadyRegisteredError, formatKey, type Key, type Value } from '../term';
import type { ViaRegistration } from './decorators/register-via.decorator';
import { HandlerMount } from './handler-mount';
import type { Finding } from './registry.explorer';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** Mounts what the explorer found, and takes it down again: processes, entries, listeners, subscriptions. */
@Injectable()
export class RegistryOrchestrator {
  readonly #logger = new Logger('PgRegistry');
  readonly #processes: LocalProcess[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #subscriptions: Subscription[] = [];

  constructor(
    private readonly node: PgRegistryNode,
    private readonly processes: ProcessService,
    private readonly handlers: HandlerMount,
  ) {}

  /**
   * Listeners and subscriptions first, so that they hear of the registrations that follow.
   *
   * @throws AlreadyRegisteredError naming holder and class; ScopeNotRunningError naming a scope that nobody started.
   */
  mount(findings: readonly Finding[]): void {
    for (const finding of findings) this.#listen(finding);
    for (const finding of findings) this.#subscribe(finding);
    for (const finding of findings) this.#register(finding);
  }

  /** Idempotent. */
  unmount(): void {
    for (const process of this.#processes.splice(0)) process.exit('shutdown');
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    for (const remove of this.#listeners.splice(0)) remove();
  }

  #register(finding: Finding): void {
    const { registrations, type, wrapper, requestScoped } = finding;
    if (registrations.length === 0) return;
    const instance = requestScoped ? undefined : (wrapper.instance as object);
    const process = this.processes.mount({
      label: type.name,
      handlers: this.handlers.of(finding),
      serial: registrations.some(({ serial }) => serial),
    });
    this.#processes.push(process);
    for (const registration of registrations) this.#join(process, registration, instance, type.name);
  }

  #join(
    process: LocalProcess,
    registration: ViaRegistration,
    instance: object | undefined,
    owner: string,
  ): void {
    const key = valueFor<Key>(registration.key, instance);
    const value = valueFor<Value>(registration.value, instance);
    try {
      this.node.scope(registration.scope).join(key, process.pid, value);
    } catch (error) {
      if (!(error instanceof AlreadyRegisteredError)) throw error;
      throw new AlreadyRegisteredError(
        `@RegisterVia('${registration.scope}', ${formatKey(key)}) of ${owner}: the key is unique and ${String(error.pid)} on this ` +
          `node holds it already. Choose another key, or start the scope with keys: 'duplicate'.`,
        { pid: error.pid },
      );
    }
  }

  #listen({ listeners, wrapper, type }: Finding): void {
    for (const { method, metadata } of listeners) {
      const instance = wrapper.instance as Methods;
      const remove = this.node.scope(metadata.scope).addListener({
        [metadata.event]: (entry: unknown) =>
          this.#guarded(`${type.name}.${method}`, () => instance[method](entry)),
      });
      this.#listeners.push(remove);
    }
  }

  #subscribe({ memberships, wrapper, type }: Finding): void {
    for (const { method, metadata } of memberships) {
      const instance = wrapper.instance as Methods;
      const events = this.node.scope(metadata.scope).monitor(metadata.key);
      this.#subscriptions.push(
        events.subscribe((event) => this.#guarded(`${type.name}.${method}`, () => instance[method](event))),
      );
    }
  }

  /** What a decorated method throws, at once or later, is logged and harms nobody. */
  #guarded(name: string, run: () => unknown): void {
    const log = (error: unknown): void =>
      this.#logger.error(`${name} threw: ${String(error)}`, error instanceof Error ? error.stack : undefined);
    try {
      const result = run();
      if (result instanceof Promise) result.catch(log);
    } catch (error) {
      log(error);
    }
  }
}

function valueFor<T>(given: T | ((instance: object) => T), instance: object | undefined): T {
  return typeof given === 'function' ? (given as (instance: object) => T)(instance!) : given;
}
