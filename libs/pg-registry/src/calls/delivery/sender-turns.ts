import type { PeerLoad } from '../peer-load';
import type { MessageList } from './message-list';
import type { QueuedMessage } from './queued-message';

/** Whether replies wait for the node: what its handlers returned must not pile up. */
export function isBehind(sender: PeerLoad | undefined): boolean {
  return sender !== undefined && sender.waitingReplies > 0;
}

/** The messages of one sender that wait. */
interface Queue {
  readonly messages: Set<QueuedMessage>;
  /** The first one, if it was looked at and may not begin. */
  first: QueuedMessage | undefined;
  /** Goes over them as they are handed out. To begin anew each time would pass all places that have become empty. */
  readonly order: Iterator<QueuedMessage, undefined>;
}

/**
 * In which order a mailbox hands out what a turn of the event loop has no time for: the nodes that send take turns, and this one with them.
 * Each node's messages stay in their order. Made when messages wait for a turn, so that others pay nothing for it.
 */
export class SenderTurns {
  /** By what is counted of a peer, in the order of their turns; undefined is this node. */
  readonly #bySender = new Map<PeerLoad | undefined, Queue>();

  /** @param waiting What waits already, the oldest first. */
  constructor(waiting: MessageList<QueuedMessage>) {
    for (let queued = waiting.first; queued !== undefined; queued = queued.after) this.add(queued);
  }

  /** A message waits. */
  add(queued: QueuedMessage): void {
    const queue = this.#bySender.get(queued.load);
    if (queue !== undefined) return void queue.messages.add(queued);
    const messages = new Set([queued]);
    this.#bySender.set(queued.load, { messages, first: undefined, order: messages.values() });
  }

  /** A message does not wait any more. */
  delete(queued: QueuedMessage): void {
    const queue = this.#bySender.get(queued.load);
    if (queue === undefined) return;
    queue.messages.delete(queued);
    if (queue.first === queued) queue.first = undefined;
    if (queue.messages.size === 0) this.#bySender.delete(queued.load);
  }

  /**
   * Returns the message whose turn it is, which is to be deleted next; undefined if there is none. Its sender is the last one then.
   *
   * @param areFew Whether it may be one of a node for which replies wait.
   * @param mustWait Whether a message may not begin yet. Those behind it of the same node then wait as well.
   */
  next(areFew: boolean, mustWait: (queued: QueuedMessage) => boolean): QueuedMessage | undefined {
    for (const [sender, queue] of this.#bySender) {
      if (!areFew && isBehind(sender)) continue;
      const first = (queue.first ??= queue.order.next().value);
      if (first === undefined || mustWait(first)) continue;
      queue.first = undefined;
      this.#bySender.delete(sender);
      this.#bySender.set(sender, queue);
      return first;
    }
    return undefined;
  }
}
