/**
 * transport/local/ carries messages between nodes of one process. It is the default transport, and serves tests, because its
 * bus can cut, pause, crash and lose on request. It keeps every promise of the port, including asynchronous delivery and a copy
 * of the bytes for each receiver. The same calls in the same order lead to the same deliveries.
 *
 * May import: term, names/lease-store.ts, transport, transport/secret.
 */
export { LocalBus } from './local-bus';
export { localBus, localTransport, type LocalTransportOptions } from './local-transport';
