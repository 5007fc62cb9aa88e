import { SharedTurns, type SharedTurnsDeps } from '../../lifetime';
import type { PeerLoad } from '../peer-load';

/** So many bytes of replies are written without a look at the clock. */
const FEW_BYTES = 16_384;

/** What {@link ReplyTurns} are given. */
export interface ReplyTurnsDeps extends SharedTurnsDeps {
  /** Returns how many bytes of replies have been written since the start. */
  readonly written: () => number;
  /** Told of every reply that has to wait (+1), and when it has been written (−1). */
  readonly onWaiting: (change: 1 | -1) => void;
}

/**
 * Spreads the replies to other nodes over turns of the event loop: hundreds of handlers may begin in one, and each return as much as a frame
 * holds.
 *
 *     few bytes since the last look ──► written at once
 *     more ──► written while the turn has time and nothing waits ── none left ──► a later turn, where the nodes take turns
 */
export class ReplyTurns {
  /** What was written when the clock was looked at last. */
  #writtenBefore = 0;
  readonly #turns: SharedTurns;
  readonly #deps: ReplyTurnsDeps;

  constructor(deps: ReplyTurnsDeps) {
    this.#deps = deps;
    this.#turns = new SharedTurns(deps);
  }

  /** Whether a reply may be written now. If not, {@link later} takes it. */
  mayWrite(): boolean {
    const turns = this.#turns;
    if (turns.isIdle) {
      const written = this.#deps.written();
      if (written - this.#writtenBefore < FEW_BYTES) return true;
      this.#writtenBefore = written;
    }
    return turns.take();
  }

  /** Writes a reply to a node when its turn has come. @param load What is counted of the node */
  later(node: string, load: PeerLoad, write: () => void): void {
    const { onWaiting } = this.#deps;
    onWaiting(1);
    load.waitingReplies += 1;
    this.#turns.run(node, () => {
      load.waitingReplies -= 1;
      try {
        write();
      } finally {
        onWaiting(-1);
      }
    });
  }
}
