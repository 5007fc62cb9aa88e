/** One moment, on the two clocks of a node, both in milliseconds. */
export interface Instant {
  /** Never goes back, but stands still while the machine sleeps. */
  readonly monotonic: number;
  /** Since 1970. Goes on while the machine sleeps; somebody may set it. */
  readonly wall: number;
}

/** The time from one moment to another, by the clock on which more of it has passed: a holder must never believe for too long. */
export function mostElapsed(from: Instant, to: Instant): number {
  return Math.max(to.monotonic - from.monotonic, to.wall - from.wall);
}

/** What a holder takes off a session's ttl and a contender adds to it, so that two clocks of up to this drift never disagree; in milliseconds. */
export function marginOf(ttlMs: number, maxClockDrift: number): number {
  return ttlMs * maxClockDrift + 10;
}
