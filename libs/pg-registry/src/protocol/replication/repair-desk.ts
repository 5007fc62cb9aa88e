import type { Writer } from '../codec';
import { type RepairAsk, type Tail, writeTail } from './body';
import type { ReplicationBudget } from './budget';
import type { EffectList, StreamPeer } from './effect';
import type { OperationRing } from './operation-ring';

/** Three asks for the same body within this time mean that many lost it: then it is broadcast, once. */
const CROWD_WINDOW_MS = 50;
const CROWD = 3;

/** An answer ends with the operation that brings it to so many bytes; who needs more asks again from where this ended. */
const ANSWER_BYTES = 256 * 1024;

/**
 * Answers those who missed own operations.
 *
 * An ask within the ring is answered with the bodies themselves, to the asker — or to everybody, when several lost the same.
 * An ask for something older, or newer, is answered with the tail: which operations could be repaired. The asker then syncs,
 * or learns that there is nothing to repair. While the connection is not open nothing is answered: asks are repeated.
 */
export class RepairDesk {
  constructor(
    private readonly run: number,
    private readonly ring: OperationRing,
    private readonly budget: ReplicationBudget,
    private readonly scratch: Writer,
  ) {}

  answer(peer: StreamPeer, { from, to }: RepairAsk, now: number, effects: EffectList): void {
    if (!this.budget.open) return effects.count('repairs-put-off');
    if (from < this.ring.oldest || from >= this.ring.end) {
      effects.count('repairs-impossible');
      return effects.send(peer, 'repair', writeTail(this.scratch, this.run, this.tail()));
    }
    let bytes = 0;
    let operation = 0;
    for (const recent of this.ring.between(from, to)) {
      // Parts of one operation are worth nothing alone: an answer never ends between them.
      if (bytes >= ANSWER_BYTES && recent.first !== operation) return;
      operation = recent.first;
      // Already on its way to everybody: the asker had not got it when it asked.
      if (now - recent.repeatedAt < CROWD_WINDOW_MS) continue;
      if (now - recent.askedSince >= CROWD_WINDOW_MS) {
        recent.askedSince = now;
        recent.asks = 0;
      }
      recent.asks++;
      const isCrowd = recent.asks >= CROWD;
      if (isCrowd) recent.repeatedAt = now;
      effects.send(isCrowd ? undefined : peer, isCrowd ? 'ops' : 'repair', recent.body);
      effects.count(isCrowd ? 'repairs-broadcast' : 'repairs');
      bytes += recent.body.length;
      this.budget.published(recent.body.length);
    }
  }

  /** What this stream can repair: the last operation that was sent, and the oldest that is still here. */
  tail(): Tail {
    return { oldest: this.ring.oldest, last: this.ring.end - 1 };
  }
}
