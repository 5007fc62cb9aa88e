import type { PeerLoad } from '../peer-load';
import type { MessageList } from './message-list';
import type { QueuedMessage } from './queued-message';

/** Beside those that wait, so many that wait no longer are kept before they are taken out. */
const STALE_MESSAGES = 16;

/** The messages of one sender, in order; those that do not wait any more are still among them. */
interface Share {
  messages: QueuedMessage[];
  count: number;
}

/**
 * Whose messages wait in a full mailbox: each node that sends has an equal share of its places, and this node has one. A sender may have
 * more as long as nobody else wants the places. Made when a mailbox is full, so that others pay nothing for it.
 */
export class WaitingShares {
  /** By what is counted of a peer; undefined is this node. */
  readonly #bySender = new Map<PeerLoad | undefined, Share>();
  readonly #waiting: MessageList<QueuedMessage>;

  constructor(waiting: MessageList<QueuedMessage>) {
    this.#waiting = waiting;
    for (let queued = waiting.first; queued !== undefined; queued = queued.after) this.add(queued);
  }

  /** A message waits. */
  add(queued: QueuedMessage): void {
    const share = this.#bySender.get(queued.load);
    if (share === undefined) {
      this.#bySender.set(queued.load, { messages: [queued], count: 1 });
      return;
    }
    share.count += 1;
    if (share.messages.length > 2 * share.count + STALE_MESSAGES)
      share.messages = share.messages.filter((message) => this.#waiting.has(message));
    share.messages.push(queued);
  }

  /** A message waits no longer. */
  delete({ load }: QueuedMessage): void {
    const share = this.#bySender.get(load)!;
    share.count -= 1;
    if (share.count === 0) this.#bySender.delete(load);
  }

  /**
   * Returns the message that has to give way to a newcomer: the newest of the sender that has most, if the newcomer's has less than its
   * share. Looks at every sender only then, so that a flood is refused at once.
   */
  givesWayTo({ load }: QueuedMessage): QueuedMessage | undefined {
    const own = this.#bySender.get(load)?.count ?? 0;
    const senders = this.#bySender.size + (own === 0 ? 1 : 0);
    if (own * senders >= this.#waiting.size) return undefined;
    let most: Share | undefined;
    for (const share of this.#bySender.values())
      if (most === undefined || share.count > most.count) most = share;
    if (most === undefined || most.count <= own + 1) return undefined;
    for (;;) {
      const newest = most.messages.at(-1)!;
      if (this.#waiting.has(newest)) return newest;
      most.messages.pop();
    }
  }
}
