/**
 * nest/ — the registry at home in Nest: the dynamic module, tokens, decorators, and the order of start and stop.
 *
 * One application is one node. The core module makes it, connects first and closes last; the edge module finds decorated
 * providers through Nest's DiscoveryService ({@link RegistryExplorer} finds, {@link RegistryOrchestrator} mounts and
 * unmounts), registers them last and drains first; instances of process classes are made by {@link ModuleProcessFactory}.
 * Promises: no call reaches a provider before the application has bootstrapped, nor after it began to be destroyed; no
 * guard, pipe, interceptor or filter is left out; misuse of a decorator is an error at bootstrap that names class and method.
 *
 * May import: term, node, scope, process, names, microservice, transport/local, rxjs, @nestjs/common, @nestjs/core,
 * @opentelemetry/api (which need not be installed).
 */
export { HandleCall, HandleCast, HandleMessage } from './decorators/handlers.decorator';
export type { CallRequest } from './handler-mount';
export { OnMembership } from './decorators/on-membership.decorator';
export { OnRegister, OnUnregister } from './decorators/on-register.decorator';
export { RegisterVia, type RegisterViaOptions } from './decorators/register-via.decorator';
export { PgRegistryHealthIndicator, type HealthResult } from './pg-registry.health';
export type {
  PgRegistryModuleOptions,
  PgRegistryOptionsFactory,
  ScopeInput,
} from './pg-registry.module-definition';
export { PgRegistryModule } from './pg-registry.module';
export { getRegistryToken, InjectRegistry, InjectRegistryNode } from './tokens';
