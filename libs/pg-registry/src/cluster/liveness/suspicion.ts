import type { Suspicion } from '../peer';

/**
 * Where a silent peer becomes a suspect: what this node has observed of one peer, and what it suspects because of that. `Liveness` keeps
 * the suspicion itself in `Peer.suspicion`, and nowhere else.
 *
 *     unsuspected ── a probe is refused ──► crash ── refused for `confirmMs` or `rejoinGraceMs` ──► removed
 *        ▲  └─────── a probe times out ──► silence ── unanswered for `peerTimeoutMs` ──► removed
 *        └── any frame of the peer, from every state; a disconnect of this node makes every peer `disconnected`
 *
 * A silent peer is probed after 1.5 hello intervals without a frame, or earlier as a neighbour on the ring; `Liveness` sends the
 * probes and removes the peer. A probe that times out although it was sent after the last refusal shows that the subscription is
 * back: crash becomes silence. One sent before the last refusal shows nothing: a request that reached the dying process times out
 * long after the next one was refused.
 */
export class SuspicionGrounds {
  /** When its last frame came. */
  heardAt: number;
  /** Since when its silence counts: its last frame, or our own last doubt. */
  quietSince: number;
  /** When it last said which server it is attached to. */
  serverNamedAt = -Infinity;
  /** When the unbroken row of refusals began. */
  refusedSince: number | undefined;
  /** When the last refused probe was sent. */
  refusedAt = -Infinity;
  /** When the first probe was sent that it left unanswered, whether refused or timed out. */
  unansweredSince: number | undefined;
  /** When another peer on its server proved, during the row of refusals, that the server lives. */
  witnessedAt: number | undefined;
  /** When it was probed last for a reason of its own, not as a neighbour on the ring. */
  checkedAt = -Infinity;
  /** Somebody gave a reason to probe it. */
  hinted = false;
  /** Probes it left unanswered in a row, for the back-off. */
  unanswered = 0;

  constructor(now: number) {
    this.heardAt = now;
    this.quietSince = now;
  }

  /** A frame of it came: whatever was suspected is over. */
  heard(now: number): void {
    this.heardAt = now;
    this.quietSince = now;
    if (this.unansweredSince !== undefined) this.clear();
  }

  /** A probe got "no responders". Returns undefined if it proves nothing, because a frame came after it was sent. */
  refused(sentAt: number, now: number): Suspicion | undefined {
    if (sentAt <= this.heardAt) return undefined;
    this.refusedSince ??= now;
    this.refusedAt = Math.max(this.refusedAt, sentAt);
    this.unansweredSince ??= sentAt;
    return 'crash';
  }

  /** A probe got nothing. Returns undefined if it proves nothing, because a frame came or a refusal was answered after it was sent. */
  timedOut(sentAt: number): Suspicion | undefined {
    if (sentAt <= this.heardAt) return undefined;
    if (this.refusedSince !== undefined && sentAt <= this.refusedAt) return undefined;
    this.#endRefusals();
    this.unansweredSince = Math.min(this.unansweredSince ?? sentAt, sentAt);
    this.unanswered += 1;
    return 'silence';
  }

  /** This node doubts itself: what the peer left unanswered starts again. Refusals are positive answers and stay. */
  restartSilence(now: number): void {
    if (this.unansweredSince !== undefined) this.unansweredSince = now;
    this.quietSince = now; // else every peer would be probed for the hellos that lie unread
  }

  /** This node was disconnected: nothing that was observed before counts. */
  clear(): void {
    this.unansweredSince = undefined;
    this.unanswered = 0;
    this.#endRefusals();
  }

  #endRefusals(): void {
    this.refusedSince = undefined;
    this.refusedAt = -Infinity;
    this.witnessedAt = undefined;
  }
}
