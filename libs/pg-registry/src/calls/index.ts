/**
 * calls/: what processes say to each other.
 *
 * `outgoing-calls` asks, `call-attempt` is one try, `call-deadline` keeps when the caller gives up. `destinations/` are what can be asked
 * besides a pid, and `pick` chooses one process under a name. `mailbox` keeps a process's messages in order and runs its handlers;
 * `delivery/` has what it keeps of each. Between nodes, `calls-to-peers` waits for replies and `calls-from-peers` gives them. In `frames/`,
 * `call-port` is where what they say leaves and enters the node: in bundles, or to peers of version 1 in `single-frames` with the bodies of
 * `call-frames`; `call-token` binds a reply to its call. `peer-load` bounds what one peer can make this node hold. `monitors/` tells one
 * process of the end of another, on any node.
 *
 * Promises: a call ends once, at its deadline at the latest, with a result or an error of a defined class; it runs at most once; it means
 * the same within the node, where it needs no broker and no codec, and between nodes. Keeps no connection of its own: node/ implements
 * `CallChannel`, `Resolver` and `Timers`, the protocol `Peers`. Assumes: the sender of a frame was checked. May import: term, wire, lifetime, rxjs.
 */
export type {
  CallChannel,
  NodeIdentity,
  Outlet,
  ReceivedFrame,
  SentRequest,
  SingleKind,
} from './frames/call-channel';
export type { CallContext, CallHeaders, TraceContext } from './call-context';
export type { CallOptions } from './call-options';
export type { CallTracer, HandlerRecording, HandlerSpan, OutgoingSpan, TracedMessage } from './call-tracer';
export type { OrderHandler } from './exits';
export type { CallPort } from './frames/call-port';
export { Calls, type CallsStats } from './calls';
export { type Handler, type Handlers, HandlerTable } from './handlers';
export { QueuedMessage } from './delivery/queued-message';
export { ClusterName, clusterName } from './destinations/cluster-name';
export { type EntityAddress, EntityName, type EntityRouter } from './destinations/entity-name';
export { Mailbox } from './mailbox';
export type { TriedMembers } from './pick';
export { type CallLimits, DEFAULT_CALL_LIMITS } from './peer-load';
export type { ProcessDown } from './monitors/process-monitors';
export { type Destination, formatDestination } from './destinations/destination';
export type { NodeAvailability, Registrar, Resolver } from './resolver';
export { hashBy, HashBy, type PickStrategy, via, Via } from './via';
