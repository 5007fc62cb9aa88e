/** What a {@link MessageList} keeps, with its place there. Only the list sets the first three. */
export interface ListedMessage<T> {
  /** The list that it is in. */
  list: object | undefined;
  before: T | undefined;
  after: T | undefined;
  /** Of the mailbox, once its handler has begun. */
  readonly delivery: number;
}

/**
 * Messages in the order in which they came. They are linked to each other, so that one enters and leaves without a look-up: each message does
 * so twice on its way through a mailbox.
 */
export class MessageList<T extends ListedMessage<T>> {
  size = 0;
  /** The oldest. */
  first: T | undefined;
  #last: T | undefined;

  has(message: T): boolean {
    return message.list === this;
  }

  /** Adds a message that is in no list. */
  add(message: T): void {
    const last = this.#last;
    message.list = this;
    message.before = last;
    if (last === undefined) this.first = message;
    else last.after = message;
    this.#last = message;
    this.size += 1;
  }

  /** @returns Whether it was there */
  delete(message: T): boolean {
    if (message.list !== this) return false;
    const { before, after } = message;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    message.list = message.before = message.after = undefined;
    this.size -= 1;
    return true;
  }

  /** Takes all out. */
  drain(): T[] {
    const drained: T[] = [];
    for (let { first } = this; first !== undefined; { first } = this) {
      this.delete(first);
      drained.push(first);
    }
    return drained;
  }

  /** Returns whether one of them is delivery number `delivery`. */
  hasDelivery(delivery: number): boolean {
    for (let message = this.first; message !== undefined; message = message.after)
      if (message.delivery === delivery) return true;
    return false;
  }
}
