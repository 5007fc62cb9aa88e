/**
 * What peers asked for, by the number that they gave it, so that it is done once however often they ask. Each peer has its own: one cannot
 * push out, or guess, what others asked for. Of each the last ones are remembered, and nothing once it is gone.
 */
export class Outcomes<T> {
  readonly #mostOfEach: number;
  readonly #byPeer = new Map<string, Map<string, T>>();

  constructor(mostOfEach: number) {
    this.#mostOfEach = mostOfEach;
  }

  /** How many are remembered. */
  get size(): number {
    return [...this.#byPeer.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Returns the outcome of what a peer, by its incarnation, asked for under an id; gets it if this is the first time. */
  remember(incarnation: string, id: string, make: () => T): T {
    let ofPeer = this.#byPeer.get(incarnation);
    if (ofPeer === undefined) this.#byPeer.set(incarnation, (ofPeer = new Map()));
    const known = ofPeer.get(id);
    if (known !== undefined) return known;
    const outcome = make();
    ofPeer.set(id, outcome);
    const [oldest] = ofPeer.keys();
    if (ofPeer.size > this.#mostOfEach && oldest !== undefined) ofPeer.delete(oldest);
    return outcome;
  }

  /** A peer is gone. */
  forget(incarnation: string): void {
    this.#byPeer.delete(incarnation);
  }
}
