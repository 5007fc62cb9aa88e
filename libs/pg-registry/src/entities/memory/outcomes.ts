/**
 * What peers asked for, by the number that they gave it, so that it is done once however often they ask. Each peer has its own: one cannot
 * push out, or guess, what others asked for. Of each the last ones are remembered; and as many, all together, of peers that are gone.
 */
export class Outcomes<T> {
  readonly #mostOfEach: number;
  readonly #byPeer = new Map<string, Map<string, T>>();
  /** Of peers that are gone, the one that went first in front. */
  readonly #gone = new Map<string, Map<string, T>>();

  constructor(mostOfEach: number) {
    this.#mostOfEach = mostOfEach;
  }

  /** How many are remembered. */
  get size(): number {
    return sizeOf(this.#byPeer) + sizeOf(this.#gone);
  }

  /** Returns the outcome of what a peer, by its incarnation, asked for under an id; gets it if this is the first time. */
  remember(incarnation: string, id: string, make: () => T): T {
    const ofPeer = this.#of(incarnation);
    const known = ofPeer.get(id);
    if (known !== undefined) return known;
    const outcome = make();
    ofPeer.set(id, outcome);
    const [oldest] = ofPeer.keys();
    if (ofPeer.size > this.#mostOfEach && oldest !== undefined) ofPeer.delete(oldest);
    return outcome;
  }

  /** A peer is gone. It may have stood still, and then it comes back and asks again for what it had no answer to. O(peers that are gone). */
  peerLost(incarnation: string): void {
    const ofPeer = this.#byPeer.get(incarnation);
    if (ofPeer === undefined) return;
    this.#byPeer.delete(incarnation);
    this.#gone.set(incarnation, ofPeer);
    let size = sizeOf(this.#gone);
    for (const [oldest, { size: ofOldest }] of this.#gone) {
      if (size <= this.#mostOfEach) return;
      this.#gone.delete(oldest);
      size -= ofOldest;
    }
  }

  #of(incarnation: string): Map<string, T> {
    const known = this.#byPeer.get(incarnation);
    if (known !== undefined) return known;
    const ofPeer = this.#gone.get(incarnation) ?? new Map<string, T>();
    this.#gone.delete(incarnation);
    this.#byPeer.set(incarnation, ofPeer);
    return ofPeer;
  }
}

function sizeOf(byPeer: ReadonlyMap<string, ReadonlyMap<string, unknown>>): number {
  let sum = 0;
  for (const { size } of byPeer.values()) sum += size;
  return sum;
}
