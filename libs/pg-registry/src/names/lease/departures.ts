/** How a node has gone, as the registry of this node has confirmed. */
export type Departure = 'crash' | 'goodbye';

/** So many are remembered; the one that was reported first is forgotten first. */
const MOST_REMEMBERED = 10_000;

/** The nodes of which the registry has confirmed that they are gone, by incarnation. */
export class Departures {
  readonly #departures = new Map<string, Departure>();

  add(incarnation: string, how: Departure): void {
    this.#departures.set(incarnation, how);
    const [oldest] = this.#departures.keys();
    if (this.#departures.size > MOST_REMEMBERED && oldest !== undefined) this.#departures.delete(oldest);
  }

  /** The node is there after all, or again. */
  remove(incarnation: string): void {
    this.#departures.delete(incarnation);
  }

  /** Returns how the node of a session has gone; undefined: it has not. */
  ofSession(session: string): Departure | undefined {
    return this.#departures.get(incarnationIn(session));
  }
}

/** The incarnation of the node of a session. */
export function incarnationIn(session: string): string {
  return session.slice(0, session.indexOf('.'));
}
