import type { LeaseStore } from '../../../libs/pg-registry/src/names/lease-store';
import type { Connection, ConnectOptions, Transport } from '../../../libs/pg-registry/src/transport';
import type { LocalLeases } from '../../../libs/pg-registry/src/transport/local/local-leases';
import type { EventLoop } from '../../support/virtual-network/event-loop';
import type { EventQueue } from '../../support/virtual-network/event-queue';
import type { Server } from '../../support/virtual-network/link';
import type { VirtualBroker } from '../../support/virtual-network/virtual-broker';
import { VirtualClient } from '../../support/virtual-network/virtual-client';
import { VirtualLeaseStore } from './virtual-lease-store';

/** As many bytes as a message of NATS may have by default. */
const MAX_PAYLOAD = 1024 * 1024;

/** What a {@link VirtualTransport} is made of. */
export interface VirtualTransportDeps {
  readonly queue: EventQueue;
  readonly broker: VirtualBroker;
  readonly loop: EventLoop;
  /** The server that the node connects to. */
  readonly server: Server;
  /** The server that keeps the leases, and the leases. */
  readonly store: { readonly server: Server; readonly leases: LocalLeases };
}

/** Connects one whole node to a virtual broker, with leases that one of its servers keeps. */
export class VirtualTransport implements Transport {
  readonly kind = 'virtual';
  readonly #deps: VirtualTransportDeps;
  #client: VirtualClient | undefined;

  constructor(deps: VirtualTransportDeps) {
    this.#deps = deps;
  }

  connect(options: ConnectOptions): Promise<Connection> {
    const { broker, loop, server } = this.#deps;
    const client = new VirtualClient({
      broker,
      loop,
      replies: options.replies,
      maxPayload: MAX_PAYLOAD,
      onMessage: (_subject, _bytes, receive) => receive(),
    });
    client.attach(server, 0);
    this.#client = client;
    return Promise.resolve(this.#connectionOf(client, options));
  }

  /** The machine of the node is gone; its server sees that at once. */
  crash(): void {
    const link = this.#client?.link;
    this.#client?.detach();
    if (link !== undefined) this.#deps.broker.close(link);
  }

  #connectionOf(client: VirtualClient, { onNoResponders }: ConnectOptions): Connection {
    const { broker, loop } = this.#deps;
    return {
      get isConnected() {
        return client.isConnected;
      },
      get serverId() {
        return client.serverId;
      },
      get strayAnswers() {
        return client.strayAnswers;
      },
      get dropped() {
        return client.dropped;
      },
      server: client.server,
      maxPayload: MAX_PAYLOAD,
      publish: (subject, bytes, reply = '') => {
        const { link } = client;
        if (link === undefined || reply === '') return client.publish(subject, bytes, reply);
        const refused = (): void => loop.message(() => onNoResponders?.(reply));
        broker.publish({ from: link, subject, bytes, reply, onNoResponders: refused });
      },
      subscribe: (subject, onMessage) => client.subscribe(subject, onMessage),
      request: (...request) => client.request(...request),
      // A real promise: a node awaits it.
      flush: () => new Promise((resolve) => void client.flush().then(resolve, resolve)),
      leaseStore: () => this.#storeOf(client),
      close: () => {
        this.crash();
        return Promise.resolve();
      },
    };
  }

  #storeOf(client: VirtualClient): LeaseStore {
    const { queue, broker, loop, server, store } = this.#deps;
    const isCut = (): boolean =>
      (broker.cutBetween(server, store.server) ?? broker.cutBetween(store.server, server)) !== undefined;
    return new VirtualLeaseStore({
      queue,
      loop,
      leases: store.leases,
      isConnected: () => client.isConnected,
      isReachable: () => client.isConnected && (server === store.server || !isCut()),
      travelMs: () => broker.latency.meanMs,
    });
  }
}
