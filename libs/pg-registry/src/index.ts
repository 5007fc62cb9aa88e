/**
 * nestjs-pg-registry: everything that users import, by name. Nothing inside the library imports this file.
 */
export {
  AlreadyRegisteredError,
  CallTimeoutError,
  compareValues,
  InvalidArgumentError,
  InvalidOptionError,
  InvalidValueError,
  KeyMap,
  LockTimeoutError,
  MailboxFullError,
  NodeDownError,
  NoHandlerError,
  NotLocalError,
  NotRegisteredError,
  PgRegistryError,
  Pid,
  ProcessExitedError,
  ProtocolVersionError,
  RemoteError,
  sameKey,
  samePid,
  sameValue,
  ScopeAlreadyStartedError,
  ScopeNotRunningError,
  TransportError,
  UniqueKeysRequiredError,
  ValueTooLargeError,
} from './term';
export type { Key, TypedArray, Value, ValueLimits } from './term';
export { $, $$, $_, _, EXIT, ms, rest } from './match';
export type { Clause, Expression, Pattern, Predicate, Spec } from './match';
export type { Entry } from './table';
export { permissionsOf } from './protocol';
export type { PeerEvent, PeerView, Permissions, ProtocolOptions } from './protocol';
export { LocalBus, localBus, localTransport } from './transport/local';
export { natsTransport } from './transport/nats';
export type { NatsTransportOptions } from './transport/nats';
export type { Connection, Transport } from './transport';
export { hashBy, LocalProcess, ProcessService, Via, via } from './process';
export type {
  CallContext,
  CallHeaders,
  CallOptions,
  PickStrategy,
  ProcessClass,
  ProcessDown,
  ProcessLifecycle,
  Remote,
  StartOptions,
  TraceContext,
} from './process';
export { defineScope, PgRegistryService } from './scope';
export type {
  Cause,
  DispatchOptions,
  ListenerToken,
  LockOptions,
  MembershipEvent,
  MonitorEvent,
  Registered,
  Registration,
  RegistryListener,
  RegistryOf,
  Row,
  ScopeDefinition,
  ScopeEvent,
  ScopeOptions,
  Unregistered,
  UpdatedEntry,
  UpdateEvent,
} from './scope';
export { InjectRegistryClient, PgRegistryClient, PgRegistryServer } from './microservice/when-installed';
export { PgRegistryNode } from './node';
export type { NodeHealth, NodeOptions, NodeState, NodeStats } from './node';
export {
  getRegistryToken,
  HandleCall,
  HandleCast,
  HandleMessage,
  InjectRegistry,
  InjectRegistryNode,
  OnMembership,
  OnRegister,
  OnUnregister,
  PgRegistryHealthIndicator,
  PgRegistryModule,
  RegisterVia,
} from './nest';
export type {
  CallRequest,
  HealthResult,
  PgRegistryModuleOptions,
  PgRegistryOptionsFactory,
  RegisterViaOptions,
  ScopeInput,
} from './nest';
