import type { PeerLoad } from '../peer-load';
import type { MessageList } from './message-list';
import type { QueuedMessage } from './queued-message';

/** Whether replies wait for the node: what its handlers returned must not pile up. */
export function isBehind(sender: PeerLoad | undefined): boolean {
  return sender !== undefined && sender.waitingReplies > 0;
}

/** The messages of one sender, in order; those that do not wait any more are still among them. */
interface Queue {
  readonly messages: QueuedMessage[];
  /** Where the next one is. */
  next: number;
}

/**
 * In which order a mailbox hands out what a turn of the event loop has no time for: the nodes that send take turns, and this one with them.
 * Each node's messages stay in their order. Made when messages wait for a turn, so that others pay nothing for it.
 */
export class SenderTurns {
  /** By what is counted of a peer, in the order of their turns; undefined is this node. */
  readonly #bySender = new Map<PeerLoad | undefined, Queue>();
  readonly #waiting: MessageList<QueuedMessage>;

  constructor(waiting: MessageList<QueuedMessage>) {
    this.#waiting = waiting;
    for (let queued = waiting.first; queued !== undefined; queued = queued.after) this.add(queued);
  }

  /** A message waits. */
  add(queued: QueuedMessage): void {
    const queue = this.#bySender.get(queued.load);
    if (queue === undefined) this.#bySender.set(queued.load, { messages: [queued], next: 0 });
    else queue.messages.push(queued);
  }

  /**
   * Returns the message whose turn it is; undefined if there is none. Its sender is the last one then.
   *
   * @param areFew Whether it may be one of a node for which replies wait.
   */
  next(areFew: boolean): QueuedMessage | undefined {
    for (const [sender, queue] of this.#bySender) {
      if (!areFew && isBehind(sender)) continue;
      this.#bySender.delete(sender);
      const { messages } = queue;
      while (queue.next < messages.length) {
        const queued = messages[queue.next];
        queue.next += 1;
        if (!this.#waiting.has(queued)) continue;
        if (queue.next < messages.length) this.#bySender.set(sender, queue);
        return queued;
      }
    }
    return undefined;
  }
}
