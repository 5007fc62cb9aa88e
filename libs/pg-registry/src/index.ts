/**
 * nestjs-pg-registry: everything that users import, by name. Nothing inside the library imports this file.
 *
 * @packageDocumentation
 */
export {
  AlreadyRegisteredError,
  CallTimeoutError,
  ClaimLostError,
  compareValues,
  EntityElsewhereError,
  EntityUnavailableError,
  InvalidAnswerError,
  InvalidArgumentError,
  InvalidOptionError,
  InvalidValueError,
  KeyMap,
  LockTimeoutError,
  MailboxFullError,
  NamesUnavailableError,
  NodeDownError,
  NoHandlerError,
  NotLocalError,
  NotRegisteredError,
  PgRegistryError,
  Pid,
  ProcessExitedError,
  ReentrantCallError,
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
export type {
  Bytes,
  ErrorFields,
  Key,
  LossReason,
  PgRegistryErrorCode,
  RemoteFailure,
  TypedArray,
  Value,
  ValueLimits,
} from './term';
export { $, $$, $_, _, EXIT, ms, rest } from './match';
export type {
  AllVariables,
  Call,
  Clause,
  Expression,
  Head,
  Literal,
  MatchSymbol,
  Pattern,
  Predicate,
  Rest,
  Spec,
  Variable,
  WholeRow,
  Wildcard,
} from './match';
export type { Entry } from './table';
export { type NamesPermissions, observerPermissionsOf, permissionsOf, type PermissionsOptions } from './wire';
export type {
  CrashDetection,
  PeerEvent,
  PeerView,
  ProtocolOptions,
  RejectionReason,
  RemovalReason,
  Suspicion,
} from './cluster';
export type { Permissions } from './wire';
export type { PeerArrivals, ProtocolStats } from './protocol';
export type { ReplicationMemory } from './replication';
export type {
  LeaseAbsent,
  LeaseFound,
  LeaseReadOutcome,
  LeaseRefused,
  LeaseRequestOptions,
  LeaseStore,
  LeaseStoreOptions,
  LeaseUnavailable,
  LeaseUnknown,
  LeaseUnreachable,
  LeaseWatch,
  LeaseWrite,
  LeaseWriteOutcome,
  LeaseWritten,
} from './names';
export { MAX_RECORD_BYTES, RECORD_AGE_MS, REPEAT_MS } from './names';
export { LocalBus, localBus, localTransport } from './transport/local';
export type { LocalTransportOptions } from './transport/local';
export { natsTransport } from './transport/nats';
export type { GivenConnection, NatsPackage, NatsServerOptions, NatsTransportOptions } from './transport/nats';
export type {
  Connection,
  ConnectionNeeds,
  ConnectionStatus,
  ConnectOptions,
  OnMessage,
  OnOutcome,
  Outgoing,
  PendingRequest,
  RefusedMessages,
  RequestOutcome,
  ServiceDescription,
  ServiceEndpoint,
  ServiceFacts,
  Subscription,
  Transport,
} from './transport';
export type { SharedSecretOptions } from './transport/secret';
export { ClusterName, clusterName, EntityName, hashBy, Via, via } from './calls';
export { entity, EntityRef, EntityService, EntityType } from './entities';
export type {
  EntitiesStats,
  EntityTypeStats,
  EntityClass,
  EntityGuard,
  EntityLifecycle,
  EntityOptions,
  EntityPlacement,
  EntityStart,
  Host,
  StartCause,
} from './entities';
export { LocalProcess } from './lifetime';
export { ProcessService } from './process';
export type {
  CallHeaders,
  CallLimits,
  CallOptions,
  CallsStats,
  Destination,
  HashBy,
  PickStrategy,
  ProcessDown,
  TraceContext,
} from './calls';
export type {
  ProcessClass,
  ProcessLifecycle,
  Remote,
  SpawnProcessOptions,
  StartArguments,
  StartOptions,
} from './process';
export { defineScope, PgRegistryService } from './scope';
export type {
  Cause,
  ChangeEvent,
  DispatchOptions,
  EntryOf,
  KeyOf,
  KeysMode,
  ListenerToken,
  LiveChange,
  LiveRow,
  LockOptions,
  MembershipEvent,
  MetaKey,
  MonitorEvent,
  Query,
  Registered,
  Registration,
  RegistryListener,
  RegistryOf,
  Row,
  ScopeDefinition,
  ScopeEvent,
  ScopeEventOf,
  ScopeOptions,
  ScopeSnapshotEvent,
  SnapshotEvent,
  Unregistered,
  UpdatedEntry,
  UpdateEvent,
  ValueArgument,
  ValueOf,
} from './scope';
export { Claim, ClusterNames } from './names';
export type {
  ClaimOptions,
  Holder,
  KnownHolder,
  NamesOptions,
  NamesStats,
  Takeover,
  TryClaimOptions,
} from './names';
export { InjectRegistryClient, PgRegistryClient, PgRegistryServer } from './nest/optional-microservice';
export { ClusterFacts, PgRegistryObserver } from './observer';
export type {
  Belief,
  ChangeFact,
  Difference,
  DifferenceReason,
  EntityFact,
  EntityPage,
  EntryFact,
  EntryPage,
  EntrySearch,
  EventBatch,
  Explanation,
  HandlerFact,
  Json,
  KeyFact,
  NameFact,
  NodeFact,
  NodeKeyFact,
  ObservedNode,
  ObservedScope,
  ObserverAction,
  ObserverOptions,
  PeerFact,
  ProcessFact,
  ProcessPage,
  ScopeFact,
  SeenChange,
  StreamFact,
  StreamPhase,
} from './observer';
export { PgRegistryNode } from './node';
export type {
  BacklogStats,
  LogLevel,
  NodeHealth,
  NodeLiveness,
  NodeOptions,
  NodeState,
  NodeStats,
  OutgoingStats,
  ScopeStats,
} from './node';
export {
  CallContext,
  ClusterSingleton,
  Entity,
  getRegistryToken,
  HandleCall,
  HandleCast,
  HandleMessage,
  InjectEntity,
  InjectRegistry,
  InjectRegistryNode,
  OnLeader,
  OnMembership,
  OnRegister,
  OnUnregister,
  PgRegistryHealthIndicator,
  PgRegistryModule,
  RegisterVia,
  RemoteErrorFilter,
} from './nest';
export type {
  CallRequest,
  ClusterSingletonLifecycle,
  ClusterSingletonOptions,
  HealthResult,
  LivenessResult,
  PgRegistryModuleOptions,
  PgRegistryOptionsFactory,
  RegisterViaOptions,
  ScopeInput,
} from './nest';
