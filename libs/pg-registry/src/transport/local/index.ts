/**
 * transport/local/ carries messages between nodes of one process: the default transport, and the ground for tests, since its
 * bus can cut, pause, crash and lose on request. It keeps every promise of the port, asynchronous delivery and a copy of the
 * bytes for each receiver included, and given the same calls in the same order it delivers in the same order.
 *
 * May import: term, transport.
 */
export { LocalBus } from './local-bus';
export { localBus, localTransport } from './local-transport';
