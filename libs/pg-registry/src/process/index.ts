/**
 * Processes: lifetimes with an address, and what they say to each other.
 *
 * {@link Processes} keeps the lifetimes of one node and knows which of them the running code belongs to. {@link Calls} carries
 * calls, casts, messages and monitors, within the node without a broker or codec, to other nodes in frames that node/ puts
 * into envelopes. {@link ProcessService} is the public face of both.
 *
 * Promises: an end is complete in the turn in which it happens; a call ends once, at its deadline at the latest, with a
 * result or an error of a defined class, and is never executed twice; here and elsewhere mean the same. It keeps no clock and
 * no connection of its own: node/ brings a {@link CallChannel}, a {@link Resolver} and {@link Timers}.
 *
 * May import: term, protocol (codec), transport (port), rxjs, node:async_hooks.
 */
export type { CallContext, CallHeaders, TraceContext } from './call-context';
export type { CallChannel, NodeIdentity, ProcessFrameKind, RequestKind } from './call-channel';
export type { CallOptions } from './call-options';
export type { CallTracer, HandlerSpan, OutgoingSpan } from './call-tracer';
export type { Destination } from './caller';
export { Calls, type CallsStats } from './calls';
export type { CallsSurroundings, CallWarning } from './calls-surroundings';
export { HandlerTable, type Handler, type HandlerMap, type Handlers } from './handlers';
export { LocalProcess } from './local-process';
export type { Mailbox, MailboxOptions } from './mailbox';
export type { ProcessDown } from './monitors';
export type {
  CreatedInstance,
  PreparedInstance,
  ProcessClass,
  ProcessFactory,
  ProcessLifecycle,
  StartArguments,
} from './process-factory';
export {
  ProcessService,
  type ProcessServiceOptions,
  type SpawnProcessOptions,
  type StartOptions,
} from './process-service';
export { Processes, type ExitListener, type ProcessesOptions, type SpawnOptions } from './processes';
export type { Running } from './running-context';
export type { Remote } from './proxy';
export type { NodeStanding, Registrar, Resolver } from './resolver';
export type { Timers } from './timers';
export { hashBy, via, Via, type HashBy, type PickStrategy } from './via';
