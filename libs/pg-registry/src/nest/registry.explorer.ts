import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import {
  type DecoratedProvider,
  identityOf,
  type InstanceWrapper,
  type ProviderClass,
} from './decorated-provider';
import { checkDecorators } from './decorator-checks';
import { RegistryMetadataAccessor } from './registry-metadata.accessor';

/** Finds decorated providers and controllers. Returns plain data; mounts nothing. */
@Injectable()
export class RegistryExplorer {
  readonly #discovery: DiscoveryService;
  readonly #metadata: RegistryMetadataAccessor;

  constructor(discovery: DiscoveryService, metadata: RegistryMetadataAccessor) {
    this.#discovery = discovery;
    this.#metadata = metadata;
  }

  /**
   * Finds every provider and controller with a decorator of this library, in Nest's order. An instance that is provided
   * under several tokens is found once.
   *
   * @throws InvalidOptionError naming class and method, for decorators that cannot work where they are.
   */
  explore(): readonly DecoratedProvider[] {
    const found: DecoratedProvider[] = [];
    const instances = new Set<object>();
    for (const wrapper of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      const provider = this.describe(wrapper);
      if (provider === undefined || !isDecorated(provider)) continue;
      checkDecorators(provider);
      const instance = identityOf(provider);
      if (!instances.has(instance)) found.push(provider);
      instances.add(instance);
    }
    return found;
  }

  /** Describes one provider, decorated or not. Returns undefined if its class cannot be determined. */
  describe(wrapper: InstanceWrapper): DecoratedProvider | undefined {
    const type = classOf(wrapper);
    if (type === undefined) return undefined;
    return { wrapper, type, requestScoped: !wrapper.isDependencyTreeStatic(), ...this.#metadata.read(type) };
  }
}

function isDecorated({
  election,
  isEntity,
  registrations,
  handlers,
  listeners,
  memberships,
  leads,
}: DecoratedProvider): boolean {
  return (
    isEntity ||
    election !== undefined ||
    [registrations, handlers, listeners, memberships, leads].some(({ length }) => length > 0)
  );
}

/**
 * Determines the class of the wrapper's instance. An alias has none, because the explorer finds its provider by the provider's own token. For a value,
 * or what a factory made, only the prototype tells the class: a `constructor` property may be anything on a Proxy.
 */
function classOf(wrapper: InstanceWrapper): ProviderClass | undefined {
  if (wrapper.isAlias) return undefined;
  if (!wrapper.isNotMetatype) return wrapper.metatype as ProviderClass;
  const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  return prototype?.constructor as ProviderClass | undefined;
}
