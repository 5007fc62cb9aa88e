/**
 * microservice/ makes the registry a transport of `@nestjs/microservices`: it addresses `@MessagePattern` and `@EventPattern`
 * controllers by key instead of by broker subject.
 *
 * {@link PgRegistryServer} registers every pattern of an application in scope `'rpc'`. {@link PgRegistryClient} picks one
 * member for `send`, and all of them, or one per queue group, for `emit`. Promises: a call is executed at most once; the values
 * of an Observable arrive in order and completely, or the caller gets an error; unsubscribing cancels at the owner; calls
 * within one process never reach the broker; no call reaches a controller of an application that has not started.
 *
 * A request is one call, which lasts as long as its answer. Values before the last travel ahead as casts, limited by credit, from
 * the owner's `ReplyWriter` to the caller's `ReplyReader`. Everything else of the library must load without
 * `@nestjs/microservices`, and loads this room through `nest/optional-microservice.ts`; users may also import
 * `nestjs-pg-registry/microservice`.
 *
 * May import: term, node, scope, lifetime, calls, process, rxjs, @nestjs/common, @nestjs/microservices.
 *
 * @packageDocumentation
 */
export type { RegistryEvents, RegistryStatus } from './node-connection';
export { InjectRegistryClient, PgRegistryClient } from './pg-registry.client';
export { PG_REGISTRY_TRANSPORT, PgRegistryServer } from './pg-registry.server';
export type { PgRegistryMicroserviceOptions } from './microservice-options';
export { RegistryContext } from './registry-context';
export { RegistryRecord } from './registry-record';
