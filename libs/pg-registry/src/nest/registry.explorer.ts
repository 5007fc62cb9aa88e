import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { handlers } from './decorators/handlers.decorator';
import type { MethodMetadata } from './decorators/method-metadata';
import { membershipHandlers } from './decorators/on-membership.decorator';
import { scopeListeners } from './decorators/on-register.decorator';
import { viaRegistrationsOf } from './decorators/register-via.decorator';
import type { Decorated, Finding, ProviderWrapper } from './finding';
import { refuseMisuse } from './misuse';

/** Finds decorated providers and controllers, and says what is wrong with them. Returns plain data; mounts nothing. */
@Injectable()
export class RegistryExplorer {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;

  constructor(discovery: DiscoveryService, scanner: MetadataScanner) {
    this.#discovery = discovery;
    this.#scanner = scanner;
  }

  /**
   * Every provider and controller with a decorator of this library, in the order in which Nest knows them. An instance that
   * is provided under several tokens is found once.
   *
   * @throws InvalidOptionError naming class and method, for decorators that cannot work where they stand.
   */
  explore(): readonly Finding[] {
    const found: Finding[] = [];
    const instances = new Set<unknown>();
    for (const wrapper of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      const finding = this.find(wrapper);
      if (finding === undefined || !isDecorated(finding)) continue;
      refuseMisuse(finding);
      const instance: unknown = finding.requestScoped || wrapper.isTransient ? wrapper : wrapper.instance;
      if (!instances.has(instance)) found.push(finding);
      instances.add(instance);
    }
    return found;
  }

  /** What the decorators say of one provider's class; undefined if no class can be made out. */
  find(wrapper: ProviderWrapper): Finding | undefined {
    const type = classOf(wrapper);
    if (type === undefined) return undefined;
    const prototype = type.prototype as object;
    return {
      wrapper,
      type,
      requestScoped: !wrapper.isDependencyTreeStatic(),
      registrations: viaRegistrationsOf(type),
      handlers: this.#decorated(prototype, handlers),
      listeners: this.#decorated(prototype, scopeListeners),
      memberships: this.#decorated(prototype, membershipHandlers),
    };
  }

  #decorated<T>(prototype: object, said: MethodMetadata<T>): Decorated<T>[] {
    const methods = this.#scanner.getAllMethodNames(prototype);
    return methods.flatMap((method) => said.of(prototype, method).map((metadata) => ({ method, metadata })));
  }
}

function isDecorated(finding: Finding): boolean {
  const { registrations, listeners, memberships } = finding;
  return [registrations, finding.handlers, listeners, memberships].some(({ length }) => length > 0);
}

/**
 * The class whose instance the wrapper holds. An alias is another name of a provider that is found by its own; of what a
 * factory made, or a value, only the prototype tells the class (a `constructor` property may be anything on a Proxy).
 */
function classOf(wrapper: ProviderWrapper): Finding['type'] | undefined {
  if (wrapper.isAlias) return undefined;
  if (!wrapper.isNotMetatype) return wrapper.metatype as Finding['type'];
  const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  return prototype?.constructor as Finding['type'] | undefined;
}
