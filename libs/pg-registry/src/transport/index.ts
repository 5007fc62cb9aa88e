/**
 * transport/ defines the port through which nodes reach each other, and holds what its implementations share.
 *
 * It promises order per sender, delivery at most once and asynchronously, and `no-responders` when nobody is subscribed (see
 * {@link Transport}). It does not promise that a message arrives. `local/` keeps these promises inside one process; `nats/`
 * keeps them over a NATS server, and is the only code that knows NATS; `secret/` signs the messages of either. None of them knows
 * what the bytes mean. The contract suite in `test/e2e/transport` tests all three. A connection may also offer
 * a store of lease records, by the port of `names/lease-store.ts`.
 *
 * May import: term, names/lease-store.ts.
 */
export type { ServiceDescription, ServiceEndpoint, ServiceFacts } from './service-description';
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
  Subscription,
  Transport,
} from './transport';
