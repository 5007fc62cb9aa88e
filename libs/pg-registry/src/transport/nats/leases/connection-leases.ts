import type { LeaseStore, LeaseStoreOptions } from '../../../names/lease-store';
import type { Subscription } from '../../transport';
import { BrokerRequests, type BrokerRequestsDeps } from '../connection/broker-requests';
import type { NatsMessage } from '../nats-client';
import type { JetStreamDeps } from './jetstream-api';
import { JetStreamLeaseStore } from './jetstream-lease-store';

/** What the lease stores of a connection need of it. */
export interface ConnectionLeasesDeps
  extends BrokerRequestsDeps, Pick<JetStreamDeps, 'server' | 'serverInfo' | 'isConnected' | 'onError'> {
  /** Calls back for everything that is published to a subject, unscreened. The callback may throw. */
  readonly subscribe: (subject: string, onMessage: (message: NatsMessage) => void) => Subscription;
}

interface OpenStore {
  readonly store: JetStreamLeaseStore;
  readonly requests: BrokerRequests;
}

/** The lease stores that were opened over one connection. They live as long as it does, and survive a change of clients. */
export class ConnectionLeases {
  readonly #open = new Set<OpenStore>();

  readonly #deps: ConnectionLeasesDeps;

  constructor(deps: ConnectionLeasesDeps) {
    this.#deps = deps;
  }

  /** The number of messages that came to the subjects of answers and ended no request. */
  get strays(): number {
    return [...this.#open].reduce((sum, { requests }) => sum + requests.strays, 0);
  }

  /** Opens a store. It asks for nothing yet. */
  open(options: LeaseStoreOptions): LeaseStore {
    const { server, serverInfo, isConnected, subscribe, onError } = this.#deps;
    const requests = new BrokerRequests(this.#deps);
    const store = new JetStreamLeaseStore(options, {
      server,
      serverInfo,
      isConnected: () => this.#open.has(opened) && isConnected(),
      subscribe,
      onError,
      ask: (request) => requests.request(request),
      endRequests: () => {
        this.#open.delete(opened);
        requests.lost();
      },
    });
    const opened: OpenStore = { store, requests };
    this.#open.add(opened);
    return store;
  }

  /** Takes a message to the node's answers. Returns whether it was one for a store. */
  take(message: NatsMessage): boolean {
    for (const { requests } of this.#open) if (requests.take(message)) return true;
    return false;
  }

  /** The broker does not permit to publish to a subject. Returns whether a request of a store went there. */
  denied(subject: string): boolean {
    return [...this.#open].filter(({ requests }) => requests.denied(subject)).length > 0;
  }

  /** The connection is lost. Requests end, because nobody answers them any more. */
  onDisconnected(): void {
    for (const { store, requests } of this.#open) {
      store.onDisconnected();
      requests.lost();
    }
  }

  /** Ends every store. */
  close(): void {
    for (const { store } of this.#open) store.close();
  }
}
