import type { ProtocolOptions, RemovalReason } from '../../libs/pg-registry/src/cluster';

/** Why one node may not hear another at the moment. */
export type Trouble =
  /** The connection of one of them is gone, of itself. */
  | 'line'
  /** A server is gone, or it is known that a route is. */
  | 'server'
  /** One stands still, or what is sent vanishes, all or some of it. */
  | 'silence';

/**
 * How well one node could reach another, and for how long: what decides whether it was right to remove it. Troubles that
 * follow one another without a pause long enough to be noticed count as one.
 */
export class Reachability {
  #isTroubled = false;
  #troubledSince = -Infinity;
  #healedAt: number;
  readonly #seen = new Set<Trouble>();

  readonly #options: ProtocolOptions;
  readonly #longestWayMs: number;

  /**
   * @param now When the later of the two was born
   * @param longestWayMs A question may have been under way for so long when the trouble began
   */
  constructor(now: number, options: ProtocolOptions, longestWayMs: number) {
    this.#options = options;
    this.#longestWayMs = longestWayMs;

    this.#healedAt = now;
    this.#troubledSince = now;
  }

  /** Says how things are now. */
  observe(troubles: readonly Trouble[], now: number): void {
    if (troubles.length === 0) {
      if (this.#isTroubled) this.#healedAt = now;
      this.#isTroubled = false;
      return;
    }
    if (!this.#isTroubled && now - this.#healedAt > this.#noticeMs) {
      this.#troubledSince = now;
      this.#seen.clear();
    }
    this.#isTroubled = true;
    for (const trouble of troubles) this.#seen.add(trouble);
  }

  /** Why a removal at this moment was wrong; `undefined` if it was not. */
  objectionTo(reason: RemovalReason, now: number): string | undefined {
    if (!this.#isTroubled && now - this.#healedAt > this.#noticeMs)
      return `it could be reached for ${Math.round(now - this.#healedAt)} ms`;
    const lasted = now - this.#troubledSince + this.#longestWayMs;
    const least = this.#leastFor(reason);
    return lasted < least ? `its troubles have lasted ${Math.round(lasted)} ms, not ${least}` : undefined;
  }

  /** What was sent during the trouble may come to an end so much later. */
  get #noticeMs(): number {
    return this.#options.probeTimeoutMs + this.#longestWayMs;
  }

  #leastFor(reason: RemovalReason): number {
    const { confirmMs, rejoinGraceMs, peerTimeoutMs, isolationTimeoutMs } = this.#options;
    if (reason === 'isolated') return isolationTimeoutMs;
    if (reason === 'silence') return peerTimeoutMs;
    return this.#seen.has('line') ? confirmMs : rejoinGraceMs;
  }
}
