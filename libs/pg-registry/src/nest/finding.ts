import type { DiscoveryService } from '@nestjs/core';
import type { HandlerMetadata } from './decorators/handlers.decorator';
import type { MembershipHandler } from './decorators/on-membership.decorator';
import type { ScopeListener } from './decorators/on-register.decorator';
import type { ViaRegistration } from './decorators/register-via.decorator';

/** Nest's record of one provider or controller. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** One decorated method and what was said of it. */
export interface Decorated<T> {
  readonly method: string;
  readonly metadata: T;
}

/** A provider or controller, and what the library's decorators say of its class. Plain data. */
export interface Finding {
  readonly wrapper: ProviderWrapper;
  readonly type: new (...args: never[]) => object;
  /** An instance per request, none of its own; also a singleton that depends on such, or has such a guard. */
  readonly requestScoped: boolean;
  readonly registrations: readonly ViaRegistration[];
  readonly handlers: readonly Decorated<HandlerMetadata>[];
  readonly listeners: readonly Decorated<ScopeListener>[];
  readonly memberships: readonly Decorated<MembershipHandler>[];
}
