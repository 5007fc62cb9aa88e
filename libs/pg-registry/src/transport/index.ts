/**
 * transport/ is the port through which nodes reach each other, and what its implementations share.
 *
 * It promises order per sender, at most once, asynchronous delivery, and an honest "nobody is there" (see
 * {@link Transport}); it does not promise that anything arrives. `local/` keeps these promises inside one process, `nats/`
 * over a NATS server and is the only code that knows NATS; neither knows what the bytes mean. The contract suite in
 * `test/e2e/transport` runs on both.
 *
 * May import: term.
 */
export type {
  Connection,
  ConnectionStatus,
  ConnectOptions,
  OnMessage,
  PendingRequest,
  RequestOutcome,
  Subscription,
  Transport,
} from './transport';
