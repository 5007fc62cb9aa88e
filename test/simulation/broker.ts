import type { Agenda } from './agenda';
import type { Dice } from './dice';
import type { Line } from './line';

/** How two servers, or a client and its server, are cut apart. */
export type Cut =
  /** What is sent vanishes, and nobody is told: requests time out. */
  | 'silent'
  /** It is known that nobody is there: requests get "no responders". */
  | 'known';

/** What happens to messages on all ways. */
export interface Weather {
  /** The part of messages that is lost. */
  readonly loss: number;
  /** The part that is delivered a second time, later. */
  readonly duplication: number;
  /** Each client falls behind by up to so long; the order of one sender is kept. */
  readonly delayMs: number;
}

export const FAIR_WEATHER: Weather = { loss: 0, duplication: 0, delayMs: 0 };

const LATENCY_MS = 0.3;
/** Parts of the time unit: how late a duplicate comes at most, and for how long subscriptions come back behind a route. */
const LATEST_DUPLICATE = 0.04;
const SPREAD_OF_INTEREST = 0.03;

/** One server process; its id is another one after each start. */
export interface Server {
  readonly name: string;
  id: string;
  alive: boolean;
}

interface Message {
  readonly from: Line;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
  /** Called back on the asker's line when nobody hears the subject. */
  readonly refused: (() => void) | undefined;
}

/**
 * A cluster of NATS servers in virtual time. It promises what core NATS does and nothing more: messages of one connection
 * reach each subscriber in their order, those of different ones in any; each may be lost without a word; a request that no
 * server knows a subscriber for is refused at once. Every way a message takes is a number of appointments in the agenda.
 */
export class Broker {
  readonly servers: Server[];
  weather: Weather = FAIR_WEATHER;
  /** Somebody subscribes to everything, so no request is ever refused. */
  onlooker = false;
  readonly #lines = new Set<Line>();
  readonly #cuts = new Map<string, Cut>();
  readonly #healed = new Map<string, number>();
  #serverStarts = 0;

  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #unitMs: number;

  constructor(agenda: Agenda, dice: Dice, names: readonly string[], unitMs: number) {
    this.#agenda = agenda;
    this.#dice = dice;
    this.#unitMs = unitMs;

    this.servers = names.map((name) => ({ name, id: this.#freshId(name), alive: true }));
  }

  /** Adds the connection of a client. */
  open(line: Line): void {
    this.#lines.add(line);
  }

  /** The server notices that the client is gone; its subscriptions go with it. */
  close(line: Line): void {
    line.isOpenAtServer = false;
    this.#lines.delete(line);
  }

  /** The server's process dies; every client of it loses its connection. */
  kill(server: Server): readonly Line[] {
    server.alive = false;
    const lost = [...this.#lines].filter((line) => line.server === server);
    for (const line of lost) this.close(line);
    return lost;
  }

  revive(server: Server): void {
    server.id = this.#freshId(server.name);
    server.alive = true;
    for (const other of this.servers) this.#routeIsBack(server, other);
  }

  /** Cuts the way from one server to another; the way back stays. */
  cut(from: Server, to: Server, how: Cut): void {
    this.#cuts.set(wayOf(from, to), how);
  }

  heal(): void {
    for (const from of this.servers) {
      for (const to of this.servers) {
        if (this.#cuts.get(wayOf(from, to)) === 'known') this.#routeIsBack(from, to);
      }
    }
    this.#cuts.clear();
  }

  cutBetween(from: Server, to: Server): Cut | undefined {
    return this.#cuts.get(wayOf(from, to));
  }

  /** A client publishes; what it sent after its connection broke is lost. */
  publish(message: Message): void {
    const { from } = message;
    const arrives = from.nextUp(this.#agenda.now + this.#latency());
    this.#agenda.at(arrives, () => {
      if (from.server.alive && from.isOpenAtServer) this.#route(message);
    });
  }

  /** A client subscribes: heard by whoever publishes after the word has reached the server. */
  subscribe(line: Line, pattern: string): void {
    this.#agenda.at(line.nextUp(this.#agenda.now + this.#latency()), () => line.subscribe(pattern));
  }

  /** The moment at which a ping sent now has come back, behind everything that was sent before. */
  pong(line: Line, done: () => void): void {
    this.#agenda.at(line.nextUp(this.#agenda.now + this.#latency()), () => {
      if (line.isOpenAtServer) this.#hand(line, line, LATENCY_MS, done);
    });
  }

  #route(message: Message): void {
    const { from, subject, bytes, reply, refused } = message;
    let hearers = 0;
    for (const to of this.#lines) {
      const interest = this.#interest(from, to, subject);
      if (interest === 'none') continue;
      hearers += 1;
      if (interest === 'lost' || this.#dice.chance(this.weather.loss)) continue;
      const delay = this.#latency() + this.#dice.roll() * this.weather.delayMs;
      const deliver = (): void => to.deliver(subject, bytes, reply);
      this.#hand(from, to, delay, deliver);
      if (this.#dice.chance(this.weather.duplication)) {
        this.#agenda.after(delay + this.#dice.roll() * LATEST_DUPLICATE * this.#unitMs, () =>
          this.#arrive(to, deliver),
        );
      }
    }
    if (hearers === 0 && !this.onlooker && refused !== undefined)
      this.#hand(from, from, this.#latency(), refused);
  }

  /** Whether a message from one line is for another: what the sender's server knows, and what becomes of it. */
  #interest(from: Line, to: Line, subject: string): 'none' | 'lost' | 'heard' {
    if (to === from || !to.hears(subject)) return 'none';
    if (from.server === to.server) return to.isReachable ? 'heard' : 'lost';
    const there = wayOf(from.server, to.server);
    // A route is known to be gone if either direction is known to be.
    if (this.#cuts.get(there) === 'known' || this.#cuts.get(wayOf(to.server, from.server)) === 'known')
      return 'none';
    if (
      this.#agenda.now <
      (this.#healed.get(there) ?? -Infinity) + to.lag * SPREAD_OF_INTEREST * this.#unitMs
    )
      return 'none';
    return this.#cuts.has(there) || !to.isReachable ? 'lost' : 'heard';
  }

  /** Delivers behind everything that the same sender sent to the same receiver before. */
  #hand(from: Line, to: Line, delayMs: number, deliver: () => void): void {
    this.#agenda.at(to.nextDown(from, this.#agenda.now + delayMs), () => this.#arrive(to, deliver));
  }

  #arrive(to: Line, deliver: () => void): void {
    if (to.isOpenAtClient) deliver();
  }

  #latency(): number {
    return LATENCY_MS * (0.5 + this.#dice.roll());
  }

  #routeIsBack(a: Server, b: Server): void {
    this.#healed.set(wayOf(a, b), this.#agenda.now);
    this.#healed.set(wayOf(b, a), this.#agenda.now);
  }

  #freshId(name: string): string {
    return `${name}#${(this.#serverStarts += 1)}`;
  }
}

function wayOf(from: Server, to: Server): string {
  return `${from.name}>${to.name}`;
}
