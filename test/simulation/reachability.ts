import type { ProtocolOptions, RemovalReason } from '../../libs/pg-registry/src/cluster';

/** Why messages of one node may not reach another at the moment. */
export type Fault =
  /** The connection of one of them broke by itself. */
  | 'connection'
  /** A server died, or the servers know that a route is gone. */
  | 'server'
  /** One of them is paused, or messages are lost silently. */
  | 'silence';

/**
 * Records how well one node could reach another, and for how long: this decides whether it was right to remove it. Faults
 * that follow one another without a noticeable pause count as one.
 */
export class Reachability {
  #isFaulty = false;
  #faultySince = -Infinity;
  #healedAt: number;
  readonly #seen = new Set<Fault>();

  readonly #options: ProtocolOptions;
  readonly #longestWayMs: number;

  /**
   * @param now When the later of the two started
   * @param longestWayMs How long a message may take: a probe may have been under way when the fault began
   */
  constructor(now: number, options: ProtocolOptions, longestWayMs: number) {
    this.#options = options;
    this.#longestWayMs = longestWayMs;

    this.#healedAt = now;
    this.#faultySince = now;
  }

  /** Records the faults between the two from now on. */
  observe(faults: readonly Fault[], now: number): void {
    if (faults.length === 0) {
      if (this.#isFaulty) this.#healedAt = now;
      this.#isFaulty = false;
      return;
    }
    if (!this.#isFaulty && now - this.#healedAt > this.#noticeMs) {
      this.#faultySince = now;
      this.#seen.clear();
    }
    this.#isFaulty = true;
    for (const fault of faults) this.#seen.add(fault);
  }

  /** Returns why a removal at this moment is wrong, or `undefined` if it is right. */
  objectionTo(reason: RemovalReason, now: number): string | undefined {
    if (!this.#isFaulty && now - this.#healedAt > this.#noticeMs)
      return `it could be reached for ${Math.round(now - this.#healedAt)} ms`;
    const lasted = now - this.#faultySince + this.#longestWayMs;
    const least = this.#leastFor(reason);
    return lasted < least ? `its faults have lasted ${Math.round(lasted)} ms, not ${least}` : undefined;
  }

  /** How long after a fault a probe that was sent during it may still fail. */
  get #noticeMs(): number {
    return this.#options.probeTimeoutMs + this.#longestWayMs;
  }

  #leastFor(reason: RemovalReason): number {
    const { confirmMs, rejoinGraceMs, peerTimeoutMs, isolationTimeoutMs } = this.#options;
    if (reason === 'isolated') return isolationTimeoutMs;
    if (reason === 'silence') return peerTimeoutMs;
    return this.#seen.has('connection') ? confirmMs : rejoinGraceMs;
  }
}
