/**
 * What peers asked for, by the number that they gave it, so that it is done once however often they ask. Each peer has its own: one cannot
 * push out, or guess, what others asked for. Of each the last ones are remembered; and as many, all together, of nodes that are no peers: of
 * those that are gone, and of those that never were, of which nobody hears that they are gone.
 */
export class Outcomes<T> {
  readonly #mostOfEach: number;
  readonly #byPeer = new Map<string, Map<string, T>>();
  /** Of nodes that are no peers, the one that went or came first in front. */
  readonly #others = new Map<string, Map<string, T>>();
  #ofOthers = 0;

  constructor(mostOfEach: number) {
    this.#mostOfEach = mostOfEach;
  }

  /** How many are remembered. */
  get size(): number {
    let size = this.#ofOthers;
    for (const ofPeer of this.#byPeer.values()) size += ofPeer.size;
    return size;
  }

  /** Returns the outcome of what a node, by its incarnation, asked for under an id; gets it if this is the first time. */
  remember(incarnation: string, isPeer: boolean, id: string, make: () => T): T {
    if (!isPeer && !this.#byPeer.has(incarnation)) return this.#ofOther(incarnation, id, make);
    const ofPeer = this.#of(incarnation);
    const known = ofPeer.get(id);
    if (known !== undefined) return known;
    const outcome = make();
    ofPeer.set(id, outcome);
    const [oldest] = ofPeer.keys();
    if (ofPeer.size > this.#mostOfEach && oldest !== undefined) ofPeer.delete(oldest);
    return outcome;
  }

  /** Returns the outcome of what a node asked for before, if it is remembered. */
  known(incarnation: string, id: string): T | undefined {
    return (this.#byPeer.get(incarnation) ?? this.#others.get(incarnation))?.get(id);
  }

  /** A peer is gone. It may have stood still, and then it comes back and asks again for what it had no answer to. */
  peerLost(incarnation: string): void {
    const ofPeer = this.#byPeer.get(incarnation);
    if (ofPeer === undefined) return;
    this.#byPeer.delete(incarnation);
    this.#others.set(incarnation, ofPeer);
    this.#ofOthers += ofPeer.size;
    this.#forgetSome();
  }

  #ofOther(incarnation: string, id: string, make: () => T): T {
    const known = this.#others.get(incarnation)?.get(id);
    if (known !== undefined) return known;
    const outcome = make();
    let ofOther = this.#others.get(incarnation);
    if (ofOther === undefined) this.#others.set(incarnation, (ofOther = new Map()));
    ofOther.set(id, outcome);
    this.#ofOthers += 1;
    this.#forgetSome();
    return outcome;
  }

  #forgetSome(): void {
    for (const [incarnation, ofOther] of this.#others) {
      for (const id of ofOther.keys()) {
        if (this.#ofOthers <= this.#mostOfEach) return;
        ofOther.delete(id);
        this.#ofOthers -= 1;
      }
      this.#others.delete(incarnation);
    }
  }

  #of(incarnation: string): Map<string, T> {
    const known = this.#byPeer.get(incarnation);
    if (known !== undefined) return known;
    const ofPeer = this.#others.get(incarnation) ?? new Map<string, T>();
    if (this.#others.delete(incarnation)) this.#ofOthers -= ofPeer.size;
    this.#byPeer.set(incarnation, ofPeer);
    return ofPeer;
  }
}
