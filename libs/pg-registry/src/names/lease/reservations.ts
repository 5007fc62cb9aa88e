/** For which node a key was given back, and for how long others leave it alone. */
export interface Reservation {
  readonly incarnation: string;
  readonly forMs: number;
}

/** So many are remembered; of the one that was seen first the time begins again. */
const MOST_REMEMBERED = 10_000;

/** The reservations that this node has seen, and when it saw each of them first, on its own clock. */
export class Reservations {
  readonly #seen = new Map<string, { readonly revision: number; readonly firstSeen: number }>();

  /** Returns how long a key must be left alone; 0 or less: not any more. */
  remainingMs(name: string, revision: number, { forMs }: Reservation, now: number): number {
    const known = this.#seen.get(name);
    if (known?.revision === revision) return known.firstSeen + forMs - now;
    this.#seen.delete(name); // so that the order of the Map is that of the sightings
    this.#seen.set(name, { revision, firstSeen: now });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return forMs;
  }
}
