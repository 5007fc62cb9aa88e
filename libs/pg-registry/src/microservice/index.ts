/**
 * microservice/ — the registry as a transport of `@nestjs/microservices`: `@MessagePattern` and `@EventPattern` controllers
 * addressed by key instead of by broker subject.
 *
 * {@link PgRegistryServer} registers every pattern of an application in scope `'rpc'`; {@link PgRegistryClient} picks one
 * member for `send` and all of them, or one per queue group, for `emit`. Promises: a call is executed once at most; the values
 * of an Observable arrive in order and completely, or the caller gets an error; unsubscribing cancels at the owner; what is
 * handled in this process never sees the broker; nobody's call reaches a controller of an application that has not started.
 *
 * Inside: a request is one call, which lasts as long as its answer; values before the last go ahead as casts, with credit, from
 * the owner's `ReplyWriter` to the caller's `ReplyReader`. Everything else of the library has to load without
 * `@nestjs/microservices`, and reaches this room through `nest/optional-microservice.ts`; users may also import
 * `nestjs-pg-registry/microservice`.
 *
 * May import: term, node, scope, process, rxjs, @nestjs/common, @nestjs/microservices.
 *
 * @packageDocumentation
 */
export { InjectRegistryClient } from './inject-registry-client.decorator';
export type { RegistryEvents, RegistryStatus } from './node-connection';
export { PgRegistryClient } from './pg-registry.client';
export { PG_REGISTRY_TRANSPORT, PgRegistryServer } from './pg-registry.server';
export type { PgRegistryMicroserviceOptions } from './microservice-options';
export { RegistryContext } from './registry-context';
export { RegistryRecord } from './registry-record';
