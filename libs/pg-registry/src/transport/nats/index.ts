/**
 * transport/nats/ carries messages over a NATS server, and is the only code that knows NATS. It accepts connections of both
 * clients by their structure, and loads the package `nats`, an optional peer, only to open a connection itself. It keeps the
 * promises of the port in spite of the clients: they stop delivering when a callback throws, lose what is published without a
 * connection, may hang on a stale connection, and may undo a reconnect by an earlier attempt.
 *
 * `connecting/` finds a server and opens a client; `connection/` keeps the port's promises over that client; `leases/` is the lease store,
 * a JetStream stream. May import: term, names/lease-store.ts, transport, transport/secret, nats, @nats-io/transport-node, node:net, node:crypto,
 * node:async_hooks, node:diagnostics_channel.
 */
export { credentialsAuthenticator, type NatsPackage } from './client-package';
export type { NatsClient } from './nats-client';
export type { GivenConnection, NatsServerOptions, NatsTransportOptions } from './nats-options';
export { natsTransport } from './nats-transport';
