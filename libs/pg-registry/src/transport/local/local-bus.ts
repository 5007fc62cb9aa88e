import { InvalidArgumentError } from '../../term';
import type { Connection, ConnectOptions } from '../transport';
import { Interest } from './interest';
import { LocalConnection, type LocalMessage, type LocalSubscriber } from './local-connection';
import { LocalLeases } from './local-leases';
import { TurnQueue } from './turn-queue';

/** What waits while a node is paused, each list in order: what the node sent, and what was sent to it. */
interface Pause {
  readonly outgoing: (() => void)[];
  readonly incoming: (() => void)[];
}

/**
 * Carries the messages of nodes that live in one process, as a NATS server does for nodes of several.
 *
 * The bus delivers messages in the order of their publication over all connections, in a later turn of the event loop. The
 * same calls in the same order always lead to the same deliveries. Its faults are for tests: each names nodes, and applies to
 * every connection that is open under that name.
 */
export class LocalBus {
  /** The id of the server to which every node of this bus is attached. */
  readonly id = 'local-bus';
  readonly #interest = new Interest<LocalSubscriber>();
  readonly #connections = new Set<LocalConnection>();
  readonly #queue = new TurnQueue();
  readonly #cuts = new Set<string>();
  readonly #paused = new Map<string, Pause>();
  /** The records of each namespace that ever asked for them: as long-lived as the bus. */
  readonly #leases = new Map<string, LocalLeases>();
  /** Decides for each delivery whether it is lost; undefined while nothing gets lost. */
  #isLost: (() => boolean) | undefined;

  /** Opens a connection. Used by {@link localTransport}. */
  connect(options: ConnectOptions): Connection {
    const connection: LocalConnection = new LocalConnection(options, {
      serverId: this.id,
      subscribe: (subject, subscriber) => this.#interest.add(subject, subscriber),
      publish: this.#publish,
      flush: (done) => this.#flush(connection, done),
      leases: (namespace) => this.#leasesOf(namespace),
      roundTrip: (step, onResult) => this.#roundTrip(connection, step, onResult),
      deliver: (step) => this.#queue.add(() => this.#arrive(connection, step)),
      leave: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }

  /** Drops everything between two nodes, in both directions, until {@link heal}. Neither is told: probes between them time out. */
  cut(a: string, b: string): void {
    this.#cuts.add(pairOf(a, b));
  }

  /** Ends one cut, or all of them. What was lost stays lost. */
  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#cuts.clear();
    else this.#cuts.delete(pairOf(a, b));
  }

  /** Ends a node's connection without a goodbye, as `kill -9` does: the node hears nothing more, and requests to it find no responders. */
  crash(node: string): void {
    for (const connection of this.#of(node)) connection.crash();
  }

  /** Disconnects a node from the bus, and tells it. Its messages are lost, and requests to it find no responders. */
  disconnect(node: string): void {
    for (const connection of this.#of(node)) connection.setConnected(false);
  }

  /** Ends {@link disconnect}. The node's subscriptions are in place again. */
  reconnect(node: string): void {
    for (const connection of this.#of(node)) connection.setConnected(true);
  }

  /** Holds back everything from and to a node, in order, as if its process were stopped by `SIGSTOP`. Its timers go on. */
  pause(node: string): void {
    if (!this.#paused.has(node)) this.#paused.set(node, { outgoing: [], incoming: [] });
  }

  /** Ends {@link pause}: delivers everything that was held back, before anything that comes later. */
  resume(node: string): void {
    const pause = this.#paused.get(node);
    if (pause === undefined) return;
    this.#paused.delete(node);
    for (const step of pause.outgoing) step();
    this.#queue.addFirst(pause.incoming);
  }

  /**
   * Loses this share of all deliveries from now on, the same ones for the same seed. A rate of 0 ends it.
   *
   * @throws InvalidArgumentError for a rate outside of 0 to 1.
   */
  lose({ rate, seed }: { readonly rate: number; readonly seed: number }): void {
    if (!(rate >= 0 && rate <= 1))
      throw new InvalidArgumentError(`\`rate\` must be a number from 0 to 1 (got ${String(rate)}).`);
    const random = seededRandom(seed);
    this.#isLost = rate === 0 ? undefined : () => random() < rate;
  }

  /** Calls back when everything published before was delivered, or waits for a paused node. */
  #flush(from: LocalConnection, done: () => void): void {
    const pause = this.#paused.get(from.node);
    if (pause === undefined) this.#queue.add(done);
    else pause.outgoing.push(() => this.#queue.add(done));
  }

  /** Chooses the receivers at once, unless the sender is paused, and delivers in a later turn. A field, because it is passed on as a function. */
  readonly #publish = (from: LocalConnection, message: LocalMessage): void => {
    const pause = this.#paused.get(from.node);
    if (pause !== undefined) {
      pause.outgoing.push(() => this.#publish(from, message));
      return;
    }
    const { subject, bytes, reply } = message;
    let heard = false;
    for (const subscriber of this.#interest.of(subject)) {
      const to = subscriber.connection;
      if (to === from || !to.isConnected) continue;
      heard = true;
      if (this.#cuts.size > 0 && this.#cuts.has(pairOf(from.node, to.node))) continue;
      if (this.#isLost?.()) continue;
      const copy = new Uint8Array(bytes); // slice() of a Buffer copies nothing
      const arrive = (): void => {
        const held = this.#paused.get(to.node);
        if (held !== undefined) held.incoming.push(arrive);
        else if (subscriber.active && to.isConnected) subscriber.deliver(subject, copy, reply);
      };
      this.#queue.add(arrive);
    }
    if (!heard && reply !== '') this.#queue.add(() => this.#arrive(from, () => from.noResponders(reply)));
  };

  #leasesOf(namespace: string): LocalLeases {
    let leases = this.#leases.get(namespace);
    if (leases === undefined) this.#leases.set(namespace, (leases = new LocalLeases()));
    return leases;
  }

  /** Runs a step as if at a server, and brings its result back. Each way takes a turn, and is subject to the faults of messages. */
  #roundTrip<T>(from: LocalConnection, step: () => T, onResult: (result: T) => void): void {
    const pause = this.#paused.get(from.node);
    if (pause !== undefined) {
      pause.outgoing.push(() => this.#roundTrip(from, step, onResult));
      return;
    }
    if (!from.isConnected || this.#isLost?.()) return;
    this.#queue.add(() => {
      const result = step();
      if (this.#isLost?.()) return;
      this.#queue.add(() => this.#arrive(from, () => from.isConnected && onResult(result)));
    });
  }

  #arrive(at: LocalConnection, step: () => unknown): void {
    const pause = this.#paused.get(at.node);
    if (pause === undefined) step();
    else pause.incoming.push(step);
  }

  #of(node: string): LocalConnection[] {
    return [...this.#connections].filter((connection) => connection.node === node);
  }
}

function pairOf(a: string, b: string): string {
  return JSON.stringify(a < b ? [a, b] : [b, a]);
}

/** Returns a function that gives numbers from 0 to 1, always the same ones for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
