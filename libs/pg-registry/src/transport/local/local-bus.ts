import { InvalidArgumentError } from '../../term';
import type { ConnectOptions } from '../transport';
import { Interest } from './interest';
import { LocalConnection } from './local-connection';
import { seededRandom } from './seeded-random';
import { TurnQueue } from './turn-queue';

interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
}

interface Receiver {
  readonly connection: LocalConnection;
  active: boolean;
  deliver(subject: string, bytes: Uint8Array, reply: string): void;
}

/** What waits while a node is paused: what it has said, and what was brought to its door, each in order. */
interface Pause {
  readonly outgoing: (() => void)[];
  readonly incoming: (() => void)[];
}

/**
 * Carries the messages of nodes that live in one process: the part that a NATS server has otherwise.
 *
 * Messages are delivered in the order of their publication over all connections, in a later turn of the event loop; with the
 * same calls in the same order everything happens in the same order. Its faults are for tests: they name nodes, and hold for
 * every connection that is open under that name.
 */
export class LocalBus {
  /** Stands for the server's id: all nodes of one bus are attached to one server. */
  readonly id = 'local-bus';
  readonly #interest = new Interest<Receiver>();
  readonly #connections = new Set<LocalConnection>();
  readonly #queue = new TurnQueue();
  readonly #cuts = new Set<string>();
  readonly #paused = new Map<string, Pause>();
  #isLost: () => boolean = () => false;

  /** Opens a connection. Used by {@link localTransport}. */
  connect(options: ConnectOptions): LocalConnection {
    const connection = new LocalConnection(this, options);
    this.#connections.add(connection);
    return connection;
  }

  /** Nothing passes between two nodes any more, in both directions, and nobody is told: probes between them time out. */
  cut(a: string, b: string): void {
    this.#cuts.add(pairOf(a, b));
  }

  /** Ends one cut, or all of them. What was lost stays lost. */
  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#cuts.clear();
    else this.#cuts.delete(pairOf(a, b));
  }

  /** Ends a node's connection without a word, as `kill -9` does: requests to it find nobody, and it hears nothing more. */
  crash(node: string): void {
    for (const connection of this.#of(node)) connection.crash();
  }

  /** Takes a node's way to the bus: it knows, its messages are lost, requests to it find nobody. */
  disconnect(node: string): void {
    for (const connection of this.#of(node)) connection.setConnected(false);
  }

  /** Ends {@link disconnect}. Its subscriptions are in place again. */
  reconnect(node: string): void {
    for (const connection of this.#of(node)) connection.setConnected(true);
  }

  /** Everything from and to a node waits, in order, as if its process were stopped by `SIGSTOP`. Its timers go on. */
  pause(node: string): void {
    if (!this.#paused.has(node)) this.#paused.set(node, { outgoing: [], incoming: [] });
  }

  /** Ends {@link pause}: everything that waited goes on its way, before anything that comes later. */
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
      throw new InvalidArgumentError(`rate is from 0 to 1, not ${String(rate)}.`);
    const random = seededRandom(seed);
    this.#isLost = () => random() < rate;
  }

  /** @internal */
  subscribe(subject: string, receiver: Receiver): () => void {
    return this.#interest.add(subject, receiver);
  }

  /** @internal */
  publish(from: LocalConnection, message: Message): void {
    const pause = this.#paused.get(from.node);
    if (pause === undefined) this.#route(from, message);
    else pause.outgoing.push(() => this.#route(from, message));
  }

  /** @internal Calls back when everything published before was delivered, or waits at the door of a paused node. */
  flush(from: LocalConnection, done: () => void): void {
    const pause = this.#paused.get(from.node);
    if (pause === undefined) this.#queue.add(done);
    else pause.outgoing.push(() => this.#queue.add(done));
  }

  /** @internal */
  leave(connection: LocalConnection): void {
    this.#connections.delete(connection);
  }

  /** Who hears a message is settled at once; hearing it takes a turn. */
  #route(from: LocalConnection, { subject, bytes, reply }: Message): void {
    let heard = false;
    for (const receiver of this.#interest.of(subject)) {
      const to = receiver.connection;
      if (to === from || !to.isConnected) continue;
      heard = true;
      if (this.#cuts.has(pairOf(from.node, to.node)) || this.#isLost()) continue;
      const copy = bytes.slice();
      this.#queue.add(() =>
        this.#arrive(to, () => {
          if (receiver.active && to.isConnected) receiver.deliver(subject, copy, reply);
        }),
      );
    }
    if (!heard && reply !== '') this.#queue.add(() => this.#arrive(from, () => from.noResponders(reply)));
  }

  #arrive(at: LocalConnection, step: () => void): void {
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
