import type { QueuedMessage } from '../calls';
import { SharedTurns } from '../lifetime';
import { isLargeKey } from '../term';
import type { EntitiesDeps } from './entities-deps';

/**
 * Says when messages for entities are taken: at once, or in the turn of their node if the key is large, because it is looked up several
 * times on its way. Messages for one entity stay in order: they have the same key.
 */
export class MessageTurns {
  readonly #turns: SharedTurns;
  readonly #take: (queued: QueuedMessage) => void;

  /** @param take Takes a message. What it throws is the answer. */
  constructor({ timers, onWarning }: EntitiesDeps, take: (queued: QueuedMessage) => void) {
    this.#turns = new SharedTurns({
      timers,
      onError: (error) => onWarning('entity-host', 'A message for an entity was not taken', error),
    });
    this.#take = take;
  }

  /** Takes a message, now or later. Never throws: others may wait behind it. */
  take(queued: QueuedMessage): void {
    const { entity, caller } = queued.message;
    if (entity !== undefined && isLargeKey(entity.key))
      this.#turns.run(caller.node, () => this.#takeNow(queued));
    else this.#takeNow(queued);
  }

  #takeNow(queued: QueuedMessage): void {
    try {
      this.#take(queued);
    } catch (error) {
      queued.settle({ type: 'error', error, executed: false });
    }
  }
}
