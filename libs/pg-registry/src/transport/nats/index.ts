/**
 * transport/nats/ carries messages over a NATS server, and is the only code that knows NATS. It accepts connections of both
 * clients by structure and loads the package `nats`, an optional peer, only when it is to open one itself. It promises the
 * port and nothing else: the traps of the clients (a callback that throws makes them deaf, a publish without a connection
 * vanishes, a stale connection may hang, a reconnect may be undone by an earlier attempt) end here.
 *
 * May import: term, transport, nats, node:net.
 */
export type { NatsClient } from './nats-client';
export type { GivenConnection, NatsServerOptions, NatsTransportOptions } from './nats-options';
export { natsTransport } from './nats-transport';
