import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { InvalidOptionError } from '../term';
import { type HandlerMetadata, handlers as handlerMetadata } from './decorators/handlers.decorator';
import { type MembershipHandler, membershipHandlers } from './decorators/on-membership.decorator';
import { type ScopeListener, scopeListeners } from './decorators/on-register.decorator';
import type { MethodMetadata } from './decorators/method-metadata';
import { type ViaRegistration, viaRegistrationsOf } from './decorators/register-via.decorator';

/** Nest's record of one provider or controller. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** One decorated method and what was said of it. */
export interface Decorated<T> {
  readonly method: string;
  readonly metadata: T;
}

/** A class that the library has something to do with. */
export interface Finding {
  readonly wrapper: ProviderWrapper;
  readonly type: new (...args: never[]) => object;
  /** True: an instance per request, none of its own. */
  readonly requestScoped: boolean;
  readonly registrations: readonly ViaRegistration[];
  readonly handlers: readonly Decorated<HandlerMetadata>[];
  readonly listeners: readonly Decorated<ScopeListener>[];
  readonly memberships: readonly Decorated<MembershipHandler>[];
}

/** Finds decorated providers and controllers, once, and says what is wrong with them. Returns plain data; mounts nothing. */
@Injectable()
export class RegistryExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * Every class with a decorator of this library, in the order in which Nest knows them.
   *
   * @throws InvalidOptionError naming class and method, for decorators that cannot work where they stand.
   */
  explore(): readonly Finding[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap((wrapper) => this.#find(wrapper) ?? []);
  }

  /** The handlers of a class that is started as a process, not discovered. */
  handlersOf(type: abstract new (...args: never[]) => unknown): readonly Decorated<HandlerMetadata>[] {
    return this.#decorated(type.prototype as object, handlerMetadata);
  }

  #find(wrapper: ProviderWrapper): Finding | undefined {
    const type = classOf(wrapper);
    if (type === undefined) return undefined;
    const prototype = type.prototype as object;
    const finding: Finding = {
      wrapper,
      type,
      requestScoped: !wrapper.isDependencyTreeStatic(),
      registrations: viaRegistrationsOf(type),
      handlers: this.#decorated(prototype, handlerMetadata),
      listeners: this.#decorated(prototype, scopeListeners),
      memberships: this.#decorated(prototype, membershipHandlers),
    };
    if (finding.registrations.length + finding.listeners.length + finding.memberships.length === 0)
      return undefined;
    check(finding);
    return finding;
  }

  #decorated<T>(prototype: object, said: MethodMetadata<T>): Decorated<T>[] {
    const methods = this.scanner.getAllMethodNames(prototype);
    return methods.flatMap((method) => said.of(prototype, method).map((metadata) => ({ method, metadata })));
  }
}

/**
 * The class whose instance the wrapper holds. An alias is another name of a provider that is found by its own; of a
 * factory's or a value's product only the instance tells the class.
 */
function classOf(wrapper: ProviderWrapper): Finding['type'] | undefined {
  if (wrapper.isAlias) return undefined;
  if (!wrapper.isNotMetatype) return wrapper.metatype as Finding['type'] | undefined;
  const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
  if (typeof instance !== 'object' || instance === null) return undefined;
  return instance.constructor as Finding['type'] | undefined;
}

function check({
  wrapper,
  type,
  requestScoped,
  registrations,
  handlers,
  listeners,
  memberships,
}: Finding): void {
  const names = new Set<string>();
  for (const { method, metadata } of handlers) {
    const name = `${metadata.kind} '${metadata.name}'`;
    if (names.has(name))
      throw misuse(`${type.name}.${method} handles ${name}, which another method handles already.`);
    names.add(name);
  }
  if (wrapper.isTransient && registrations.length > 0) {
    throw misuse(
      `${type.name} is transient and carries @RegisterVia: there would be an entry per injection. ` +
        `Make it a singleton, or start it as a process: processes.start(${type.name}, { via }).`,
    );
  }
  if (!requestScoped) return;
  for (const { key, value } of registrations) {
    if (typeof key !== 'function' && typeof value !== 'function') continue;
    throw misuse(
      `${type.name} is request-scoped: at start-up it has no instance that @RegisterVia could compute a key or value from. ` +
        `Give a literal key and value, or make it a singleton.`,
    );
  }
  const [method] = [...listeners, ...memberships];
  if (method !== undefined) {
    throw misuse(
      `${type.name}.${method.method} listens to a scope, and ${type.name} is request-scoped: no instance could be told. ` +
        `Move the method to a singleton.`,
    );
  }
}

function misuse(message: string): InvalidOptionError {
  return new InvalidOptionError(message, { option: 'decorators' });
}
