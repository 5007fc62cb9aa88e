import type { SeededRandom } from '../seeded-random';
import type { EventQueue } from './event-queue';
import type { Link, Server } from './link';

/** How the way between two servers is cut. */
export type Cut =
  /** Messages are lost and nobody is told: requests time out. */
  | 'silent'
  /** The servers know that the route is gone: requests get "no responders". */
  | 'known';

/** What happens to messages on every way. */
export interface NetworkFaults {
  /** The share of messages that is lost. */
  readonly loss: number;
  /** The share of messages that is delivered a second time, later. */
  readonly duplication: number;
  /** Each receiver falls behind by up to this many milliseconds; the order of one sender is kept. */
  readonly delayMs: number;
  /** Each message takes up to this many milliseconds more, so that messages of one sender overtake each other. Default 0. */
  readonly reorderMs?: number;
}

export const NO_FAULTS: NetworkFaults = { loss: 0, duplication: 0, delayMs: 0 };

/** Shares of the time unit: how late a duplicate comes at most, and how long subscriptions take to come back behind a route. */
const LATEST_DUPLICATE = 0.04;
const LATEST_INTEREST = 0.03;

/** How long messages take between a client and its server, in milliseconds. */
export interface Latency {
  readonly meanMs: number;
  /** Each message takes between `(1 − spread / 2)` and `(1 + spread / 2)` times the mean. */
  readonly spread: number;
}

/** What a {@link VirtualBroker} needs. */
export interface BrokerDeps {
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly servers: readonly string[];
  readonly latency: Latency;
  /** The time in which the cluster under test notices trouble, in milliseconds. */
  readonly unitMs: number;
}

interface Message {
  readonly from: Link;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
  /** Called on the sender's link if no server knows a subscriber. */
  readonly onNoResponders: (() => void) | undefined;
}

/**
 * A cluster of NATS servers in virtual time. It promises what core NATS promises and nothing more: messages of one connection
 * reach each subscriber in their order; messages of different connections arrive in any order; each message may be lost
 * silently; a request for which no server knows a subscriber is refused at once.
 */
export class VirtualBroker {
  readonly servers: Server[] = [];
  faults: NetworkFaults = NO_FAULTS;
  latency: Latency;
  /** How long the answer to a ping takes from the server to the client, in milliseconds. */
  pongMs: number;
  /** Whether somebody subscribes to every subject, so that no request is ever refused. */
  hasOnlooker = false;
  /** Sees every message to every receiver before faults apply; a test that returns true loses it. */
  loses: (from: Link, to: Link, subject: string, bytes: Uint8Array) => boolean = () => false;
  readonly #links = new Set<Link>();
  readonly #cuts = new Map<string, Cut>();
  readonly #healedAt = new Map<string, number>();
  #serverStarts = 0;

  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #unitMs: number;

  constructor({ queue, random, servers, latency, unitMs }: BrokerDeps) {
    this.#queue = queue;
    this.#random = random;
    this.#unitMs = unitMs;
    this.latency = latency;
    this.pongMs = latency.meanMs;
    for (const name of servers) this.addServer(name);
  }

  addServer(name: string): Server {
    const server = { name, id: this.#freshId(name), alive: true };
    this.servers.push(server);
    return server;
  }

  /** Opens the connection of a client. */
  open(link: Link): void {
    this.#links.add(link);
  }

  /** Closes the server's end of a connection; its subscriptions end with it. */
  close(link: Link): void {
    link.isOpenAtServer = false;
    this.#links.delete(link);
  }

  /** Kills a server process. @returns The connections that are lost with it */
  kill(server: Server): readonly Link[] {
    server.alive = false;
    const lost = [...this.#links].filter((link) => link.server === server);
    for (const link of lost) this.close(link);
    return lost;
  }

  revive(server: Server): void {
    server.id = this.#freshId(server.name);
    server.alive = true;
    for (const other of this.servers) this.#routeReturned(server, other);
  }

  /** Cuts the way from one server to another; the way back stays open. */
  cut(from: Server, to: Server, how: Cut): void {
    this.#cuts.set(routeKey(from, to), how);
  }

  heal(): void {
    for (const from of this.servers) {
      for (const to of this.servers) {
        if (this.#cuts.get(routeKey(from, to)) === 'known') this.#routeReturned(from, to);
      }
    }
    this.#cuts.clear();
  }

  cutBetween(from: Server, to: Server): Cut | undefined {
    return this.#cuts.get(routeKey(from, to));
  }

  /** Publishes a message; it is lost if the connection breaks before the server has it. */
  publish(message: Message): void {
    const { from } = message;
    this.#queue.at(from.nextUp(this.#queue.now + this.#drawLatency()), () => {
      if (from.server.alive && from.isOpenAtServer) this.#route(message);
    });
  }

  /** Subscribes a client; messages reach it from the moment at which its server knows. */
  subscribe(link: Link, pattern: string): void {
    this.#queue.at(link.nextUp(this.#queue.now + this.#drawLatency()), () => link.subscribe(pattern));
  }

  /** Calls `done` when a ping sent now has come back, behind everything that the client sent before. */
  ping(link: Link, done: () => void): void {
    this.#queue.at(link.nextUp(this.#queue.now + this.#drawLatency()), () => {
      if (link.isOpenAtServer) this.#deliver(link, link, this.pongMs, done);
    });
  }

  #route(message: Message): void {
    const { from, subject, bytes, reply, onNoResponders } = message;
    let subscribers = 0;
    for (const to of this.#links) {
      const interest = this.#interest(from, to, subject);
      if (interest === 'none') continue;
      subscribers += 1;
      if (interest === 'lost' || this.loses(from, to, subject, bytes)) continue;
      this.#carry(from, to, () => to.deliver(subject, bytes, reply));
    }
    if (subscribers === 0 && !this.hasOnlooker && onNoResponders !== undefined)
      this.#deliver(from, from, this.#drawLatency(), onNoResponders);
  }

  /** Carries one message to one receiver, with the faults of the network. Simulated histories depend on the order of the draws. */
  #carry(from: Link, to: Link, deliver: () => void): void {
    const { loss, duplication, delayMs, reorderMs = 0 } = this.faults;
    if (this.#random.chance(loss)) return;
    const delay = this.#drawLatency() + this.#random.next() * delayMs;
    if (reorderMs === 0) this.#deliver(from, to, delay, deliver);
    else this.#queue.after(delay + this.#random.next() * reorderMs, () => this.#arrive(to, deliver));
    if (!this.#random.chance(duplication)) return;
    const duplicateMs = delay + this.#random.next() * LATEST_DUPLICATE * this.#unitMs;
    this.#queue.after(duplicateMs, () => this.#arrive(to, deliver));
  }

  /** Tells what the sender's server knows of a receiver's subscription, and what becomes of a message for it. */
  #interest(from: Link, to: Link, subject: string): 'none' | 'lost' | 'reached' {
    if (to === from || !to.isSubscribedTo(subject)) return 'none';
    if (from.server === to.server) return to.isReachable ? 'reached' : 'lost';
    const there = routeKey(from.server, to.server);
    // The servers know that a route is gone if either direction is known to be gone.
    const back = routeKey(to.server, from.server);
    if (this.#cuts.get(there) === 'known' || this.#cuts.get(back) === 'known') return 'none';
    const healedAt = this.#healedAt.get(there) ?? -Infinity;
    if (this.#queue.now < healedAt + to.lag * LATEST_INTEREST * this.#unitMs) return 'none';
    return this.#cuts.has(there) || !to.isReachable ? 'lost' : 'reached';
  }

  /** Delivers behind everything that the same sender sent to the same receiver before. */
  #deliver(from: Link, to: Link, delayMs: number, deliver: () => void): void {
    this.#queue.at(to.nextDown(from, this.#queue.now + delayMs), () => this.#arrive(to, deliver));
  }

  #arrive(to: Link, deliver: () => void): void {
    if (to.isOpenAtClient) deliver();
  }

  #drawLatency(): number {
    const { meanMs, spread } = this.latency;
    return meanMs * (1 - spread / 2 + spread * this.#random.next());
  }

  #routeReturned(a: Server, b: Server): void {
    this.#healedAt.set(routeKey(a, b), this.#queue.now);
    this.#healedAt.set(routeKey(b, a), this.#queue.now);
  }

  #freshId(name: string): string {
    return `${name}#${(this.#serverStarts += 1)}`;
  }
}

function routeKey(from: Server, to: Server): string {
  return `${from.name}>${to.name}`;
}
