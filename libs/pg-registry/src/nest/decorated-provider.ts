import { type DiscoveryService, ModuleRef } from '@nestjs/core';
import type { HandlerMetadata } from './decorators/handlers.decorator';
import type { LeaderMethod } from './decorators/on-leader.decorator';
import type { MembershipHandler } from './decorators/on-membership.decorator';
import type { ScopeListener } from './decorators/on-register.decorator';
import type { SingletonElection } from './decorators/cluster-singleton.decorator';
import type { ViaRegistration } from './decorators/register-via.decorator';

/** Nest's record of one provider or controller. Nest does not export its name for it. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A class that Nest makes instances of. */
export type ProviderClass = new (...args: never[]) => object;

/** One decorated method, with the metadata of one decorator. */
export interface DecoratedMethod<T> {
  readonly method: string;
  readonly metadata: T;
}

/** A provider or controller, with the metadata of this library's decorators. Plain data: the explorer finds it, the orchestrator mounts it. */
export interface DecoratedProvider {
  readonly wrapper: InstanceWrapper;
  readonly type: ProviderClass;
  /** Whether there is an instance per request only. True also for a singleton that depends on such a provider, or has such a guard. */
  readonly requestScoped: boolean;
  readonly registrations: readonly ViaRegistration[];
  /** The key for which it contends, if it is a cluster singleton. */
  readonly election: SingletonElection | undefined;
  /** Whether it is an entity type. */
  readonly isEntity: boolean;
  readonly handlers: readonly DecoratedMethod<HandlerMetadata>[];
  readonly listeners: readonly DecoratedMethod<ScopeListener>[];
  readonly memberships: readonly DecoratedMethod<MembershipHandler>[];
  readonly leads: readonly DecoratedMethod<LeaderMethod>[];
}

/** Returns what is the same object for one provider, under whichever token and whenever it is found: its instance, if it has one. */
export function identityOf({ wrapper, requestScoped }: DecoratedProvider): object {
  return requestScoped || wrapper.isTransient ? wrapper : (wrapper.instance as object);
}

/**
 * Returns the injector of the module that provides it.
 *
 * @throws TypeError if Nest knows no such module.
 */
export function moduleRefOf({ host, name }: InstanceWrapper): ModuleRef {
  const moduleRef: unknown = host?.providers.get(ModuleRef)?.instance;
  if (moduleRef instanceof ModuleRef) return moduleRef;
  throw new TypeError(`Nest knows no module of ${String(name)}.`);
}
