/**
 * nest/ integrates the registry into Nest: the dynamic module, tokens, decorators, and the order of start and stop.
 *
 * One application is one node. `PgRegistryNodeModule` makes it, connects it first and closes it last.
 * `PgRegistryDecoratorsModule` puts the decorators into effect: `RegistryMetadataAccessor` reads them, `RegistryExplorer` finds
 * the decorated providers, `RegistryOrchestrator` mounts and unmounts them. It mounts last and drains first.
 * `GuardedHandlers` applies Nest's guards, pipes, interceptors and filters; `ModuleProcessFactory` makes the instances of process classes.
 *
 * Promises: no call reaches a provider before the application has bootstrapped, nor after Nest has begun to destroy it; every
 * guard, pipe, interceptor and filter runs; a decorator that cannot work is an error at bootstrap that names class and method.
 *
 * May import: term, names, node, entities, observer, scope, lifetime, calls, process, microservice, transport, transport/local, rxjs,
 * @nestjs/common, @nestjs/core, reflect-metadata, node:async_hooks, @opentelemetry/api (which need not be installed).
 */
export { CallContext } from './decorators/call-context.decorator';
export {
  ClusterSingleton,
  type ClusterSingletonLifecycle,
  type ClusterSingletonOptions,
} from './decorators/cluster-singleton.decorator';
export { Entity } from './decorators/entity.decorator';
export { InjectEntity } from './decorators/inject-entity.decorator';
export { HandleCall, HandleCast, HandleMessage } from './decorators/handlers.decorator';
export type { CallRequest } from './handlers/guarded-handlers';
export { OnLeader } from './decorators/on-leader.decorator';
export { OnMembership } from './decorators/on-membership.decorator';
export { OnRegister, OnUnregister } from './decorators/on-register.decorator';
export { RegisterVia, type RegisterViaOptions } from './decorators/register-via.decorator';
export { PgRegistryHealthIndicator, type HealthResult, type LivenessResult } from './pg-registry.health';
export type {
  PgRegistryModuleOptions,
  PgRegistryOptionsFactory,
  ScopeInput,
} from './pg-registry.module-definition';
export { PgRegistryModule } from './pg-registry.module';
export { RemoteErrorFilter } from './remote-error.filter';
export { getRegistryToken, InjectRegistry, InjectRegistryNode } from './tokens';
